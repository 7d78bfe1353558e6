"""Faults of our own reading, said where the HIS wrote what they are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rx_review.errors import Fault
from rx_review.intake.records import RawSheet
from rx_review.intake.taking import Taken
from rx_review.library.site_fields import PARTS, Field, Part

# A refused drug leaves its line without one, refused allergens the status `known` without any.
_ANSWERED = ("", "/generic", "/product", "/items")


def translate(faults: Iterable[Fault], raw: RawSheet, taken: Taken) -> Iterator[Fault]:
    """The faults at the places of the HIS; what was refused already is not said again."""
    for fault in faults:
        pointer = "" if fault.where == "/" else fault.where
        if any(f"{pointer}{below}" in taken.refused for below in _ANSWERED) and pointer:
            continue
        if pointer == "/lines" and raw.faults:
            # Lines that could not be read are no lines too few.
            continue
        ours, zh = _named(pointer)
        yield Fault(_place(pointer, raw, taken), f"{fault.what}{ours}", fault.do, f"{fault.zh}{zh}" if fault.zh else "")


def _place(pointer: str, raw: RawSheet, taken: Taken) -> str:
    while pointer:
        if pointer in taken.origins:
            return taken.origins[pointer]
        pointer = pointer.rpartition("/")[0]
    return raw.place


def _named(pointer: str) -> tuple[str, str]:
    """The field of ours that a pointer means, as a fault adds it in English and Chinese."""
    field = _field(pointer)
    if field is not None:
        return f" ({field.name})", f"（{field.zh}）"
    names = ".".join(part for part in pointer.split("/")[1:] if not part.isdecimal())
    return (f" ({names})", f"（{names}）") if names else ("", "")


def _field(pointer: str) -> Field | None:
    names = [part for part in pointer.split("/")[1:] if not part.isdecimal()]
    part: Part = "fields"
    for several in ("lines", "diagnoses", "signatures", "reasons"):
        if names[:1] == [several]:
            part, names = several, names[1:]
    return next((field for field in PARTS[part].values() if field.at == ".".join(names)), None)
