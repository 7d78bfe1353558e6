"""How a fault in a prescription is worded: what is wrong and what to do, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS: Mapping[str, tuple[str, str, str]] = {
    "missing": ("missing", "add the field", "缺少该字段；请补充"),
    "extra_forbidden": ("no such field", "take it out; see `./rx schema prescription`", "没有这个字段；请删去"),
    "string_type": ("not a text", "write a JSON string", "不是文本；请用字符串"),
    "string_too_long": (
        "longer than {max_length} characters", "shorten it", "超过 {max_length} 个字符；请缩短"),
    "string_too_short": ("empty", "write it or leave the field out", "为空；请填写，或不要发送该字段"),
    "string_unicode": ("broken Unicode (a lone surrogate)", "send valid UTF-8", "Unicode 编码残缺；请用正确的 UTF-8"),
    "text_control": ("control characters or broken Unicode", "send plain text", "含控制字符；请发送纯文本"),
    "text_blank": ("blank", "write it or leave the field out", "为空白；请填写，或不要发送该字段"),
    "code_shape": (
        "not a code", "use letters, digits and . _ / - only, at most 64", "不是代码；只能用字母、数字和 . _ / -"),
    "code_full_width": ("full-width characters", "type them half-width", "含全角字符；请用半角"),
    "amount_type": ("not a number", "write a plain number such as 0.5", "不是数；请写普通数字，如 0.5"),
    "amount_negative": ("negative", "write an amount above zero", "为负数；请填写大于零的数"),
    "amount_full_width": ("full-width digits", "type them half-width", "含全角数字；请用半角"),
    "amount_shape": (
        "not a plain number", "write digits, below 1,000,000,000, at most six decimals, no exponent",
        "不是普通数字；请写 10 亿以下、至多六位小数、不带指数的数"),
    "int_type": ("not a whole number", "write a whole number", "不是整数；请填写整数"),
    "int_parsing": ("not a whole number", "write a whole number", "不是整数；请填写整数"),
    "int_from_float": ("not a whole number", "write a whole number", "不是整数；请填写整数"),
    "greater_than_equal": ("below {ge}", "write {ge} or more", "小于 {ge}；请填写 {ge} 或以上"),
    "less_than_equal": ("above {le}", "write {le} or less", "大于 {le}；请填写 {le} 或以下"),
    "literal_error": ("not one of the values", "use {expected}", "不在可选值内；请用 {expected}"),
    "bool_type": ("neither true nor false", "write true or false", "不是 true 或 false"),
    "timezone_aware": (
        "without an offset", "add it, such as 2026-11-01T09:30:00+08:00", "没有时区；请写成 2026-11-01T09:30:00+08:00"),
    "instant_shape": (
        "not an instant", "write 2026-11-01T09:30:00+08:00", "不是时间；请写成 2026-11-01T09:30:00+08:00"),
    "day_shape": ("not a day", "write 2026-11-01", "不是日期；请写成 2026-11-01"),
    "day_range": ("outside 1880 to 2100", "correct the year", "年份不在 1880 至 2100 之间；请更正"),
    "too_long": ("more than {max_length}", "send at most {max_length}", "超过 {max_length} 个；至多 {max_length} 个"),
    "too_short": ("fewer than {min_length}", "send at least {min_length}", "少于 {min_length} 个；至少 {min_length} 个"),
    "model_type": ("not an object", "write a JSON object", "不是对象；请用 JSON 对象"),
    "tuple_type": ("not an array", "write a JSON array", "不是数组；请用 JSON 数组"),
    "allergies_unnamed": (
        "status is known but no allergen is named", "name them in items", "有过敏史但未写过敏原；请写在 items"),
    "allergies_contradict": (
        "status is none but allergens are named", "correct one of them", "无过敏史却写有过敏原；请更正其一"),
    "line_without_drug": ("no drug", "give product or generic", "没有药品；请给出 product 或 generic"),
    "line_numbers_repeat": ("two lines carry the same number", "number each line once", "行号重复；请更正"),
    "reason_without_line": (
        "a reason names line {line}, which is not on the sheet", "correct the line", "理由所指第 {line} 行不存在；请更正"),
    "patient_contradicts": (
        "a male patient who is pregnant or breast-feeding", "correct one of them", "男性患者写有妊娠或哺乳；请更正其一"),
    "birth_after_issue": (
        "the birth date is later than the day of issue", "correct one of them", "出生日期晚于开方日；请更正"),
    "staff_without_part": (
        "neither prescriber nor pharmacist is given", "give one of them", "医师、药师信息均未填写；请至少填写一项"),
    "duty_backwards": ("the duty ends before it begins", "correct one of them", "值班结束早于开始；请更正其一"),
}  # fmt: skip

CONTRADICTIONS = frozenset({
    "allergies_contradict", "allergies_unnamed", "birth_after_issue", "consent_without_line", "duty_backwards",
    "line_numbers_repeat", "line_without_drug", "patient_contradicts", "reason_without_line", "staff_without_part",
})  # fmt: skip
"""Kinds of fault in which every field is well formed and the fields do not go together: no schema can say them."""

_DATES = ("date_", "datetime_")


def say_fault(kind: str, context: Mapping[str, Any], message: str, given: object) -> tuple[str, str, str]:
    """What is wrong, what to do, and both in Chinese, for a kind of validation error."""
    if kind.startswith(_DATES):
        kind = "day_shape" if kind.startswith("date_") else "instant_shape"
    if kind not in _WORDS:
        return message, "see `./rx schema prescription`", ""
    plain = {name: str(value) for name, value in context.items()}
    what, do, zh = (words.format(**plain) for words in _WORDS[kind])
    shown = _shown(given)
    return (f"{what}: {shown}" if shown else what), do, zh


def _shown(given: object) -> str:
    if given is None or isinstance(given, dict | list | tuple | set):
        return ""
    text = str(getattr(given, "text", given))
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:80])
    return repr(printable if len(printable) <= 40 else printable[:40] + "…")
