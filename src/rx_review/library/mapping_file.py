"""A member's mapping file (csv or xlsx) into rows of `mappings.csv`: everything that is wrong is said at once.

The header may be in Chinese or English, in any order; columns that we do not need are left alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from rx_review.errors import Fault, InputError
from rx_review.library.formulary import Formulary
from rx_review.library.lookup import fold
from rx_review.library.mapping_lines import Spoilt, mapping_lines
from rx_review.library.nearness import NameIndex
from rx_review.library.rows import MemberCode, columns

_HEADERS: Mapping[str, tuple[str, ...]] = {
    "institution": ("institution", "机构"),
    "kind": ("kind", "字典", "类别"),
    "code": ("code", "院内码", "院内编码", "编码", "代码"),
    "name": ("name", "院内名称", "名称", "品名"),
    "target": ("target", "指向", "对应", "通用名", "本县编码", "icd", "icd编码"),
    "form": ("form", "剂型"),
    "strength": ("strength", "规格"),
    "pack": ("pack", "包装数", "转换系数"),
}
_KINDS = {"drug": "drug", "药品": "drug", "diagnosis": "diagnosis", "诊断": "diagnosis"}
_MOST = 100_000
_ICD10 = re.compile(r"([A-Z][0-9]{2})\.?([0-9X][0-9A-Z.]*)?")


def read_mapping_file(path: Path, institution: str, formulary: Formulary, today: date) -> list[MemberCode]:
    """Read and check a mapping file of a member.

    Args:
        path: a csv (UTF-8 or GB18030) or xlsx file with a header line.
        institution: whose codes they are.
        formulary: what targets must be in.
        today: the day from which the rows hold.

    Returns:
        The rows of that institution that have a target; those of others and those without are left alone.

    Raises:
        InputError: with each fault, by file, line and column; nothing is read then.
    """
    if institution not in formulary.institutions:
        known = ", ".join(sorted(formulary.institutions)[:5])
        zh = f"没有这个成员机构；例如 {known}"
        raise InputError(Fault("--institution", f"{institution} is no member", f"members are {known} …", zh))
    lines = mapping_lines(path)
    _, header = next(lines, (1, ()))
    places = _places(header, path)
    targets = Targets(formulary, today.toordinal())
    rows: list[MemberCode] = []
    faults: list[Fault] = []
    seen: dict[tuple[str, str], int] = {}
    left = 0
    for number, cells in lines:
        if number > _MOST:
            what = f"more than {_MOST} lines"
            faults.append(Fault(f"{path.name}:{number}", what, "split the file", "行数过多；请分开导入"))
            break
        written = {name: cells[place] if place < len(cells) else "" for name, place in places.items()}
        spoilt = [
            Fault(f"{path.name}:{number}: {name}", cell, "type the value in as text", cell.zh)
            for name, cell in written.items()
            if isinstance(cell, Spoilt)
        ]
        values = {name: cell.strip() for name, cell in written.items()}
        if spoilt or not any(values.values()):
            faults += spoilt
            continue
        if values.get("institution", institution) not in ("", institution) or (values["code"] and not values["target"]):
            # A work-list holds every member's codes, and those that nobody has looked at yet.
            left += 1
            continue
        found = _row(f"{path.name}:{number}", values, institution, targets, today)
        if isinstance(found, Fault):
            faults.append(found)
            continue
        key = (found.kind, fold(found.code))
        if key in seen:
            what = f"the code {found.code} stands in line {seen[key]} too"
            zh = f"编码 {found.code} 与第 {seen[key]} 行重复；请保留一行"
            faults.append(Fault(f"{path.name}:{number}", what, "keep one", zh))
        seen.setdefault(key, number)
        rows.append(found)
    if not rows and not faults:
        zh = f"没有 {institution} 填好指向的行（另有 {left} 行）；请填写编码和指向"
        what = f"no rows of {institution} with a target; {left} others"
        faults.append(Fault(path.name, what, "fill in code and target", zh))
    if faults:
        raise InputError(*faults)
    return rows


class Targets:
    """What a member's code may mean, and what is near to something that it may not."""

    def __init__(self, formulary: Formulary, day: int) -> None:
        self.formulary = formulary
        self.day = day
        self._drugs: NameIndex | None = None
        self._diagnoses: NameIndex | None = None

    def drug(self, written: str) -> tuple[str, str | None] | None:
        """The drug code, generic or herb that a written target means, and its form where the name says it."""
        if self.formulary.drugs.one(written, self.day) is not None:
            return written, None
        return self.formulary.written_names.get(fold(written))

    def generic(self, target: str) -> str:
        """The generic or herb that a target is of."""
        row = self.formulary.drugs.one(target, self.day)
        return row.generic if row is not None else target

    def diagnosis(self, written: str) -> str | None:
        """The ICD-10 code that a written code or exact name means."""
        named = self.formulary.diagnosis_codes.get(fold(written))
        code = _ICD10.fullmatch(written.upper())
        if named is not None or code is None or code[1] not in self.formulary.categories:
            return named
        return f"{code[1]}.{code[2]}" if code[2] else code[1]

    def near(self, kind: str, written: str) -> tuple[str, ...]:
        """Names near to a written one, for a person to choose from; never taken for it."""
        if kind == "drug":
            self._drugs = self._drugs or NameIndex(self.formulary.written_names)
            return self._drugs.nearest(written)
        self._diagnoses = self._diagnoses or NameIndex(self.formulary.diagnosis_codes)
        return self._diagnoses.nearest(written)


