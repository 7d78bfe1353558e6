"""Reads the file of an HIS by its profile: prescriptions, and errors in the place of those that cannot be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rx_review.domain.prescription import Prescription
from rx_review.errors import Fault, InputError
from rx_review.intake.assembling import assemble
from rx_review.intake.plan import make_plan
from rx_review.intake.raw_sheets import known_parts, raw_sheets
from rx_review.intake.records import Node, RawSheet, Row
from rx_review.intake.taking import Tally
from rx_review.library.site import Site


@dataclass(frozen=True, slots=True)
class Trial:
    """What a profile makes of a file: its first prescription, every fault, and how full each column is.

    `columns` gives for each column how often it was looked at and how often it said nothing.
    """

    first: Prescription | None
    read: int
    errors: tuple[InputError, ...]
    columns: Mapping[str, tuple[int, int]]
    ignored: tuple[str, ...]


def read_site(
    chunks: Iterable[bytes] | bytes, site: Site, institution: str | None, shown: str
) -> Iterator[Prescription | InputError]:
    """Read the prescriptions of a file as a profile says; `shown` is how faults name the file.

    Rows of one sheet may stand anywhere in the file, so all of it is read before the first prescription.
    `institution` is the member's code where the file does not say it.

    Yields each prescription, or the error that stands in its place.
    """
    yield from _read(chunks, site, institution, shown, Tally())


def try_site(chunks: Iterable[bytes] | bytes, site: Site, institution: str | None, shown: str) -> Trial:
    """Read a file to see what a profile makes of it."""
    tally = Tally()
    first: Prescription | None = None
    read, errors = 0, []
    for found in _read(chunks, site, institution, shown, tally):
        if isinstance(found, InputError):
            errors.append(found)
        else:
            read, first = read + 1, first or found
    columns = {name: (seen, tally.absent[name]) for name, seen in tally.seen.items()}
    return Trial(first, read, tuple(errors), columns, tuple(sorted(tally.ignored)))


def _read(
    chunks: Iterable[bytes] | bytes, site: Site, institution: str | None, shown: str, tally: Tally
) -> Iterator[Prescription | InputError]:
    data = chunks if isinstance(chunks, bytes) else b"".join(chunks)
    if not data.strip():
        yield InputError(Fault(shown, "nothing to read", "send a prescription", "没有内容；请发送处方"))
        return
    plan = make_plan(site)
    known = known_parts(site)
    try:
        for raw in raw_sheets(data, site, shown):
            tally.ignored.update(_ignored(raw, known))
            yield assemble(raw, plan, institution, tally)
    except InputError as error:
        yield error


def _ignored(raw: RawSheet, known: frozenset[str]) -> Iterator[str]:
    for record in (raw.whole, *raw.lines):
        if isinstance(record, Row):
            yield from (name for name in record.cells if name not in known)
        elif isinstance(record, Node):
            yield from _ignored_keys(record.tree, known, "")


def _ignored_keys(tree: Mapping[str, object], known: frozenset[str], start: str) -> Iterator[str]:
    for key, value in tree.items():
        if key not in known:
            yield f"{start}{key}"
        elif isinstance(value, dict):
            yield from _ignored_keys(value, known, f"{start}{key}.")
