"""One cell to one value of ours: absent, known or refused; nothing is guessed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from rx_review.domain.strict_json import BadNumber
from rx_review.intake.dates import read_day, read_instant
from rx_review.intake.numbers import read_count, read_number
from rx_review.intake.plan import Absent, FieldPlan, as_text
from rx_review.intake.refusal import Refused, quoted, visible
from rx_review.library.lookup import fold

UNIT_INSIDE: Final = "unit"


class Nothing:
    """No value: the words of the HIS said so, or the cell was empty. `why` is what they said."""

    __slots__ = ("why",)

    def __init__(self, why: Absent) -> None:
        self.why = why


def scalar(value: Any) -> str:
    """A cell as trimmed text.

    Raises:
        Refused: if it is an object, an array, or a number longer than any that is meant.
    """
    if isinstance(value, dict | list):
        raise Refused(
            "an object or array where one value is asked", "send the value alone", "此处应为单个值，不是对象或数组"
        )
    if isinstance(value, BadNumber):
        shown = visible(value.text)
        raise Refused(f"not a plain number: {shown}", "send plain digits", f"{shown} 不是普通数字；请不要用指数")
    text = format(value, "f") if isinstance(value, Decimal) else as_text(value)
    return text.strip()


def convert(value: Any, plan: FieldPlan) -> Any:
    """The value of a field: text, count, truth or list; `Nothing` where there is none.

    Raises:
        Refused: if the value is neither known nor declared.
    """
    text = scalar(value)
    word = fold(text)
    if word in plan.values:
        return plan.values[word]
    if word in plan.words:
        return Nothing(plan.words[word])
    if not text:
        return Nothing("unknown")
    if plan.values or plan.field.kind in ("choice", "truth"):
        if plan.field.kind == "truth" and isinstance(value, bool):
            return value
        raise _undeclared(text, plan)
    return _by_kind(value, text, plan)


def _by_kind(value: Any, text: str, plan: FieldPlan) -> Any:
    match plan.field.kind:
        case "number" | "count":
            return _amount(text, plan)
        case "age":
            return _age(text, plan)
        case "day":
            return _date(read_day(text, plan.dates), plan)
        case "instant":
            return _date(read_instant(text, plan.dates, plan.origin.time), plan)
        case "list":
            return _list(text, plan)
        case "code" if isinstance(value, Decimal):
            shown = quoted(text)
            raise Refused(
                f"a decimal where a code is asked: {shown}", "send it as text", f"{shown} 是小数；代码请作为文本发送"
            )
    return text


def _amount(text: str, plan: FieldPlan) -> Any:
    unit = plan.origin.unit
    if isinstance(unit, str) and unit != "inside":
        text = text.removesuffix(unit).rstrip()
    if unit == "inside":
        text, behind = _split_unit(text)
        number = _zero_or(read_number(text, plan.numbers), plan)
        return number if isinstance(number, Nothing) or not behind else {"amount": number, UNIT_INSIDE: behind}
    found = _zero_or(read_number(text, plan.numbers), plan)
    return found if plan.field.kind == "number" or isinstance(found, Nothing) else read_count(text, plan.numbers)


def _zero_or(number: str, plan: FieldPlan) -> str | Nothing:
    """The number, or what it stands for: 0 where the profile says so, 999.00 where 999 is declared."""
    if number in plan.words:
        return Nothing(plan.words[number])
    return Nothing("unknown") if plan.zero_is_unknown and number == "0" else number


def _date(date: str, plan: FieldPlan) -> str | Nothing:
    """The date, or what its day stands for in whichever form it came: 1900/1/1 0:00 where 1900-01-01 is declared."""
    return Nothing(plan.words[date[:10]]) if date[:10] in plan.words else date


def _split_unit(text: str) -> tuple[str, str]:
    """`0.5g` apart: the digits in front, what follows is the unit."""
    end = next((n for n, c in enumerate(text) if not (c.isdigit() or c in ".,．，-－+")), len(text))
    return (text[:end], text[end:].strip()) if end else (text, "")


def _age(text: str, plan: FieldPlan) -> Any:
    try:
        number = read_number(text, plan.numbers)
    except Refused:
        return text
    found = _zero_or(number, plan)
    if isinstance(found, Nothing):
        return found
    if plan.origin.unit is None:
        shown = quoted(text)
        raise Refused(
            f"an age without its unit: {shown}", "send 45岁, 8月 or 12天, or declare `unit` in the profile",
            f"{shown} 没有年龄单位；请发送 45岁、8月、12天，或在对接配置中声明 unit",
        )  # fmt: skip
    return number


def _list(text: str, plan: FieldPlan) -> list[str] | Nothing:
    separators = plan.origin.split or ""
    for separator in separators[1:]:
        text = text.replace(separator, separators[0])
    parts = [part.strip() for part in (text.split(separators[0]) if separators else [text])]
    parts = [part for part in parts if part]
    said = [part for part in parts if fold(part) in plan.words]
    if said and len(parts) > 1:
        one = quoted(said[0])
        raise Refused(
            f"{one} stands beside other values: {quoted(text)}", "send one or the other",
            f"{one} 与其他内容写在一起：{quoted(text)}；请更正其一",
        )  # fmt: skip
    return parts or Nothing("unknown")


def _undeclared(text: str, plan: FieldPlan) -> Refused:
    shown, known = quoted(text), ", ".join(visible(value) for value in plan.origin.values)
    return Refused(
        f"{shown} is not declared: {known or 'no values are'}",
        f"correct it, or add it to `values` of {plan.field.name} in the profile",
        f"{shown} 未在对接配置中声明（已声明：{known or '无'}）；请更正，或加入 {plan.field.name} 的 values",
    )
