"""Registers to a workbook in the columns in which they are imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from rx_review.desk.actor import Actor
from rx_review.desk.centre import Centre
from rx_review.desk.registers import DOCUMENTS
from rx_review.intake.register_columns import SheetKind
from rx_review.intake.register_writing import Row, rows_of_decisions, rows_of_members, rows_of_staff, write_registers
from rx_review.store import county as store
from rx_review.store.county import Register

Exported = Literal["staff", "members", "decisions"]
_EXPORTED: Mapping[Exported, tuple[Register, Callable[[Any], Mapping[SheetKind, list[Row]]]]] = {
    "staff": ("staff", rows_of_staff),
    "members": ("member", rows_of_members),
    "decisions": ("standing_decision", rows_of_decisions),
}


def export_file(centre: Centre, actor: Actor, what: Exported) -> bytes:
    """An xlsx file of a register, as far as the actor sees it; of staff with sheets of rights and postings.

    Raises:
        InputError: a name holds a character that no workbook can hold.
        Refusal: `forbidden`, `busy`.
    """
    actor.must_be("administrator", "lead", "chief", "auditor")
    register, rows_of = _EXPORTED[what]
    with centre.database.read() as connection:
        found = [
            (row[0], DOCUMENTS[register].model_validate_json(row.document))
            for row in store.entries(connection, register, institutions=actor.listed())
            if register == "standing_decision" or actor.sees(row.institution)
        ]
    return write_registers(rows_of(found))
