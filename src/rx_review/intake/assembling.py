"""Assembles one sheet: our JSON tree from the parts of a profile, every fault in the terms of the HIS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import check_prescription
from rx_review.errors import InputError
from rx_review.intake.converting import UNIT_INSIDE, Nothing, scalar
from rx_review.intake.numbers import read_number
from rx_review.intake.plan import EntryPlan, FieldPlan, Plan, meets
from rx_review.intake.records import Node, RawSheet, Record
from rx_review.intake.refusal import Refused
from rx_review.intake.taking import Taken, Tally
from rx_review.intake.translating import translate
from rx_review.library.site import WrittenNumbers

Tree = dict[str, Any]


def assemble(raw: RawSheet, plan: Plan, institution: str | None, tally: Tally) -> Prescription | InputError:
    """One prescription, or every fault of it."""
    if raw.faults and not raw.lines:
        return InputError(*raw.faults)
    taken = Taken(tally)
    tree = _sheet(raw, plan, taken)
    _institution(tree, raw, institution, taken)
    taken.origins["/lines"] = f"{raw.place}/{plan.site.lines.in_}" if plan.site.lines.in_ else raw.place
    tree["lines"] = [_line(record, number, plan.lines, taken) for number, record in enumerate(raw.lines)]
    tree["diagnoses"] = list(_diagnoses(raw, plan, taken))
    tree["signatures"] = list(_signatures(raw, plan, tree, taken))
    tree["reasons"] = list(_reasons(raw, plan, tree["lines"], taken))
    tree = {key: value for key, value in tree.items() if value != [] or key == "lines"}
    faults = [*raw.faults, *taken.faults]
    try:
        prescription = check_prescription(tree)
    except InputError as error:
        faults += translate(error.faults, raw, taken)
    else:
        if not faults:
            return prescription
    return InputError(*dict.fromkeys(faults))


def _put(tree: Tree, at: str, value: Any) -> None:
    *way, last = at.split(".")
    for part in way:
        tree = tree.setdefault(part, {})
    tree[last] = value


def _fields(
    plans: Mapping[str, FieldPlan], record: Record, start: str, taken: Taken
) -> tuple[Tree, dict[str, Nothing]]:
    """The values of some fields as a tree, and what is said of those that have none."""
    tree: Tree = {}
    absent: dict[str, Nothing] = {}
    for name, plan in plans.items():
        value = taken.take(plan, record, f"{start}/{plan.field.at.replace('.', '/')}")
        if isinstance(value, Nothing):
            absent[name] = value
        elif isinstance(value, dict):
            _put(tree, plan.field.at, value["amount"])
            _put(tree, f"{plan.field.at}_unit", value[UNIT_INSIDE])
            taken.origins[f"{start}/{name}_unit"] = taken.origins[f"{start}/{name}"]
        else:
            _put(tree, plan.field.at, value)
    return tree, absent


def _sheet(raw: RawSheet, plan: Plan, taken: Taken) -> Tree:
    tree, absent = _fields(plan.sheet, raw.whole, "", taken)
    patient = tree.setdefault("patient", {})
    for name in ("egfr", "crcl"):
        # A day of a sample without its value says nothing.
        if "value" not in patient.get(name, {"value": None}):
            del patient[name]
    allergies = patient.get("allergies", {})
    said = absent.get("patient.allergies")
    if "status" not in allergies:
        if "items" in allergies:
            allergies["status"] = "known"
        elif said is not None and said.why != "unknown":
            patient["allergies"] = {"status": said.why}
    if "packets" not in tree.get("decoction", {"packets": None}):
        # Frequency and usage of packets of which there are none.
        del tree["decoction"]
    return tree


def _institution(tree: Tree, raw: RawSheet, given: str | None, taken: Taken) -> None:
    sent = tree.get("institution")
    place = taken.origins.get("/institution", raw.place)
    if sent is None and given is not None and "/institution" not in taken.refused:
        tree["institution"] = given
    elif sent is None and "/institution" not in taken.refused:
        refused = Refused(
            "the institution is not said", "give --institution CODE, or map `institution` in the profile",
            "没有机构代码；请用 --institution 给出，或在对接配置中映射 institution",
        )  # fmt: skip
        taken.refuse(refused, "/institution", place)
    elif sent is not None and given is not None and sent != given:
        refused = Refused(
            f"a sheet of {sent}, and --institution is {given}", "send each member's file by itself",
            f"该处方属于机构 {sent}，与 --institution {given} 不符；请分机构发送",
        )  # fmt: skip
        taken.refuse(refused, "/institution", place)


def _line(record: Record, number: int, plans: Mapping[str, FieldPlan], taken: Taken) -> Tree:
    start = f"/lines/{number}"
    taken.origins[start] = record.place
    tree, _ = _fields(plans, record, start, taken)
    if "line" not in plans:
        tree["line"] = number + 1
    return tree


def _records(raw: RawSheet, entry: EntryPlan, pointer: str, taken: Taken) -> list[Record]:
    """The records that an entry is read from, in order."""
    path, sort, first = entry.entry.in_, entry.entry.sort, entry.entry.first
    if entry.entry.per == "line":
        return list(raw.lines)
    if path is None or not isinstance(raw.whole, Node):
        return [raw.whole]
    try:
        found: list[Record] = list(raw.whole.elements(path))
        if sort is not None:
            found.sort(key=lambda record: _place_in_order(record, sort))
        if first is not None:
            found.sort(key=lambda record: not meets(first, record.cell(first.from_).value))
    except Refused as refused:
        taken.refuse(refused, pointer, raw.place)
        return []
    return found


def _place_in_order(record: Record, name: str) -> float:
    cell = record.cell(name)
    try:
        return float(read_number(scalar(cell.value), WrittenNumbers()))
    except Refused as refused:
        refused.place = cell.place
        raise


def _diagnoses(raw: RawSheet, plan: Plan, taken: Taken) -> Iterator[Tree]:
    number = 0
    for entry in plan.diagnoses:
        for record in _records(raw, entry, "/diagnoses", taken):
            start = f"/diagnoses/{number}"
            tree, _ = _fields(entry.fields, record, start, taken)
            texts, codes = tree.pop("text", []), tree.pop("code", [])
            if len(codes) not in (0, 1, len(texts)):
                # Which code is whose cannot be told; the words can be read without.
                codes = []
            for place, text in enumerate(texts):
                _same_origins(taken, start, f"/diagnoses/{number}")
                code = {"code": codes[place]} if place < len(codes) else {}
                yield {"text": text, **code, **tree}
                number += 1


def _same_origins(taken: Taken, start: str, pointer: str) -> None:
    for name in ("text", "code", "kind"):
        if f"{start}/{name}" in taken.origins:
            taken.origins[f"{pointer}/{name}"] = taken.origins[f"{start}/{name}"]


def _signatures(raw: RawSheet, plan: Plan, sheet: Tree, taken: Taken) -> Iterator[Tree]:
    number = 0
    for entry in plan.signatures:
        for record in _records(raw, entry, "/signatures", taken):
            tree, absent = _fields(entry.fields, record, f"/signatures/{number}", taken)
            if "person" not in absent:
                yield {"revision": sheet.get("revision", 1), **tree}
                number += 1


def _reasons(raw: RawSheet, plan: Plan, lines: list[Tree], taken: Taken) -> Iterator[Tree]:
    number = 0
    for entry in plan.reasons:
        for line, record in enumerate(_records(raw, entry, "/reasons", taken)):
            tree, absent = _fields(entry.fields, record, f"/reasons/{number}", taken)
            if "text" in absent:
                continue
            named = lines[line].get("line") if entry.entry.per == "line" else None
            yield {**tree, "lines": [named]} if named is not None else tree
            number += 1
