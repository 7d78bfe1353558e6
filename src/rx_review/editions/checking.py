"""What must hold of an edition before anybody signs or publishes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from rx_review.engine.lint import lint
from rx_review.engine.proof import prove
from rx_review.errors import Fault, LibraryError
from rx_review.library.archive import pack
from rx_review.library.edition import Edition, load_edition


def check_edition(rules: Path, formulary: Path, today: date, cache: Path | None = None) -> list[Fault]:
    """Everything that keeps an edition from being published; nothing if it may be.

    It must fit into an archive and hold together; lint must find nothing, settings included; and every rule must be
    proved: each example comes out as written in both executors, and each clause is noticed by one.

    Proving makes C rulesets whose memory is never given back (some 30 MB each time): run this in a process that ends.

    Args:
        rules: folder of the rules.
        formulary: folder of the formulary.
        today: the day on which it is to be published, which reviews must not be overdue on.
        cache: where compiled editions are kept; None for nowhere.
    """
    missing = list(_missing(rules, formulary))
    if missing:
        return missing
    try:
        pack(rules, formulary)
        edition = load_edition(rules, formulary, cache)
    except LibraryError as error:
        return list(error.faults)
    return edition_faults(edition, today)


def edition_faults(edition: Edition, today: date) -> list[Fault]:
    """Everything that keeps a loaded edition from being published; nothing if it may be."""
    faults = lint(edition, today)
    faults += (fault for proof in prove(edition) for fault in proof.faults)
    if not any(rule.status == "active" for rule in edition.rules):
        do, zh = "make at least one rule active", "没有启用的规则，任何处方都会通过；请至少启用一条"
        faults.append(Fault("rules", "no rule is active: every prescription would pass", do, zh))
    # Lint and proof both say what is wrong with a clause.
    return list(dict.fromkeys(faults))


def _missing(*folders: Path) -> Iterator[Fault]:
    for folder in folders:
        if not folder.is_dir():
            yield Fault(str(folder), "no such folder", "name the folder that holds it", "没有这个目录；请更正")
