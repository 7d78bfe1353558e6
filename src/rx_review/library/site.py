"""A site profile: how the data of one kind of HIS become our prescription, said once and in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rx_review.library.rule import Line, Words
from rx_review.library.site_fields import CARRIED, Part

__all__ = ["ABSENT", "CARRIED", "Condition", "Entry", "Origin", "Rows", "Site", "UnitColumn", "WrittenNumbers"]

ABSENT: tuple[Literal["none", "unknown", "not_asked"], ...] = ("none", "unknown", "not_asked")
"""What a word may say instead of a value."""


def _word(value: object) -> object:
    """A scalar of YAML as the text an HIS sends: 1 is the word 1, true the word true."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _words(value: object) -> object:
    if isinstance(value, list | tuple):
        return tuple(_word(each) for each in value)
    return value if value is None else (_word(value),)


def _targets(value: object) -> object:
    return {_word(key): target for key, target in value.items()} if isinstance(value, Mapping) else value


ManyWords = Annotated[tuple[str, ...], BeforeValidator(_words)]
Values = Annotated[Mapping[str, bool | str], BeforeValidator(_targets)]


class _Form(BaseModel):
    # Built at the first profile read: a start from the cached edition reads none.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)


class Rows(_Form):
    """Flat rows, one a drug line: CSV (any one-character delimiter) or JSON objects; `sheet` groups them to sheets."""

    as_: Annotated[Literal["csv", "json"], Field(alias="as")]
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    quotes: bool = True
    sheet: Annotated[ManyWords, Field(min_length=1)]


class WrittenNumbers(_Form):
    """What this HIS does to numbers: commas between thousands; binary noise such as 0.30000000000000004."""

    thousands: bool = False
    noise: bool = False


class Condition(_Form):
    """Another column and the values of it for which something counts."""

    from_: Annotated[str, Field(alias="from", min_length=1)]
    is_: Annotated[ManyWords, Field(alias="is", min_length=1)]


class UnitColumn(_Form):
    """The column that says the unit of an age, and what its values mean."""

    from_: Annotated[str, Field(alias="from", min_length=1)]
    values: Values = {}


class Origin(_Form):
    """Where a field comes from and how it is read.

    `from` is a column or a path (two columns for a date and its time); `always` a fixed value. `values` lists all
    values there are. `none`, `unknown` and `not_asked` are words that stand instead of a value, beside those of the
    profile. `unit` is `inside` (0.5g), a unit that may be written behind, or the unit of a bare age.
    """

    from_: Annotated[ManyWords, Field(alias="from")] = ()
    always: bool | str | int | None = None
    values: Values = {}
    none: ManyWords = ()
    unknown: ManyWords = ()
    not_asked: ManyWords = ()
    dates: ManyWords = ()
    time: Annotated[str | None, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = None
    split: Annotated[str | None, Field(min_length=1, max_length=20)] = None
    unit: str | UnitColumn | None = None
    only_if: Condition | None = None
    optional: bool = False


class Entry(_Form):
    """A part of the sheet of which there may be several: lines, diagnoses, signatures, reasons.

    `in` is the path of a nested array, one element each; `sort` the number that orders them and `first` what marks the
    one that goes first; `per: line` reads the entry from every line.
    """

    in_: Annotated[str | None, Field(alias="in", min_length=1)] = None
    sort: str | None = None
    first: Condition | None = None
    per: Literal["sheet", "line"] = "sheet"
    fields: Mapping[str, Origin]


class Site(_Form):
    """A profile as its file says it."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    title: Words
    about: Words | None = None
    source: Line | None = None
    encoding: Literal["utf-8", "gb18030", "auto"]
    form: Literal["rows", "nested"]
    rows: Rows | None = None
    inside: str | None = None
    dates: ManyWords = ()
    numbers: WrittenNumbers = WrittenNumbers()
    none: ManyWords = ()
    unknown: ManyWords = ()
    not_asked: ManyWords = ()
    zero_is_unknown: ManyWords = ()
    fields: Mapping[str, Origin]
    lines: Entry
    diagnoses: tuple[Entry, ...] = ()
    signatures: tuple[Entry, ...] = ()
    reasons: tuple[Entry, ...] = ()
    ignored: ManyWords = ()
    lacks: frozenset[str]

    def parts(self) -> tuple[tuple[Part, tuple[Any, ...], Mapping[str, Origin]], ...]:
        """Every part of the profile with its place in the file and the fields it maps."""
        several: tuple[tuple[Part, tuple[Entry, ...]], ...] = (
            ("diagnoses", self.diagnoses), ("signatures", self.signatures), ("reasons", self.reasons),
        )  # fmt: skip
        return (
            ("fields", ("fields",), self.fields),
            ("lines", ("lines", "fields"), self.lines.fields),
            *((part, (part, n, "fields"), entry.fields) for part, all_ in several for n, entry in enumerate(all_)),
        )

    @property
    def columns(self) -> frozenset[str]:
        """Every column or path that the profile reads or knowingly leaves, as it writes them."""
        found = {*self.ignored, *(self.rows.sheet if self.rows else ())}
        for _, _, origins in self.parts():
            for origin in origins.values():
                found.update(origin.from_)
                found.update(c.from_ for c in (origin.unit, origin.only_if) if isinstance(c, UnitColumn | Condition))
        for entry in (self.lines, *self.diagnoses, *self.signatures, *self.reasons):
            found.update(name for name in (entry.in_, entry.sort, entry.first and entry.first.from_) if name)
        return frozenset(found)
