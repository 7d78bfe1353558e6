"""Takes fields from records into our JSON tree, and remembers for each place of ours the place of theirs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rx_review.errors import Fault
from rx_review.intake.converting import Nothing, convert, scalar
from rx_review.intake.plan import FieldPlan, meets
from rx_review.intake.records import Cell, Record, is_blank
from rx_review.intake.refusal import Refused, quoted, visible
from rx_review.library.lookup import fold
from rx_review.library.site import UnitColumn

_BARE = re.compile(r"[0-9]+(\.[0-9]+)?")


@dataclass(slots=True)
class Tally:
    """How often each column was looked at, how often it gave nothing, and which columns nobody reads."""

    seen: Counter[str] = field(default_factory=Counter)
    absent: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)

    def count(self, column: str, absent: bool) -> None:
        """Count one look at a column."""
        self.seen[column] += 1
        self.absent[column] += absent


@dataclass(slots=True)
class Taken:
    """What has been taken of one sheet so far."""

    tally: Tally
    origins: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    _once: set[str] = field(default_factory=set)

    def refuse(self, refused: Refused, pointer: str, place: str) -> None:
        """Note a fault; nothing more is said of the pointer."""
        self.refused.add(pointer)
        if refused.once and refused.what in self._once:
            return
        self._once.add(refused.what)
        self.faults.append(refused.at(place))

    def take(self, plan: FieldPlan, record: Record, pointer: str) -> Any:
        """The value of a field, or `Nothing`; `pointer` is where it will stand in our tree."""
        self.origins[pointer] = f"{record.place}: {visible(plan.column)}" if plan.column else record.place
        try:
            value = self._value(plan, record, pointer)
        except Refused as refused:
            self.refuse(refused, pointer, self.origins[pointer])
            return Nothing("unknown")
        if plan.column:
            self.tally.count(plan.column, isinstance(value, Nothing) and value.why != "none")
        return value

    def _value(self, plan: FieldPlan, record: Record, pointer: str) -> Any:
        origin = plan.origin
        if origin.only_if is not None and not meets(origin.only_if, record.cell(origin.only_if.from_).value):
            return Nothing("unknown")
        if origin.always is not None:
            return _fixed(plan)
        cell = _joined(record, origin.from_)
        self.origins[pointer] = cell.place
        value = convert(cell.value, plan)
        if plan.field.kind == "age" and isinstance(value, str) and _BARE.fullmatch(value):
            return value + _age_unit(plan, record)
        return value


def _fixed(plan: FieldPlan) -> Any:
    always = plan.origin.always
    if isinstance(always, bool):
        return always
    text = str(always)
    return {"list": [text], "count": int(text) if text.isdecimal() else text}.get(plan.field.kind, text)


def _joined(record: Record, names: tuple[str, ...]) -> Cell:
    """A cell; of a date in two columns both, with a space between."""
    cells = [record.cell(name) for name in names]
    if len(cells) == 1:
        return cells[0]
    given = [scalar(cell.value) for cell in cells if not is_blank(cell.value)]
    place = cells[0].place + "".join(f" + {visible(name)}" for name in names[1:])
    if given and is_blank(cells[0].value):
        raise Refused("a time without its day", "send the day too", "只有时间没有日期；请同时发送日期", place)
    return Cell(" ".join(given) or None, place)


def _age_unit(plan: FieldPlan, record: Record) -> str:
    unit = plan.origin.unit
    if not isinstance(unit, UnitColumn):
        return unit or ""
    cell = record.cell(unit.from_)
    meanings: Mapping[str, bool | str] = {fold(theirs): ours for theirs, ours in unit.values.items()}
    word = fold(scalar(cell.value))
    if word not in meanings:
        shown, known = quoted(cell.value), ", ".join(visible(value) for value in unit.values)
        raise Refused(
            f"unit of the age {shown} is not declared: {known}",
            "correct it, or add it to `unit.values` in the profile",
            f"年龄单位 {shown} 未在对接配置中声明（已声明：{known}）；请更正，或加入 unit.values", cell.place,
        )  # fmt: skip
    return str(meanings[word])
