"""What cannot be right in a site profile, whatever the file holds that it will read."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, TypeAlias

from rx_review.library.lookup import fold
from rx_review.library.site import ABSENT, Entry, Origin, Site, UnitColumn
from rx_review.library.site_dates import EXAMPLE, date_pattern, has_time
from rx_review.library.site_fields import CARRIED, PARTS, Field, Part, carried_by, full_name

Flaw: TypeAlias = tuple[tuple[Any, ...], str, str]
"""Where it stands in the file, what is wrong, what to do."""

_ZEROES = ("number", "count", "age")
_REQUIRED = ("number", "issued_at", "setting")


def flaws(site: Site) -> Iterator[Flaw]:
    """Everything that is wrong with a profile."""
    yield from _form(site)
    known = True
    for part, place, origins in site.parts():
        for name, origin in origins.items():
            if name not in PARTS[part]:
                known = False
                yield (*_no_field((*place, name), part, name),)
            else:
                yield from _origin(site, (*place, name), PARTS[part][name], origin)
    yield from _missing(site)
    yield from _words((next((kind for kind in ABSENT if getattr(site, kind)), "none"),), site)
    yield from _zeroes(site)
    if known:
        yield from _lacks(site)


def _no_field(place: tuple[Any, ...], part: Part, name: str) -> Flaw:
    near = get_close_matches(name, PARTS[part], 1)
    return place, f"{name}: no such field", f"did you mean {near[0]}?" if near else f"one of {', '.join(PARTS[part])}"


def _form(site: Site) -> Iterator[Flaw]:
    entries = [("lines", site.lines)] + [
        (part, entry)
        for part in ("diagnoses", "signatures", "reasons")
        for entry in getattr(site, part)
    ]  # fmt: skip
    if site.form == "rows":
        if site.rows is None:
            yield ("form",), "rows are not described", "add `rows: {as: csv, sheet: [column of the number]}`"
        elif not set(site.rows.sheet) & set(getattr(site.fields.get("number"), "from_", ())):
            yield ("rows", "sheet"), "the number of the sheet is not in it", "add the column that `number` comes from"
        for part, entry in entries:
            if entry.in_ or entry.sort or entry.first:
                yield (part,), "`in`, `sort` and `first` are for nested data", "take them out"
    else:
        if site.rows is not None:
            yield ("rows",), "nested data have no rows", "take `rows` out, or write `form: rows`"
        if site.lines.in_ is None:
            yield ("lines",), "where the lines stand is not said", "add `in: path of the array`"
    yield from _entries(entries)


def _entries(entries: list[tuple[str, Entry]]) -> Iterator[Flaw]:
    for part, entry in entries:
        if entry.per == "line" and part != "reasons":
            yield (part,), "only reasons are read per line", "take `per` out"
        if (entry.sort or entry.first) and (entry.in_ is None or part == "lines"):
            yield (
                (part,),
                "`sort` and `first` order the elements of an array of diagnoses",
                "add `in`, or take them out",
            )
        anchor = {"diagnoses": "text", "signatures": "person", "reasons": "text"}.get(part)
        if anchor is not None and anchor not in entry.fields:
            yield (part,), f"{anchor} is not mapped", f"say where {anchor} comes from"


def _missing(site: Site) -> Iterator[Flaw]:
    for name in _REQUIRED:
        if name not in site.fields:
            yield ("fields",), f"{name} is not mapped, and no prescription is without", "say where it comes from"
    if not {"product", "generic"} & site.lines.fields.keys():
        yield ("lines",), "neither product nor generic is mapped", "say where the drug comes from"


def _origin(site: Site, place: tuple[Any, ...], field: Field, origin: Origin) -> Iterator[Flaw]:
    if bool(origin.from_) == (origin.always is not None):
        yield place, "give either `from` or `always`", "`from` names the column, `always` a fixed value"
    if len(origin.from_) > 1 and field.kind not in ("day", "instant"):
        yield place, "only a date comes from two columns", "name one column"
    yield from _values(place, field, origin)
    yield from _words(place, origin)
    if field.kind in ("day", "instant"):
        yield from _dates(place, site, field, origin)
    elif origin.dates or origin.time:
        yield place, f"{field.name} is no date", "take `dates` and `time` out"
    if origin.split is not None and field.kind != "list":
        yield place, f"{field.name} is one value", "take `split` out"
    yield from _unit(place, site, field, origin)


def _values(place: tuple[Any, ...], field: Field, origin: Origin) -> Iterator[Flaw]:
    given = [*origin.values.values(), *([origin.always] if origin.always is not None else [])]
    if field.kind in ("choice", "truth") and not given:
        yield place, f"{field.name}: the values are not said", "list them: `values: {theirs: ours}`"
    for target in given:
        if field.kind == "choice" and target not in field.options:
            yield place, f"{target}: {field.name} has no such value", f"use {', '.join(field.options)}"
        elif (field.kind == "truth") != isinstance(target, bool):
            yield (
                place,
                f"{target}: {field.name} is {'true or false' if field.kind == 'truth' else 'a word'}",
                "correct it",
            )
    if len({fold(value) for value in origin.values}) < len(origin.values):
        yield place, "one value stands twice", "keep one; case and width do not count"


def _words(place: tuple[Any, ...], owner: Site | Origin) -> Iterator[Flaw]:
    seen: dict[str, str] = {fold(value): "values" for value in getattr(owner, "values", ())}
    for kind in ABSENT:
        for word in getattr(owner, kind):
            before = seen.setdefault(fold(word), kind)
            if before != kind:
                yield place, f"{word!r} stands under {before} and under {kind}", "keep one"


def _dates(place: tuple[Any, ...], site: Site, field: Field, origin: Origin) -> Iterator[Flaw]:
    forms = origin.dates or site.dates
    if not forms and origin.from_:
        yield place, "the form of the date is not said", f"add `dates: [{EXAMPLE}]`, here or for the whole profile"
    for form in forms:
        try:
            if field.kind == "instant" and origin.dates and not has_time(form) and origin.time is None:
                yield place, f"{form} has no time", "add the time, or `time: HH:mm` for what has none"
            date_pattern(form)
        except ValueError as error:
            yield place, f"{form}: {error}", "correct the form"


def _unit(place: tuple[Any, ...], site: Site, field: Field, origin: Origin) -> Iterator[Flaw]:
    if origin.unit is None:
        return
    if field.kind not in ("number", "count", "age"):
        yield place, f"{field.name} has no unit", "take `unit` out"
    if isinstance(origin.unit, UnitColumn) and field.kind != "age":
        yield place, "only an age takes its unit from a column", f"map {field.name}_unit"
    if origin.unit == "inside":
        if place[0] != "lines" or field.name not in ("dose", "quantity"):
            yield place, "only a dose or a quantity carries its unit inside", "name the unit"
        elif f"{field.name}_unit" in site.lines.fields:
            yield place, f"{field.name}_unit comes from two places", f"take `unit: inside` or {field.name}_unit out"


def _zeroes(site: Site) -> Iterator[Flaw]:
    mapped = {
        full_name(part, name): PARTS[part][name]
        for part, _, origins in site.parts()
        for name in origins
        if name in PARTS[part]
    }
    for number, name in enumerate(site.zero_is_unknown):
        place = ("zero_is_unknown", number)
        if name not in mapped:
            near = get_close_matches(name, mapped, 1)
            yield place, f"{name} is not mapped", f"did you mean {near[0]}?" if near else "map it, or take it out"
        elif mapped[name].kind not in _ZEROES:
            yield place, f"{name} is no number", "take it out"


def _lacks(site: Site) -> Iterator[Flaw]:
    mapped = {
        carried: full_name(part, name)
        for part, _, origins in site.parts()
        for name in origins
        if (carried := carried_by(part, name)) is not None
    }
    for name in sorted(site.lacks):
        if name not in CARRIED:
            near = get_close_matches(name, CARRIED, 1)
            do = f"did you mean {near[0]}?" if near else f"one of {', '.join(sorted(CARRIED))}"
            yield ("lacks",), f"{name}: no such name", do
        elif name in mapped:
            yield ("lacks",), f"{name} is lacking and {mapped[name]} is mapped", "keep one"
    for name in sorted(CARRIED - mapped.keys() - site.lacks):
        # A field forgotten here would read as "not written" on every sheet.
        yield ("lacks",), f"{name} is neither mapped nor lacking", "map it, or list it, if this HIS has it nowhere"
