"""CSV as HIS export it: each record on its own, so that a stray quote costs a row and not the rest of the file."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from rx_review.errors import Fault, InputError
from rx_review.intake.decoding import broken_at
from rx_review.intake.records import is_near
from rx_review.intake.refusal import visible
from rx_review.library.site import Rows as RowsForm
from rx_review.library.site import Site

_LONGEST_CELL = 20


class ReadRow(NamedTuple):
    """A row as read: its line, its cells as far as they can be told, its size, and what is wrong with it."""

    place: str
    cells: Mapping[str, object]
    size: int
    fault: Fault | None


def read_csv(text: str, encoding: str, site: Site, form: RowsForm, shown: str) -> Iterator[ReadRow]:
    """Read the rows below the header; empty rows are left out.

    Raises:
        InputError: if the header does not carry what the profile reads.
    """
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    header: list[str] | None = None
    at = 0
    while at < len(lines):
        start, (cells, taken, why) = at, _record(lines, at, form, len(header) if header else None)
        at += taken
        place, raw = f"{shown}:{start + 1}", "\n".join(lines[start : start + taken])
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = _header(cells, broken_at(raw, encoding, place), site, place)
            continue
        while len(cells) > len(header) and not cells[-1].strip():
            cells.pop()
        fault = _row_fault(place, cells, header, why)
        if fault is not None:
            # Where a row breaks is not known; the number of its sheet is told only if it stands before everything.
            cells = cells[: len(form.sheet)]
        fault = broken_at(raw, encoding, place) or fault
        known = dict(zip(header, cells, strict=False))
        yield ReadRow(place, known, len(raw.encode("utf-8", "surrogatepass")), fault)
    if header is None:
        raise InputError(Fault(shown, "nothing to read", "send a header and rows", "没有内容；请发送表头和数据行"))


def _record(lines: list[str], at: int, form: RowsForm, width: int | None) -> tuple[list[str], int, str]:
    """Cells of the record that begins on a line, how many lines it takes, and why it cannot be read."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if form.quotes else csv.QUOTE_NONE
    record = lines[at]
    why = ""
    for taken in range(1, _LONGEST_CELL + 1):
        try:
            # Strict, so that a quote left open is an error here and not a cell that swallows the next rows.
            cells = next(csv.reader([record], delimiter=form.delimiter, strict=True, quoting=quoting), [])
        except csv.Error as error:
            why = str(error)
            if "unexpected end" not in why or at + taken >= len(lines):
                break
            record += "\n" + lines[at + taken]
            continue
        if taken == 1 or width is None or len(cells) == width:
            return cells, taken, ""
        break
    return lines[at].split(form.delimiter), 1, why or "a quote is left open"


def _header(cells: list[str], broken: Fault | None, site: Site, place: str) -> list[str]:
    if broken is not None:
        raise InputError(broken)
    header = [cell.strip() for cell in cells]
    while header and not header[-1]:
        header.pop()
    faults = [
        Fault(f"{place}: {visible(name)}", "the column stands twice", "keep one", "该列出现两次；请保留一列")
        for name, times in Counter(header).items()
        if times > 1 and name in site.columns - set(site.ignored)
    ]
    faults += _missing(header, site, place)
    if faults:
        raise InputError(*faults)
    return header


def _missing(header: list[str], site: Site, place: str) -> Iterator[Fault]:
    optional = {
        name
        for _, _, origins in site.parts()
        for origin in origins.values()
        if origin.optional
        for name in origin.from_
    }
    for name in sorted(site.columns - set(header) - set(site.ignored)):
        near = next((other for other in header if other not in site.columns and is_near(name, other)), None)
        if near is not None:
            yield Fault(
                f"{place}: {visible(name)}", f"the column is not there, but {visible(near)} is",
                f"correct the name, or list {visible(near)} under `ignored`",
                f"没有这一列，却有 {visible(near)}；请更正列名，或把 {visible(near)} 列入对接配置的 ignored",
            )  # fmt: skip
        elif name not in optional:
            yield Fault(
                f"{place}: {visible(name)}", "the column is not there",
                "export it, or take it out of the profile (`optional: true` if it may be missing)",
                "没有这一列；请导出该列，或从对接配置中删去（可缺的列写 optional: true）",
            )  # fmt: skip


def _row_fault(place: str, cells: list[str], header: list[str], why: str) -> Fault | None:
    if why:
        return Fault(
            place, f"the row cannot be taken apart: {why}", "mend the quotes", f"该行引号有误（{why}）；请更正"
        )
    if len(cells) != len(header):
        return Fault(
            place, f"{len(cells)} cells under {len(header)} columns", "send a cell for each column; quote delimiters",
            f"该行有 {len(cells)} 格，表头有 {len(header)} 列；请逐列发送，值中有分隔符时加引号",
        )  # fmt: skip
    return None
