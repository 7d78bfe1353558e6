"""What a store keeps of a decision: its facts and its words as bytes, and how to decide again from the facts.

The facts are compact JSON: a format number, and under each subject its cases in the order in which they were
judged. A case keeps what it adds to the case above it; the one above a line or a pair is the prescription, the one
above a concern is the line at place `above`. Values are as the engines see them, names those of the vocabulary.
Both forms are the bytes that `json.dumps` writes without spaces and without escaping Chinese, in UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from rx_review.domain.review import Review, Subject
from rx_review.engine.language import GREATEST, SUBJECTS
from rx_review.engine.review import Reviewer
from rx_review.errors import Fault, RxError
from rx_review.facts.case import Case, Facts, Value
from rx_review.facts.vocabulary import CAUSES, OWN, Fact

FORMAT = 1
"""Goes up when stored facts are written in another form; every earlier form must still be read."""

_WORDS: Mapping[Subject, Mapping[str, Fact]] = {
    subject: {fact.name: fact for fact in facts} for subject, facts in OWN.items()
}
_Both = Annotated[dict[Literal["zh", "en"], str], Field(min_length=2)]
_FAULTS_SHOWN = 20


class StoredError(RxError):
    """What was stored of a decision cannot be read back, or cannot be stored."""


class _Case(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    lines: tuple[int, ...]
    own: dict[str, int | str]
    missing: dict[str, str] = {}
    texts: dict[str, str | _Both] = {}
    ingredients: tuple[str, ...]
    row: str = ""
    ask: _Both | None = None
    above: int | None = None


class _Cases(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    prescription: Annotated[tuple[_Case, ...], Field(min_length=1, max_length=1)]
    line: tuple[_Case, ...]
    concern: tuple[_Case, ...]
    pair: tuple[_Case, ...]


class _Stored(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    format: Literal[1]
    cases: _Cases


_DECISION = TypeAdapter(Review)


def facts_json(facts: Facts) -> bytes:
    """Every case, with all that is needed to decide again.

    Raises:
        StoredError: if a case does not stand under the one that its subject stands under.
    """
    (whole,) = facts.cases["prescription"]
    places = {id(line): place for place, line in enumerate(facts.cases["line"])}
    cases: dict[str, list[dict[str, Any]]] = {}
    for subject in SUBJECTS:
        written = cases[subject] = []
        for case in facts.cases[subject]:
            tree: dict[str, Any] = {"lines": case.lines, "own": case.own}
            if case.missing:
                # What a site cannot send comes out of a set, in no order of its own.
                tree["missing"] = dict(sorted(case.missing.items()))
            if case.texts:
                tree["texts"] = case.texts
            tree["ingredients"] = case.ingredients
            if case.row:
                tree["row"] = case.row
            if case.ask is not None:
                tree["ask"] = case.ask
            if subject == "concern":
                place = tree["above"] = places.get(id(case.above))
                astray = place is None
            else:
                astray = case.above is not (None if case is whole else whole)
            if astray:
                raise _misplaced(subject, len(written))
            written.append(tree)
    return to_json({"format": FORMAT, "cases": cases})


def facts_from_json(data: bytes) -> Facts:
    """The facts that `facts_json` wrote: equal case by case, values of the same types, in the same order.

    Raises:
        StoredError: if these are not such bytes, naming up to twenty places where they differ.
    """
    try:
        read = _Stored.model_validate_json(data)
    except ValidationError as error:
        raise _unread("stored facts", error) from None
    stored: Mapping[Subject, tuple[_Case, ...]] = {subject: getattr(read.cases, subject) for subject in SUBJECTS}
    faults = [fault for subject, cases in stored.items() for fault in _faults(subject, cases, len(read.cases.line))]
    if faults:
        raise StoredError(*faults[:_FAULTS_SHOWN])
    whole = _case("prescription", read.cases.prescription[0], None)
    lines = tuple(_case("line", case, whole) for case in read.cases.line)
    return Facts(
        {
            "prescription": (whole,),
            "line": lines,
            "concern": tuple(_case("concern", case, lines[case.above or 0]) for case in read.cases.concern),
            "pair": tuple(_case("pair", case, whole) for case in read.cases.pair),
        }
    )


def decision_json(review: Review) -> bytes:
    """What was decided, as answers carry it: all of a review but the ways to pass, which are advice."""
    return to_json(
        {
            "prescription": review.prescription,
            "revision": review.revision,
            "verdict": review.verdict,
            "complete": review.complete,
            "edition": review.edition,
            "findings": review.findings,
            "not_judged": review.not_judged,
            "shown": review.shown,
        }
    )


def decision_from_json(data: bytes) -> Review:
    """The review that `decision_json` wrote, without ways to pass.

    Raises:
        StoredError: if these are not such bytes.
    """
    try:
        return _DECISION.validate_json(data)
    except ValidationError as error:
        raise _unread("stored decision", error) from None


def decide_again(
    reviewer: Reviewer, number: str, revision: int, institution: str, issued_on: date, facts: Facts
) -> Review:
    """Decide from stored facts, with both executors.

    With the edition of the first decision the `decision_json` of both is the same, byte for byte, unless the C engine
    failed in one of them.

    Args:
        reviewer: the edition to decide by.
        number: number of the prescription.
        revision: its revision.
        institution: who issued it.
        issued_on: the county's day of issue.
        facts: what `facts_from_json` read.
    """
    return reviewer.answer(facts, number, revision, institution, issued_on)


def _case(subject: Subject, read: _Case, above: Case | None) -> Case:
    ask: Mapping[str, str] | None = None if read.ask is None else {"zh": read.ask["zh"], "en": read.ask["en"]}
    return Case(subject, read.lines, read.own, read.missing, read.texts, read.ingredients, read.row, ask, above)


def _faults(subject: Subject, cases: tuple[_Case, ...], lines: int) -> Iterator[Fault]:
    """What the form alone cannot see: names, kinds, causes and places."""
    words = _WORDS[subject]
    for place, case in enumerate(cases):
        where = f"/cases/{subject}/{place}"
        for name, value in case.own.items():
            if name not in words or not _is_right(words[name], value):
                yield _damaged(f"{where}/own/{name}", f"{value!r} is no value of a fact of that name")
        for name, cause in case.missing.items():
            if name not in words or name in case.own or cause not in CAUSES:
                yield _damaged(f"{where}/missing/{name}", f"{cause!r} is not why such a fact is missing")
        for name in case.texts:
            if name not in words or words[name].kind != "text":
                yield _damaged(f"{where}/texts/{name}", "no text has that name")
        if (case.above is not None) is not (subject == "concern") or not 0 <= (case.above or 0) < max(lines, 1):
            yield _damaged(f"{where}/above", f"{case.above} is no place of a line")
        if subject == "concern" and not lines:
            yield _damaged(where, "a concern without a line")


def _is_right(fact: Fact, value: Value) -> bool:
    if fact.kind == "code":
        return isinstance(value, str) and (not fact.values or value in fact.values)
    greatest = 1 if fact.kind == "flag" else GREATEST
    return fact.kind != "text" and isinstance(value, int) and 0 <= value <= greatest


def _unread(what: str, error: ValidationError) -> StoredError:
    found = error.errors(include_url=False, include_context=False, include_input=False)[:_FAULTS_SHOWN]
    return StoredError(
        *(_damaged("".join(f"/{part}" for part in entry["loc"]) or "/", entry["msg"], what) for entry in found)
    )


def _damaged(where: str, what: str, of: str = "stored facts") -> Fault:
    return Fault(
        f"{of}: {where}",
        what,
        "they are damaged or a newer program wrote them: restore them from a backup, or recompute from the input",
        "所存内容已损坏，或由更新的程序写成；请从备份恢复，或按原始处方重新计算",
    )


def _misplaced(subject: Subject, place: int) -> StoredError:
    return StoredError(
        Fault(
            f"facts: {subject} {place}",
            "does not stand under a case of this review",
            "store the facts of one review, as decide() gave them",
            "不在本次审核的上级事实之下；请保存 decide() 给出的同一次审核的事实",
        )
    )
