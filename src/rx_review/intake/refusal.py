"""What an HIS sent and we do not take: said in the terms of the HIS, in English and Chinese."""

from __future__ import annotations

from rx_review.errors import Fault


class Refused(Exception):
    """A value that is neither known nor declared.

    `place` is set where it is known which cell it was; `once` where saying it for the first of many lines is enough.
    """

    def __init__(self, what: str, do: str, zh: str, place: str = "", once: bool = False) -> None:
        super().__init__(what)
        self.what, self.do, self.zh, self.place, self.once = what, do, zh, place, once

    def at(self, place: str) -> Fault:
        """The fault, at its own place or else the one given."""
        return Fault(self.place or place, self.what, self.do, self.zh)


def visible(text: object, most: int = 40) -> str:
    """A value as it may be printed: what cannot be seen is made visible, what is long is cut."""
    if isinstance(text, str) and len(text) <= most and text.isprintable():
        return text
    printable = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text)[: 2 * most])
    return printable if len(printable) <= most else printable[:most] + "…"


def quoted(text: object) -> str:
    """The same between quotes."""
    return f"'{visible(text)}'"
