"""Many submissions: cut into requests that the service takes, asked again where it was busy, answered in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rx_review.client.answers import Batch, BatchEntry, Standing
from rx_review.client.bodies import Sheet, sheet_body
from rx_review.client.effort import Budgets, Effort, Pace
from rx_review.client.link import Ask, Link
from rx_review.client.refusals import ClientError, Refused, Unavailable, Unreadable, passes_by_itself, refused

MOST, MOST_BYTES = 500, 16 * 1024 * 1024
"""Prescriptions and bytes of one request, as the service limits them."""
_HEAD, _TAIL, _ITEM_HEAD, _ITEM_TAIL = b'{"items":[', b"]}", b'{"prescription":', b"}"


@dataclass(frozen=True, slots=True)
class Submitted:
    """The answer to one prescription of many: where it stands, or why not. `index` counts from 0."""

    index: int
    standing: Standing | None
    refusal: ClientError | None


def submit_batch(link: Link, budgets: Budgets, pace: Pace, sheets: Iterable[Sheet]) -> Iterator[Submitted]:
    """Submit prescriptions as they come; answers in their order.

    Raises:
        ClientError: a whole request was refused or not answered; what was answered before is done.
    """
    first = 0
    for chunk in chunks(sheets):
        for index, entry in enumerate(_answers(link, Effort(pace, budgets.batch), chunk), first):
            yield Submitted(index, entry.answer, _refusal(entry))
        first += len(chunk)


def chunks(sheets: Iterable[Sheet], most: int = MOST, most_bytes: int = MOST_BYTES) -> Iterator[list[bytes]]:
    """Items as JSON, as many together as one request may hold; one that is too large for any goes alone."""
    held: list[bytes] = []
    size = free = len(_HEAD) + len(_TAIL)
    for sheet in sheets:
        item = _ITEM_HEAD + sheet_body(sheet) + _ITEM_TAIL
        if held and (len(held) == most or size + len(item) + 1 > most_bytes):
            yield held
            held, size = [], free
        held.append(item)
        size += len(item) + 1
    if held:
        yield held


def _answers(link: Link, effort: Effort, items: Sequence[bytes]) -> list[BatchEntry]:
    """The answers of one request. What follows an item that the service was too busy for is asked again with it.

    A later item may be the next revision of that one, refused for the gap; and what was done is only answered again.
    """
    done: list[BatchEntry] = []
    begin = 0
    while True:
        ask = Ask("POST", "/prescriptions/batch", _HEAD + b",".join(items[begin:]) + _TAIL)
        found = link.ask(ask, effort, Batch).items
        if len(found) != len(items) - begin:
            raise Unreadable(ask.path, 200, f"{len(found)} answers to {len(items) - begin} prescriptions")
        # The first answer of what was accepted stays: a later one would say that it was submitted before.
        earlier = done[begin:] or found
        done[begin:] = [old if old.answer is not None else new for old, new in zip(earlier, found, strict=True)]
        busy = [place for place, entry in enumerate(done) if entry.problem and passes_by_itself(entry.problem)]
        if not busy or not effort.rest():
            return done
        begin = busy[0]


def _refusal(entry: BatchEntry) -> Refused | Unavailable | None:
    problem = entry.problem
    if problem is None:
        return None
    if passes_by_itself(problem):
        return Unavailable(problem.detail.en, unknown=True, code=problem.code, trace=problem.trace or "")
    return refused(problem)
