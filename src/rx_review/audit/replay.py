"""Replay: every stored decision decided again, from the facts that it was made on, with the edition that held then.

The answer must be the same bytes. `recompute` starts earlier, from the sheet and what the world said, with today's
code: there the facts must be the same bytes too, as long as the code that computes facts is the same (`semantics`).
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from rx_review.audit.compiled import CompiledEditions
from rx_review.audit.laid import Match, Parts, matched, noted_in
from rx_review.domain.circumstances import Circumstances
from rx_review.domain.prescription import Prescription
from rx_review.engine.difference import explain_difference
from rx_review.engine.review import Reviewer
from rx_review.engine.semantics import semantics
from rx_review.engine.stored import decide_again, decision_json, facts_from_json, facts_json
from rx_review.errors import RxError
from rx_review.store import audit, reviews
from rx_review.store.database import Database, Row

MOST_TOLD = 1_000
"""Differences that a report tells one by one; all are counted."""
_BATCH = 200

Kind = Literal["different", "recomputed", "moved", "undecidable", "altered"]
"""What can be said of a review besides that it is equal.

different: decided again from its own facts, the answer is another.
recomputed: computed again by the same code from its own input, facts or answer are others.
moved: computed again by newer code, facts or answer are others; that is why the code was changed.
undecidable: its edition is not there, or what was stored cannot be read.
altered: it is not what its entry in the audit names.
"""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing to be said of a review, in lines of Chinese ` | ` English."""

    kind: Kind
    review: int
    prescription: str
    institution: str
    number: str
    revision: int
    at: datetime
    edition: str
    lines: tuple[str, ...]


@dataclass(slots=True)
class ReplayReport:
    """What a replay found."""

    semantics: str
    reviews: int = 0
    equal: int = 0
    """Decided again from stored facts to the same bytes."""
    different: int = 0
    undecidable: int = 0
    altered: int = 0
    computed: int = 0
    """Computed again from the input."""
    recomputed: int = 0
    """Of these, by the same code, and yet others."""
    moved: int = 0
    """Of these, by newer code, and others."""
    editions: int = 0
    seconds: float = 0.0
    told: list[Told] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """True if every decision was made again, byte for byte, and is what the audit names."""
        return not (self.different or self.undecidable or self.altered or self.recomputed)


def replay(
    database: Database,
    cache: Path | None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    prescription: str | None = None,
    sample: int | None = None,
    seed: int = 0,
    recompute: bool = False,
    compiled: Sequence[Reviewer] = (),
    progress: Callable[[int, int], None] | None = None,
) -> ReplayReport:
    """Decide stored reviews again and compare, byte for byte.

    Args:
        database: where they are.
        cache: where compiled editions are kept; None for nowhere.
        since: only reviews from this instant on.
        until: only reviews before this instant.
        prescription: only reviews of the prescription with this id.
        sample: only so many of them, drawn by `seed`.
        seed: the same seed draws the same sample of the same reviews.
        recompute: compute facts and decision again from sheet and circumstances, too.
        compiled: editions that this process has compiled already, such as the one in force. Every other is compiled
            here, and the C engine never gives its memory back (some 20 MB an edition): a process that lives on and
            replays again and again gives what it has.
        progress: called with how many are done, and of how many.

    Raises:
        Refusal: `busy` if the database is away.
        EnvironmentFault: rx-review was installed without its source, or an edition cannot be unpacked.
    """
    with database.read() as connection:
        chosen: Sequence[int] = reviews.numbers(connection, since, until, prescription)
    if sample is not None and sample < len(chosen):
        chosen = sorted(random.Random(seed).sample(chosen, sample))
    replayer = Replayer(database, cache, recompute=recompute, compiled=compiled)
    replayer.over(chosen, progress)
    return replayer.report