def _row(where: str, values: Mapping[str, str], institution: str, targets: Targets, today: date) -> MemberCode | Fault:
    kind = _KINDS.get(fold(values.get("kind") or "drug"))
    if kind is None:
        what = f"{values['kind']!r} is neither drug nor diagnosis"
        return Fault(f"{where}: kind", what, "correct it", "只能是 药品 或 诊断")
    code, target = values.get("code", ""), values.get("target", "")
    if not code or not target:
        column = "target" if code else "code"
        do = "fill it in, or take the line out"
        return Fault(f"{where}: {column}", "empty", do, "为空；请填写或删去此行")
    form: str | None = values.get("form") or None
    if form is not None and (form := targets.formulary.spelt("form", form)) is None:
        what = f"{values['form']!r} is no dosage form"
        return Fault(f"{where}: form", what, "see forms.csv", "剂型无法识别；见 forms.csv")
    meant: str | None
    if kind == "diagnosis":
        meant = targets.diagnosis(target)
    else:
        meant, named_form = targets.drug(target) or (None, None)
        form = form or named_form
    said = targets.formulary.written_names.get(fold(values.get("name", ""))) if kind == "drug" else None
    if meant is not None and said is not None and said[0] != targets.generic(meant):
        what = f"{values['name']!r} is {said[0]}, but {target!r} is {targets.generic(meant)}"
        zh = f"院内名称 {values['name']} 是{said[0]}，指向 {target} 却是{targets.generic(meant)}；请更正其一"
        return Fault(f"{where}: target", what, "correct one of the two", zh)
    if meant is None:
        near = "、".join(targets.near(kind, target))
        do, zh = (f"did you mean {near}?", f"；是否为 {near}？") if near else ("correct it", "；请更正")
        zh = f"{target} 不在药品资料或诊断表中{zh}"
        return Fault(f"{where}: target", f"{target!r} is not in the formulary", do, zh)
    try:
        return MemberCode.model_validate(
            {
                "institution": institution,
                "kind": kind,
                "code": code,
                "name": values.get("name", ""),
                "target": meant,
                "form": form or "",
                "strength": values.get("strength", ""),
                "pack": values.get("pack", ""),
                "source": "MEMBER-CODES",
                "from": today.isoformat(),
                "until": "",
                "checked": "false",
                "recalled": "false",
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        place = ": ".join((where, *(str(part) for part in first["loc"])))
        what = first["msg"].removeprefix("Value error, ")
        return Fault(place, what, "correct the cell", "单元格内容不合要求")


def _places(header: Sequence[str], path: Path) -> Mapping[str, int]:
    """Where each of our columns stands in the file."""
    written = [fold(cell) for cell in header]
    found = {
        name: next((written.index(alias) for alias in aliases if alias in written), -1)
        for name, aliases in _HEADERS.items()
    }
    twice = [written[place] for place in found.values() if place >= 0 and written.count(written[place]) > 1]
    if twice:
        zh = f"有两列都叫“{twice[0]}”；请保留一列"
        raise InputError(Fault(f"{path.name}:1", f"two columns are called {twice[0]}", "keep one", zh))
    missing = [name for name in ("code", "target") if found[name] < 0]
    if missing:
        wanted = " / ".join(_HEADERS[missing[0]])
        raise InputError(
            Fault(f"{path.name}:1", f"no column {missing[0]}", f"name one column {wanted}", f"缺少列：{wanted}")
        )
    return {name: place for name, place in found.items() if place >= 0}


def merge_mappings(folder: Path, kept: Iterable[MemberCode], new: Iterable[MemberCode]) -> int:
    """Write `mappings.csv` with the new rows; a row that says something else for the same code ends the day they begin.

    Returns:
        How many rows were added.
    """
    rows: dict[tuple[str, str, str], list[MemberCode]] = {}
    for row in kept:
        rows.setdefault((row.institution, row.kind, fold(row.code)), []).append(row)
    added = 0
    for row in new:
        same = rows.setdefault((row.institution, row.kind, fold(row.code)), [])
        now = next((old for old in same if old.from_ <= row.from_ and (old.until or date.max) > row.from_), None)
        later = min((old.from_ for old in same if old.from_ > row.from_), default=None)
        if now is not None and now.until == later and _meaning(now) == _meaning(row):
            continue
        if now is not None:
            same.remove(now)
            if now.from_ < row.from_:
                same.append(now.model_copy(update={"until": row.from_}))
        # What is planned for a later day stays planned.
        same.append(row if later is None else row.model_copy(update={"until": later}))
        added += 1
    names = columns(MemberCode)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    every = (row for same in rows.values() for row in same)
    for row in sorted(every, key=lambda row: (row.institution, row.kind, row.code, row.from_)):
        cells = row.model_dump(by_alias=True, mode="json")
        writer.writerow([_written(cells[name]) for name in names])
    partial = folder / "mappings.csv.new"
    partial.write_text(text.getvalue(), encoding="utf-8")
    partial.replace(folder / "mappings.csv")
    return added


def _meaning(row: MemberCode) -> tuple[object, ...]:
    return row.target, row.form, row.strength, row.pack, row.name


def _written(cell: object) -> str:
    return "" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)
