"""Profiles of the project, and small ones that a test writes itself."""

import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from rx_review.domain.prescription import Prescription
from rx_review.errors import InputError
from rx_review.intake import read_site
from rx_review.library.site import Site
from rx_review.library.site_fields import CARRIED
from rx_review.library.site_reader import read_site_file, read_sites

SAMPLES = Path(__file__).with_name("samples")


@pytest.fixture(scope="session")
def profiles(checkout) -> Mapping[str, Site]:
    """The profiles that are shipped."""
    return read_sites(checkout / "formulary")


def profile(folder: Path, nested: bool = False, **changes: str) -> Site:
    """A profile of CSV rows with the columns 号, 时间, 药 and whatever the changes add, as YAML text by key.

    Nested, its lines stand in the array 行.
    """
    form = {"form": "nested"} if nested else {"form": "rows", "rows": "{as: csv, sheet: [号]}"}
    keys = {
        "encoding": "utf-8",
        **form,
        "dates": "[YYYY-MM-DD HH:mm]",
        "fields": "",
        "lines": "",
        **changes,
    }
    carried = sorted(CARRIED - set(keys.pop("carries", "").split()))
    fields = "number: {from: 号}\nissued_at: {from: 时间}\nsetting: {always: outpatient}\n" + keys.pop("fields")
    lines = "generic: {from: 药}\n" + keys.pop("lines")
    text = "name: small\ntitle: {zh: 小, en: small}\n" + "".join(f"{key}: {value}\n" for key, value in keys.items())
    inside = "  in: 行\n" if nested else ""
    text += f"fields:\n{textwrap.indent(fields, '  ')}lines:\n{inside}  fields:\n{textwrap.indent(lines, '    ')}"
    path = folder / "small.yaml"
    path.write_text(text + f"\nlacks: [{', '.join(carried)}]\n", encoding="utf-8")
    return read_site_file(path, "small.yaml")


def read(site: Site, data: bytes | str, institution: str | None = "C1") -> list[Prescription | InputError]:
    """Everything a file gives."""
    return list(read_site(data.encode() if isinstance(data, str) else data, site, institution, "f"))


def one(site: Site, data: bytes | str) -> Prescription:
    """The only prescription of a file."""
    (found,) = read(site, data)
    assert isinstance(found, Prescription), found
    return found


def refused(site: Site, data: bytes | str, institution: str | None = "C1") -> str:
    """The faults of a file that gives nothing else, in English."""
    (found,) = read(site, data, institution)
    assert isinstance(found, InputError), found
    for fault in found.faults:
        assert all((fault.where, fault.what, fault.do, fault.zh)), fault
    return str(found)