class Replayer:
    """Replays reviews of one database part by part: editions stay compiled, and one report counts all of it.

    Args:
        database: where they are.
        cache: as in `replay`, like the rest.
    """

    def __init__(
        self, database: Database, cache: Path | None, *, recompute: bool = False, compiled: Sequence[Reviewer] = ()
    ) -> None:
        self.report = ReplayReport(semantics())
        self._editions = CompiledEditions(database, cache, compiled)
        self._database = database
        self._recompute = recompute
        self._followed: set[int] = set()

    def follow(self) -> None:
        """Replay every review that was stored since the last call; others may be storing more meanwhile.

        Raises:
            Refusal: `busy` if the database is away.
        """
        with self._database.read() as connection:
            stored = reviews.numbers(connection, None, None)
        # Not only those behind the last: what got a lower number may be committed later.
        fresh = [number for number in stored if number not in self._followed]
        self.over(fresh)
        self._followed.update(fresh)

    def over(self, chosen: Sequence[int], progress: Callable[[int, int], None] | None = None) -> None:
        """Replay reviews by their ids; `progress` is called with how many are done, and of how many."""
        began = time.perf_counter()
        for start in range(0, len(chosen), _BATCH):
            self._batch(chosen[start : start + _BATCH])
            if progress is not None:
                progress(min(start + _BATCH, len(chosen)), len(chosen))
        self.report.editions = len(self._editions.seen)
        self.report.seconds += time.perf_counter() - began

    def _batch(self, ids: Sequence[int]) -> None:
        """Some hundred reviews."""
        with self._database.read() as connection:
            rows = reviews.numbered(connection, ids)
            names = sorted({row.prescription_id for row in rows})
            told = audit.of_prescriptions(connection, names)
            laid = reviews.of_prescriptions(connection, names)
        matches, erased = _matches(laid, told)
        for row in rows:
            match = matches[row.id]
            # What told of it may be among what was erased.
            if match.altered or (match.noted is None and row.prescription_id not in erased):
                self._tell("altered", row, [_altered(match)])
            self._one(row, match.parts)

    def _one(self, row: Row[Any], parts: Parts) -> None:
        self.report.reviews += 1
        if row.institution is None:
            self._tell("undecidable", row, ["其处方已不存在 | its prescription is not there"])
            return
        try:
            reviewer = self._editions.of(row.edition)
            self._decide(row, reviewer, parts)
            if self._recompute:
                self._compute(row, reviewer, parts)
        except (RxError, ValidationError, KeyError) as error:
            self._tell("undecidable", row, _said(error))

    def _decide(self, row: Row[Any], reviewer: Reviewer, parts: Parts) -> None:
        """From the stored facts."""
        facts = facts_from_json(parts["facts"])
        again = decision_json(decide_again(reviewer, row.number, row.revision, row.institution, row.issued_on, facts))
        if again == parts["decision"]:
            self.report.equal += 1
        else:
            self._tell("different", row, explain_difference(parts["decision"], again))

    def _compute(self, row: Row[Any], reviewer: Reviewer, parts: Parts) -> None:
        """From the stored input."""
        sheet = Prescription.model_validate_json(parts["body"])
        circumstances = Circumstances.model_validate_json(parts["circumstances"])
        review, facts = reviewer.decide(sheet, circumstances, row.at)
        again, computed = decision_json(review), facts_json(facts)
        self.report.computed += 1
        lines = [] if again == parts["decision"] else explain_difference(parts["decision"], again)
        if computed != parts["facts"]:
            lines.append("由原始处方算得的事实不同 | the facts computed from the input are others")
        if lines:
            self._tell("recomputed" if row.semantics == self.report.semantics else "moved", row, lines)

    def _tell(self, kind: Kind, row: Row[Any], lines: Sequence[str]) -> None:
        setattr(self.report, kind, getattr(self.report, kind) + 1)
        if len(self.report.told) < MOST_TOLD:
            whose = (row.prescription_id, row.institution or "", row.number or "", row.revision)
            self.report.told.append(Told(kind, row.id, *whose, row.at, row.edition, tuple(lines)))


def _matches(laid: Sequence[Row[Any]], told: Sequence[Row[Any]]) -> tuple[dict[int, Match], set[str]]:
    """Each review beside its entry, by the review's id; and the prescriptions of which an entry was erased."""
    by_prescription: defaultdict[str, tuple[list[Row[Any]], list[Row[Any]]]] = defaultdict(lambda: ([], []))
    for place, rows in enumerate((laid, told)):
        for row in rows:
            by_prescription[row.prescription_id][place].append(row)
    found: dict[int, Match] = {}
    for its_reviews, its_entries in by_prescription.values():
        matches, _ = matched(its_reviews, noted_in(its_entries))
        found |= {each.review.id: each for each in matches}
    return found, {row.prescription_id for row in told if row.body is None}


def _altered(match: Match) -> str:
    """What the audit says against a review."""
    if match.noted is None:
        return "审计记录中没有这次审核 | no entry of the audit tells of this review"
    parts, entry = ", ".join(match.altered), match.noted.entry
    return f"与审计记录 {entry} 所载摘要不符：{parts} | not what audit entry {entry} names: {parts}"


def _said(error: RxError | ValidationError | KeyError) -> list[str]:
    match error:
        case RxError():
            return [f"{fault.in_chinese()} | {fault}" for fault in error.faults]
        case KeyError():
            part = error.args[0]
            return [f"所存的 {part} 已损坏，无法解压 | the stored {part} is damaged: it cannot be unpacked"]
    return [f"所存的处方无法读取 | the stored input cannot be read: {error.error_count()} faults"]
