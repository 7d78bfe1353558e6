"""Numbers as HIS write them: `0.25`, `3.0`, `.5`, `１２`, `1,000` where the profile says so; the rest is refused."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal

from rx_review.intake.refusal import Refused, quoted
from rx_review.library.site import WrittenNumbers

# Full-width digits, point, comma and minus only: NFKC would also turn 1² into 12.
_HALF = {0xFF10 + n: str(n) for n in range(10)} | {0xFF0E: ".", 0xFF0C: ",", 0xFF0D: "-"}
_PLAIN = re.compile(r"(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]+))?")
_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_LONGEST = 40
_FINEST = Decimal("0.000001")
_NOISE = Decimal("0.000000001")


def read_number(text: str, written: WrittenNumbers) -> str:
    """A number in plain digits without useless zeros: `3.0` is `3`, `.5` is `0.5`.

    Raises:
        Refused: if it is no number, or could be meant otherwise.
    """
    plain = text.translate(_HALF)
    if written.thousands and _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    match = _PLAIN.fullmatch(plain)
    if match is None or not plain or len(plain) > _LONGEST:
        raise _refused(text, plain)
    whole, part = match["whole"].lstrip("0") or "0", (match["part"] or "").rstrip("0")
    if len(part) > 6:
        return _without_noise(text, f"{whole}.{part}", written)
    return f"{whole}.{part}" if part else whole


def read_count(text: str, written: WrittenNumbers) -> int:
    """A whole number; `3.0` is one.

    Raises:
        Refused: if it is none.
    """
    number = read_number(text, written)
    if "." in number:
        shown = quoted(text)
        raise Refused(f"not a whole number: {shown}", "send a whole number", f"{shown} 不是整数；请发送整数")
    return int(number)


def _without_noise(text: str, plain: str, written: WrittenNumbers) -> str:
    number = Decimal(plain)
    near = number.quantize(_FINEST, ROUND_HALF_EVEN)
    if not written.noise or abs(number - near) > _NOISE:
        shown = quoted(text)
        raise Refused(
            f"more than six decimals: {shown}", "send a rounded number, or set `numbers: {noise: true}` in the profile",
            f"{shown} 超过六位小数；请四舍五入后发送，或在对接配置中设 numbers: {{noise: true}}",
        )  # fmt: skip
    return read_number(format(near, "f"), written)


def _refused(text: str, plain: str) -> Refused:
    shown = quoted(text)
    if re.fullmatch(r"[-\u2212][0-9.,]+", plain):
        return Refused(f"negative: {shown}", "send an amount above zero", f"{shown} 为负数；请填写大于零的数")
    if "," in plain and _THOUSANDS.fullmatch(plain):
        return Refused(
            f"a comma in a number: {shown}", "send plain digits, or set `numbers: {thousands: true}` in the profile",
            f"{shown} 含逗号；请发送不带逗号的数，或在对接配置中设 numbers: {{thousands: true}}",
        )  # fmt: skip
    if re.fullmatch(r"[0-9]+\.", plain):
        return Refused(
            f"a number cut off at the point: {shown}", "send all of it", f"{shown} 小数点后被截断；请发送完整的数"
        )
    if re.fullmatch(r"[0-9.]+[eE][+-]?[0-9]+", plain):
        return Refused(f"an exponent: {shown}", "send plain digits", f"{shown} 带指数；请发送普通数字")
    if re.match(r"[0-9.]+\s*[^0-9.\s]", plain):
        return Refused(
            f"more than a number: {shown}", "send the number alone, or declare `unit` in the profile",
            f"{shown} 不只是数；请只发送数，或在对接配置中声明 unit",
        )  # fmt: skip
    return Refused(
        f"not a number: {shown}", "send a number such as 0.5, or declare the word in the profile (unknown, not_asked)",
        f"{shown} 不是数；请发送数字，如 0.5，或在对接配置中声明该词（unknown、not_asked）",
    )  # fmt: skip
