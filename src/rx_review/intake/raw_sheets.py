"""From a file to the sheets in it, each as it was sent: rows by their number, nested objects one by one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rx_review.domain.reading import BODY
from rx_review.errors import Fault, InputError
from rx_review.intake.csv_rows import ReadRow, read_csv
from rx_review.intake.decoding import decode_file, is_broken
from rx_review.intake.documents import Document, read_documents
from rx_review.intake.records import Cell, Node, RawSheet, Row, Rows, as_key, is_blank
from rx_review.intake.refusal import Refused, visible
from rx_review.library.site import Rows as RowsForm
from rx_review.library.site import Site

_TOO_LARGE = (
    "a prescription of more than 256 KiB",
    "send the sheet alone, without attachments",
    "处方超过 256 KiB；请只发送处方内容，不带附件",
)


def raw_sheets(data: bytes, site: Site, shown: str) -> Iterator[RawSheet]:
    """Each sheet of a file, in the order in which it begins.

    Raises:
        InputError: if the file as a whole cannot be read.
    """
    text, encoding = decode_file(data, site, shown)
    if site.rows is None:
        yield from _nested(read_documents(text, encoding, shown), site)
    elif site.rows.as_ == "csv":
        yield from _grouped(read_csv(text, encoding, site, site.rows, shown), site, site.rows, shown)
    else:
        yield from _grouped(_json_rows(read_documents(text, encoding, shown), site), site, site.rows, shown)


def _within(document: Document, site: Site, known: frozenset[str]) -> tuple[Node, ...]:
    """The objects of a document: itself, or what stands at `inside`."""
    if not isinstance(document.tree, dict):
        raise InputError(Fault(document.place, "not an object", "send an object", "不是对象；请发送对象"))
    node = Node(document.place, document.tree, known)
    if site.inside is None:
        return (node,)
    try:
        found = node.elements(site.inside)
    except Refused as refused:
        raise InputError(refused.at(document.place)) from None
    if not found:
        place = f"{document.place}/{site.inside}"
        raise InputError(Fault(place, "nothing stands here", "send a prescription", "此处没有内容；请发送处方"))
    return found


def known_parts(site: Site) -> frozenset[str]:
    """Every key that the paths of a profile pass."""
    whole = {*site.columns, *([site.inside] if site.inside else [])}
    return frozenset(whole | {part for name in whole for part in name.split(".")})


def _nested(documents: Iterable[Document], site: Site) -> Iterator[RawSheet]:
    known = known_parts(site)
    for document in documents:
        try:
            nodes = _within(document, site, known) if not document.faults else ()
        except InputError as error:
            document, nodes = document._replace(faults=error.faults), ()
        if document.faults:
            yield _faulty(document.place, document.faults)
        for node in nodes:
            size = document.size if len(nodes) == 1 else _size(node.tree)
            if size > BODY:
                yield _faulty(node.place, (Fault(node.place, *_TOO_LARGE),))
                continue
            try:
                lines = node.elements(site.lines.in_ or "")
            except Refused as refused:
                yield RawSheet(node.place, node, (), (refused.at(node.place),))
            else:
                yield RawSheet(node.place, node, lines)


def _size(tree: object) -> int:
    return len(json.dumps(tree, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass"))


def _faulty(place: str, faults: tuple[Fault, ...]) -> RawSheet:
    return RawSheet(place, _Nothing(place), (), faults)


@dataclass(frozen=True, slots=True)
class _Nothing:
    """The record of a sheet of which nothing can be told."""

    place: str

    def cell(self, name: str) -> Cell:
        return Cell(None, f"{self.place}: {name}")


def _json_rows(documents: Iterable[Document], site: Site) -> Iterator[ReadRow]:
    known = known_parts(site)
    for document in documents:
        fault = document.faults[0] if document.faults else None
        try:
            nodes = _within(document, site, known) if fault is None else ()
        except InputError as error:
            fault, nodes = error.faults[0], ()
        if fault is not None:
            yield ReadRow(document.place, {}, document.size, fault)
        for node in nodes:
            yield ReadRow(node.place, dict(node.tree), document.size // len(nodes), None)


@dataclass(slots=True)
class _Group:
    """The rows of one sheet as they come."""

    place: str
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    size: int = 0


def _grouped(found: Iterable[ReadRow], site: Site, form: RowsForm, shown: str) -> Iterator[RawSheet]:
    """Rows by number, wherever they stand. A row that names no sheet spoils its neighbours: it may be their line."""
    groups: dict[tuple[str, ...], _Group] = {}
    last: _Group | None = None
    homeless: list[Fault] = []
    known = site.columns
    for row in found:
        key = _key(row, form)
        if key is None:
            fault = row.fault or _no_number(row, form)
            if last is not None:
                last.faults.append(fault)
            homeless.append(fault)
            continue
        group = groups.setdefault(key, _Group(row.place))
        if group is not last:
            group.faults += homeless
        homeless, last = [], group
        group.size += row.size
        if row.fault is None:
            group.rows.append(Row(row.place, row.cells, known))
        else:
            group.faults.append(row.fault)
    if not groups:
        nothing = Fault(shown, "a header and no rows", "send the rows too", "只有表头，没有数据行；请发送数据行")
        yield _faulty(shown, tuple(homeless) or (nothing,))
    for group in groups.values():
        if group.size > BODY:
            group.faults.append(Fault(group.place, *_TOO_LARGE))
        rows, faults = tuple(group.rows), tuple(group.faults)
        yield RawSheet(group.place, Rows(group.place, rows), rows, faults) if rows else _faulty(group.place, faults)


def _key(row: ReadRow, form: RowsForm) -> tuple[str, ...] | None:
    cells = [row.cells.get(name) for name in form.sheet]
    if any(is_blank(cell) or isinstance(cell, dict | list) for cell in cells):
        return None
    key = tuple(as_key(cell) for cell in cells)
    return None if row.fault is not None and is_broken("".join(key)) else key


def _no_number(row: ReadRow, form: RowsForm) -> Fault:
    names = "、".join(visible(name) for name in form.sheet)
    return Fault(
        f"{row.place}: {names}", "the row names no sheet, and may be a line of the one beside it",
        "fill it in on each row",
        "该行没有写明属于哪张处方，可能是相邻处方的一行；请逐行填写",
    )  # fmt: skip
