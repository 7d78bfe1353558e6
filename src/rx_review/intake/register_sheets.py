"""The sheets of a file of registers: csv (UTF-8 or GB18030) or xlsx, within bounds, each cell where it stands.

Nothing is guessed from what a spreadsheet did to a value: a cell keeps its kind, and who reads the column decides.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from rx_review.errors import Fault, InputError

MOST_BYTES = 2 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 100
MOST_UNPACKED = 32 * 1024 * 1024
"""An xlsx of 20,000 people unpacks to 20 MiB."""

_SHEET_ROWS = 1_048_576
_MOST_ROW_TAGS = 100_000
_ROW_TAG = re.compile(rb"[<:]row[\s/>]")
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_DOCTYPES = tuple("<!DOCTYPE".encode(name) for name in ("ascii", "utf-16-le", "utf-16-be"))


class Cell(NamedTuple):
    """A cell that is not empty: text, number, truth or date, or a formula or error value, which is none of them."""

    value: object
    format: str = ""
    """Of a whole number: how the spreadsheet shows it."""
    spoilt: str = ""
    """`formula`, `error`, or empty."""


class SheetRow(NamedTuple):
    """A row that is not empty: its number in the sheet (csv: the line where it begins) and cells by column, from 1."""

    number: int
    cells: Mapping[int, Cell]


class Sheet(NamedTuple):
    """A sheet; `name` is empty for a csv file, which has but one. `hidden`: nobody who opens the file sees it."""

    file: str
    name: str
    rows: tuple[SheetRow, ...]
    hidden: bool = False

    def place(self, row: int | None = None, column: int | None = None, heading: str = "") -> str:
        """Where something stands, as a spreadsheet names it: `名册.xlsx 人员!C12 姓名`, `人员.csv!C12 姓名`."""
        shown = f"{self.file} {self.name}" if self.name else self.file
        if row is not None:
            shown += f"!{get_column_letter(column)}{row}" if column else f"!{row}"
        return f"{shown} {heading}" if heading else shown


def read_sheets(name: str, data: bytes) -> tuple[Sheet, ...]:
    """The sheets of a file; what it is, its first bytes say.

    Args:
        name: of the file, for the places of faults.
        data: at most 2 MiB.

    Raises:
        InputError: too large, neither csv nor xlsx, an encoding that is not read, quotes that do not close.
    """
    if len(data) > MOST_BYTES:
        what, zh = f"more than {MOST_BYTES // 1024 // 1024} MiB", "文件超过 2 MiB；请按机构拆分后分别导入"
        raise InputError(Fault(name, what, "split it by member", zh))
    if data.startswith(_OLE):
        what, do = "an old xls, or a workbook with a password", "save it as xlsx without a password"
        raise InputError(Fault(name, what, do, "是旧版 xls 或加密的工作簿；请取消密码，另存为 xlsx"))
    if data.startswith(_ZIP):
        return _workbook(name, data)
    sheet = Sheet(name, "", tuple(_csv(name, _text(name, data))))
    if len(sheet.rows) > MOST_ROWS:
        raise InputError(too_many(name))
    return (sheet,)


def too_many(where: str) -> Fault:
    """The fault of more rows than are read at once."""
    zh = f"超过 {MOST_ROWS} 行；请按机构拆分后分别导入"
    return Fault(where, f"more than {MOST_ROWS} rows", "split it by member", zh)


# --- csv -----------------------------------------------------------------------------------------


def _text(name: str, data: bytes) -> str:
    if not data.startswith(_UTF16):
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                continue
    zh = "既不是 xlsx，也不是 UTF-8 或 GB18030 编码的 csv；请另存为 xlsx 或 UTF-8 的 csv"
    raise InputError(Fault(name, "neither xlsx nor a csv in UTF-8 or GB18030", "save it as xlsx or csv in UTF-8", zh))


def _csv(name: str, text: str) -> Iterator[SheetRow]:
    # Strict: an open quote would swallow every line below it into one cell.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    try:
        for written in reader:
            stripped = ((place, cell.strip()) for place, cell in enumerate(written, 1))
            cells = {place: Cell(cell, spoilt="formula" if cell[0] == "=" else "") for place, cell in stripped if cell}
            if cells:
                yield SheetRow(before + 1, cells)
            before = reader.line_num
    except csv.Error as error:
        zh = "引号不成对或单元格过长；请更正"
        raise InputError(Fault(f"{name}!{before + 1}", str(error), "mend the quotes", zh)) from None


# --- xlsx ----------------------------------------------------------------------------------------


def _workbook(name: str, data: bytes) -> tuple[Sheet, ...]:
    try:
        _must_be_harmless(name, data)
        book = load_workbook(io.BytesIO(data), read_only=True)
        left, sheets = MOST_ROWS, []
        for sheet in book.worksheets:
            rows = []
            # Whatever size the sheet says it has; one row more than may be tells that there are too many.
            sheet.reset_dimensions()
            for found in _rows(sheet):
                rows.append(found)
                left -= 1
                if left < 0:
                    raise InputError(too_many(name))
            sheets.append(Sheet(name, sheet.title, tuple(rows), sheet.sheet_state != "visible"))
        return tuple(sheets)
    except InputError:
        raise
    except Exception:
        # Whatever the library stumbles over in a spoilt file, the answer is the same.
        zh = "不是完好的 xlsx 文件；请用表格软件打开后另存为 xlsx 或 csv"
        raise InputError(Fault(name, "not a sound xlsx file", "open it and save it as xlsx or csv", zh)) from None


def _must_be_harmless(name: str, data: bytes) -> None:
    """Refuse what unpacks to far more than it is. A part cannot be longer than the zip directory says: reading stops.

    Raises:
        InputError: too large when unpacked, or XML with a document type, which may define entities within entities.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
            zh = "解压后过大；请只保留名册各表，另存后再导入"
            raise InputError(Fault(name, "too large when unpacked", "keep only the sheets of the register", zh))
        tags = 0
        for part in parts.infolist():
            content = parts.read(part)
            tags += sum(1 for _ in _ROW_TAG.finditer(content))
            if tags > _MOST_ROW_TAGS:
                # Rows that are only coloured take as long to read as others.
                zh = "空白行过多；请删去名册下方的空白行，另存后再导入"
                raise InputError(Fault(name, "too many empty rows", "delete the rows below the register", zh))
            if any(mark in content for mark in _DOCTYPES):
                what, zh = f"{part.filename} has a document type", "含有不允许的 XML 声明；请用表格软件打开后另存"
                raise InputError(Fault(name, what, "open it in a spreadsheet and save it again", zh))


def _rows(sheet: Any) -> Iterator[SheetRow]:
    # One column more than is read, so that what stands there is refused and not overlooked.
    rows = sheet.iter_rows(max_row=_SHEET_ROWS, max_col=MOST_COLUMNS + 1)
    before = None
    for number, row in enumerate(rows, 1):
        # A sheet may name a row a million below the last: all between them are one and the same object.
        if row is before:
            continue
        before = row
        cells = {place: cell for place, cell in enumerate(row, 1) if cell.value is not None}
        found = {place: kept for place, cell in cells.items() if (kept := _cell(cell)) is not None}
        if found:
            yield SheetRow(number, found)


def _cell(cell: Any) -> Cell | None:
    value = cell.value.strip() if isinstance(cell.value, str) else cell.value
    if value == "":
        return None
    spoilt = {"f": "formula", "e": "error"}.get(cell.data_type, "")
    return Cell(value, cell.number_format if isinstance(value, int) else "", spoilt)
