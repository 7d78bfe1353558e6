"""Registers from files: what would change is told, and written all at once or not at all.

Nobody is removed: who is in the register and not in the file is listed, and a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from rx_review.desk import registers
from rx_review.desk.actor import Actor
from rx_review.desk.centre import Centre
from rx_review.desk.register_merging import Merged, Wanted, merge
from rx_review.desk.registers import DOCUMENTS
from rx_review.domain.county import StaffEntry
from rx_review.domain.prescription import Strict
from rx_review.domain.problems import Refusal
from rx_review.errors import Fault, InputError
from rx_review.intake.register_files import RegisterFiles, read_register_files
from rx_review.store import county as store
from rx_review.store.county import Register
from rx_review.store.database import Connection

_REGISTERS: tuple[Register, ...] = ("member", "staff", "standing_decision")
_OF_A_ROW = frozenset({"not-found", "unknown-member", "unknown-rule"})
"""Refusals that a row is to blame for; any other ends the import as it is."""


class Kept(NamedTuple):
    """An entry as it was read."""

    version: int
    document: Strict


class _Undone(Exception):
    """Ends a transaction of which nothing is to be kept."""


def import_file(centre: Centre, actor: Actor, name: str, data: bytes, at: datetime, dry_run: bool) -> dict[str, Any]:
    """As `import_files`, of one file."""
    return import_files(centre, actor, [(name, data)], at, dry_run)


def import_files(
    centre: Centre, actor: Actor, files: Sequence[tuple[str, bytes]], at: datetime, dry_run: bool
) -> dict[str, Any]:
    """Write what files say into the registers, in one transaction; with `dry_run` only say what that would change.

    A dry run goes the whole way and takes everything back, so that it finds whatever the import would.

    Args:
        centre: the review centre; for members, one with an edition.
        actor: an administrator; for decisions of the committee, a lead.
        files: name and content of each, csv or xlsx.
        at: the instant.
        dry_run: keep nothing.

    Returns:
        `dry_run`; `added`, `changed` (each with `changes`: `field`, `old`, `new`) and `unchanged` entries; `absent`:
        entries of the same members that the file has not; `left_alone`: columns and hidden sheets that are not read.

    Raises:
        InputError: with every fault of every file, each with file, sheet, row and column; nothing is written.
        Refusal: `forbidden`, `version-changed` if somebody wrote meanwhile, `not-ready`, `busy`.
    """
    actor.must_be("administrator", "lead", "chief")
    read = read_register_files(files)
    with centre.database.read() as connection:
        kept = {register: _kept(connection, actor, register) for register in _REGISTERS}
    current = {register: {key: each.document for key, each in found.items()} for register, found in kept.items()}
    merged = merge(read, current)
    changes = [each for each in merged.wanted if _differs(each, current)]
    faults = read.faults + merged.faults
    faults += _write(centre, actor, changes, kept, merged, at, keep=not faults and not dry_run)
    if faults:
        raise InputError(*faults)
    return _report(read, merged, changes, current, dry_run)


def _kept(connection: Connection, actor: Actor, register: Register) -> dict[str, Kept]:
    found = {}
    for row in store.entries(connection, register, institutions=actor.listed()):
        if register == "standing_decision" or actor.sees(row.institution):
            found[row[0]] = Kept(row.version, DOCUMENTS[register].model_validate_json(row.document))
    return found


def _write(
    centre: Centre,
    actor: Actor,
    changes: Sequence[Wanted],
    kept: Mapping[Register, Mapping[str, Kept]],
    merged: Merged,
    at: datetime,
    *,
    keep: bool,
) -> list[Fault]:
    faults: list[Fault] = []

    def work(connection: Connection) -> None:
        faults.clear()
        unsure = set(merged.unsure)
        for each in changes:
            if isinstance(each.document, StaffEntry) and each.document.institution in unsure:
                # That its member is not enrolled is the fault of the member's row, and said there.
                continue
            was = kept[each.register].get(each.key)
            version = None if was is None else was.version
            try:
                registers.write(centre, connection, actor, each.register, each.key, each.document, version, at)
            except Refusal as refusal:
                if refusal.code not in _OF_A_ROW:
                    raise
                faults.extend(_said(each, refusal))
                if each.register == "member":
                    unsure.add(each.key)
        if faults or not keep:
            raise _Undone

    if changes:
        with suppress(_Undone):
            centre.database.transact(work)
    return faults


def _said(wanted: Wanted, refusal: Refusal) -> Iterator[Fault]:
    """A refusal of an entry, at the cell that it is about."""
    problem, place = refusal.problem, wanted.row.place
    if refusal.code == "unknown-rule":
        for each in refusal.errors:
            found = re.fullmatch(r"/observes/([0-9]+)", each.pointer)
            named = wanted.document.model_dump()["observes"][int(found[1])] if found else ""
            zh = f"{named}：{each.what['zh']}；{problem.do_zh}"
            yield Fault(place("observes"), f"{named}: {each.what['en']}", problem.do_en, zh)
        return
    column = "institution" if refusal.code == "unknown-member" else "code"
    zh = f"{refusal.detail['zh']}；{problem.do_zh}"
    yield Fault(place(column), f"{wanted.key}: {refusal.detail['en']}", problem.do_en, f"{wanted.key}：{zh}")


# --- what is told --------------------------------------------------------------------------------


def _report(
    read: RegisterFiles, merged: Merged, changes: Sequence[Wanted], current: Mapping[Register, Mapping[str, Strict]],
    dry_run: bool,
) -> dict[str, Any]:  # fmt: skip
    changed = {(each.register, each.key) for each in changes}
    return {
        "dry_run": dry_run,
        "added": [_named(each) for each in changes if each.key not in current[each.register]],
        "changed": [
            {**_named(each), "changes": list(_changes(current[each.register][each.key], each.document))}
            for each in changes
            if each.key in current[each.register]
        ],
        "unchanged": [_named(each) for each in merged.wanted if (each.register, each.key) not in changed],
        "absent": list(_absent(read, current)),
        "left_alone": read.left_alone,
    }


def _named(wanted: Wanted) -> dict[str, Any]:
    named = {"register": wanted.register, "key": wanted.key}
    name = getattr(wanted.document, "name", None)
    return named if name is None else {**named, "name": name}


def _absent(read: RegisterFiles, current: Mapping[Register, Mapping[str, Strict]]) -> Iterator[dict[str, Any]]:
    """Entries that the file has not: people of the members that its staff sheet names, members, decisions."""
    members = {row.get("institution") for row in read.rows["staff"]}
    for register, kind, column in (
        ("member", "members", "institution"),
        ("staff", "staff", "code"),
        ("standing_decision", "decisions", "number"),
    ):
        there = {row.get(column) for row in read.rows[kind]}  # type: ignore[index]
        for key, document in current[register].items():  # type: ignore[index]
            of_others = isinstance(document, StaffEntry) and document.institution not in members
            if kind in read.kinds and key not in there and not of_others:
                yield {"register": register, "key": key, "name": getattr(document, "name", None)}


def _differs(wanted: Wanted, current: Mapping[Register, Mapping[str, Strict]]) -> bool:
    old = current[wanted.register].get(wanted.key)
    return old is None or _flat(old) != _flat(wanted.document)


def _changes(old: Strict, new: Strict) -> Iterator[dict[str, Any]]:
    before, after = _flat(old), _flat(new)
    for field in sorted({*before, *after}):
        if before.get(field) != after.get(field):
            yield {"field": field, "old": before.get(field), "new": after.get(field)}


def _flat(document: Strict) -> dict[str, Any]:
    """Values by path (`prescriber.title`); lists in an order of their own, since rows of a sheet have none."""

    def walk(path: str, tree: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(tree, dict) and tree:
            for key, value in tree.items():
                yield from walk(f"{path}.{key}" if path else key, value)
        else:
            yield path, sorted(tree, key=repr) if isinstance(tree, list) else tree

    return dict(walk("", document.model_dump(mode="json", by_alias=True, exclude_none=True)))
