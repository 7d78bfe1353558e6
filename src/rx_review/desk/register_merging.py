"""Rows of a register file over what the register says already: the documents that it would then hold.

A column that the file lacks leaves the register's value; an empty cell makes it unknown. Somebody without a row for
rights or postings keeps those of the register; whoever has one has those of the file and no other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from rx_review.domain.county import EVERYTHING, Member, StaffEntry, StandingDecision
from rx_review.domain.prescription import Strict
from rx_review.domain.reading import check_document
from rx_review.errors import Fault, InputError
from rx_review.intake.register_columns import ALL, NONE, PHARMACIST, PRESCRIBER, SheetKind
from rx_review.intake.register_files import RegisterFiles, RegisterRow
from rx_review.store.county import Register

Current = Mapping[Register, Mapping[str, Strict]]
"""What the registers say, by key."""


class Wanted(NamedTuple):
    """What an entry is to say, and the row that says so."""

    register: Register
    key: str
    document: Strict
    row: RegisterRow


@dataclass(slots=True)
class Merged:
    """Members, then staff, then decisions, each by key; `unsure` are members whose rows are at fault."""

    wanted: list[Wanted] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unsure: set[str] = field(default_factory=set)


def merge(read: RegisterFiles, current: Current) -> Merged:
    """What the registers are to say. Rows with faults are left out; what is wrong between rows is found here."""
    merged = Merged()
    members = _by_key(read.rows["members"], "institution", merged)
    merged.unsure = {key for key, row in members.items() if not row.sound}
    for key, row in sorted(members.items()):
        if row.sound:
            _want(merged, "member", key, row, partial(_member, row, current["member"].get(key)))
    _staff(read, current["staff"], merged)
    for key, row in sorted(_by_key(read.rows["decisions"], "number", merged).items()):
        if row.sound:
            old = current["standing_decision"].get(key)
            _want(merged, "standing_decision", key, row, partial(_decision, row, old))
    return merged


def _by_key(rows: Iterable[RegisterRow], column: str, merged: Merged) -> dict[str, RegisterRow]:
    found: dict[str, RegisterRow] = {}
    for row in rows:
        key = row.get(column)
        if key is None:
            continue
        if key in found:
            other = found[key].place()
            zh = f"{key} 与 {other} 重复；请保留一行"
            merged.faults.append(Fault(row.place(column), f"{key} stands in {other} too", "keep one", zh))
        found.setdefault(key, row)
    return found


def _want(merged: Merged, register: Register, key: str, row: RegisterRow, make: Callable[[], Strict]) -> None:
    try:
        merged.wanted.append(Wanted(register, key, make(), row))
    except InputError as error:
        merged.faults += error.faults
        if register == "member":
            merged.unsure.add(key)


# --- staff ---------------------------------------------------------------------------------------


def _staff(read: RegisterFiles, current: Mapping[str, Strict], merged: Merged) -> None:
    people = _by_key(read.rows["staff"], "code", merged)
    sheets: tuple[SheetKind, ...] = ("rights", "postings")
    of = {kind: _of_people(read.rows[kind]) for kind in sheets}
    for code in sorted({*people, *of["rights"], *of["postings"]}):
        parts = {kind: rows[code] for kind, rows in of.items() if code in rows}
        mine = [*([people[code]] if code in people else []), *(row for rows in parts.values() for row in rows)]
        old = current.get(code)
        if code not in people and old is None:
            zh = f"人员登记中没有 {code}；请在“人员”表中补充"
            what = f"neither the file nor the register has {code} among the staff"
            merged.faults.append(Fault(mine[0].place("code"), what, "add the person to the staff sheet", zh))
        elif all(row.sound for row in mine):
            _want(merged, "staff", code, mine[0], partial(_person, people.get(code), old, parts))


def _of_people(rows: Iterable[RegisterRow]) -> dict[str, list[RegisterRow]]:
    found = defaultdict(list)
    for row in rows:
        if row.get("code") is not None:
            found[row.get("code")].append(row)
    return found


def _person(row: RegisterRow | None, old: Strict | None, parts: Mapping[SheetKind, list[RegisterRow]]) -> StaffEntry:
    tree = _tree(old)
    if row is not None:
        tree.update(institution=row.get("institution"), name=row.get("name"))
        _prescriber(row, tree)
        _pharmacist(row, tree)
        if "prescriber" not in tree and "pharmacist" not in tree:
            what, do = "neither prescriber nor pharmacist", "fill in licence, or that it is a pharmacist"
            raise InputError(Fault(row.place(), what, do, "既不是医师也不是药师；请填写执业资格，或在“药师”列填“是”"))
    for kind, rows in parts.items():
        if "prescriber" not in tree:
            what, do = "the person has no licence", "fill it in on the staff sheet"
            raise InputError(Fault(rows[0].place(), what, do, "该人员没有执业资格；请在“人员”表中填写"))
        tree["prescriber"][kind] = _periods(rows, "kind" if kind == "rights" else "institution")
    return check_document(StaffEntry, tree, f"{(row or next(iter(parts.values()))[0]).place()} ")


def _prescriber(row: RegisterRow, tree: dict[str, Any]) -> None:
    said = {key: row.get(key) for key in PRESCRIBER if key in row.cells}
    if all(value is None for value in said.values()):
        return
    licence = said.get("licence")
    others = [key for key, value in said.items() if key != "licence" and value is not None]
    if licence == NONE:
        if others:
            what, do = "no licence, but a value that only prescribers have", "correct one of the two"
            raise InputError(Fault(row.place(others[0]), what, do, "执业资格为“无”，却填了医师的内容；请更正其一"))
        tree.pop("prescriber", None)
        return
    if licence is None and ("licence" in said or "prescriber" not in tree):
        zh = "填了医师的内容，却没有执业资格；请填写"
        raise InputError(Fault(row.place("licence"), "a prescriber without a licence", "fill it in", zh))
    if said.get("registered_at") == [NONE]:
        said["registered_at"] = []
    _put(tree.setdefault("prescriber", {}), said)


def _pharmacist(row: RegisterRow, tree: dict[str, Any]) -> None:
    said = {key: row.get(key) for key in PHARMACIST if key in row.cells}
    filled = [key for key, value in said.items() if value is not None]
    is_one = row.get("pharmacist")
    if is_one is False:
        if filled:
            what, do = "no pharmacist, but a value that only pharmacists have", "correct one of the two"
            raise InputError(Fault(row.place(filled[0]), what, do, "“药师”为否，却填了药师的内容；请更正其一"))
        tree.pop("pharmacist", None)
    elif is_one or filled:
        _put(tree.setdefault("pharmacist", {}), {key.removeprefix("pharmacist_"): said[key] for key in said})


def _periods(rows: list[RegisterRow], column: str) -> list[dict[str, Any]]:
    of_none = next((row for row in rows if row.get(column) == NONE), None)
    if of_none is None:
        return [_ended({column: row.get(column), "from": row.get("from")}, row) for row in rows]
    if len(rows) > 1:
        what, do = "none, and others beside it", "keep none alone, or take it out"
        raise InputError(Fault(of_none.place(column), what, do, "既写“无”又有其他行；请更正其一"))
    return []


# --- members and decisions -----------------------------------------------------------------------


def _member(row: RegisterRow, old: Strict | None) -> Member:
    tree = _tree(old)
    _put(tree, {key: row.get(key) for key in ("name", "phone") if key in row.cells})
    observes = row.get("observes")
    if observes is not None:
        tree["observes"] = [] if observes == [NONE] else [EVERYTHING] if observes == [ALL] else observes
    elif old is None:
        # A member whose rules bind from the first day would be the widest reading of an empty cell.
        what, do = "what a new member only observes is not said", "write all, none or the rules"
        raise InputError(Fault(row.place("observes"), what, do, "新机构须写明只观察的规则；请填 全部、无 或规则编号"))
    _mandate(row, tree)
    return check_document(Member, tree, f"{row.place()} ")


def _mandate(row: RegisterRow, tree: dict[str, Any]) -> None:
    keys = [key for key in row.cells if key.startswith("mandate_")]
    if not keys:
        return
    if all(row.get(key) is None for key in keys):
        tree.pop("mandate", None)
        return
    mandate = dict(tree.get("mandate", {}))
    _put(
        mandate,
        {key.removeprefix("mandate_"): row.get(key) for key in keys if key in ("mandate_number", "mandate_from")},
    )
    if any(key in row.cells for key in ("mandate_until", "mandate_last_day")):
        _ended(mandate, row, "mandate_")
    missing = [key for key in ("number", "from") if key not in mandate]
    if missing:
        what, zh = f"a mandate without its {missing[0]}", "委托书缺少编号或起始日；请补全，或三列都留空"
        raise InputError(Fault(row.place(f"mandate_{missing[0]}"), what, "fill it in, or empty all three", zh))
    tree["mandate"] = mandate


def _decision(row: RegisterRow, old: Strict | None) -> StandingDecision:
    tree = _tree(old)
    _put(tree, {key: row.get(key) for key in ("minutes", "decided_on", "from", "passes", "complete_only", "text")
                if key in row.cells})  # fmt: skip
    tree["members"] = [] if row.get("members") == [ALL] else row.get("members")
    return check_document(StandingDecision, _ended(tree, row), f"{row.place()} ")


# --- trees ---------------------------------------------------------------------------------------


def _tree(old: Strict | None) -> dict[str, Any]:
    return {} if old is None else old.model_dump(by_alias=True, exclude_none=True)


def _put(tree: dict[str, Any], said: Mapping[str, Any]) -> None:
    for key, value in said.items():
        if value is None:
            tree.pop(key, None)
        else:
            tree[key] = value


def _ended(tree: dict[str, Any], row: RegisterRow, prefix: str = "") -> dict[str, Any]:
    """The same with the day from which it no longer holds, however the row says it."""
    _put(tree, {"until": row.get(f"{prefix}until") or row.get(f"{prefix}last_day")})
    return tree
