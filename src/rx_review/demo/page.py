"""The day on a page of 80 columns, for a director: in Chinese or in English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from rx_review.audit.checking import Checked
from rx_review.audit.replay import ReplayReport
from rx_review.demo.figures import Figures
from rx_review.demo.wording import WORDS
from rx_review.domain.moves import STATE_NAMES, STATES
from rx_review.domain.review import VERDICTS
from rx_review.library.edition import Edition
from rx_review.library.rule import Rule

WIDTH = 80
_TOP_FAULTS, _TOP_MISSING = 10, 5
_TITLE: Mapping[str, int] = {"zh": 37, "en": 42}
"""Columns for the title of a rule; the article has the rest."""
_TIERS = ("county", "township", "village")


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that is told of a day. `seconds` are those of each submission, ascending."""

    day: str
    figures: Figures
    checked: Checked
    replayed: ReplayReport
    seconds: Sequence[float]


def day_page(outcome: Outcome, edition: Edition, lang: str) -> Text:
    """The page.

    Args:
        outcome: what is told.
        edition: whose rules found it.
        lang: zh or en.
    """
    words = WORDS[lang]
    text = Text()
    parts = (
        ("county", _county(outcome.figures, words, lang)),
        ("review", _review(outcome.figures, words)),
        ("faults", _faults(outcome.figures, edition, lang)),
        ("missing", _missing(outcome.figures, words, lang)),
        ("proof", _proof(outcome, words)),
    )
    text.append(f"{words['title'].format(outcome.day)}\n", "bold")
    text.append(f"{words['sample']}\n", "dim")
    for name, lines in parts:
        text.append(f"\n━━ {words[name]}\n", "bold cyan")
        for line in lines:
            text.append(f"  {_cut(line, WIDTH - 2).rstrip()}\n")
    return text


def _county(figures: Figures, words: Mapping[str, str], lang: str) -> Iterator[str]:
    heads = ["", words["sheets"], *(words[verdict] for verdict in VERDICTS)]
    yield _row(heads)
    for tier in _TIERS:
        counts = [figures.stops[tier, verdict] for verdict in VERDICTS]
        yield _row([words[f"tier {tier}"], figures.tiers[tier], *counts])
    yield _row([words["all"], figures.prescriptions, *(figures.verdicts[verdict] for verdict in VERDICTS)])
    shares = [f"{figures.per_hundred(figures.verdicts[verdict]):.1f}" for verdict in VERDICTS]
    yield _row([words["per_hundred"], "100", *shares])
    interruptive = figures.verdicts["return"] + figures.verdicts["block"]
    yield words["burden"].format(
        figures.per_hundred(interruptive), figures.per_hundred(figures.verdicts["hold"]),
        figures.per_hundred(figures.warned),
    )  # fmt: skip
    known = figures.lines - figures.essential_unknown
    yield words["essential"].format(_percent(figures.essential, known), known, figures.essential_unknown)
    yield words["antimicrobial"].format(_percent(figures.antimicrobial, figures.outpatient), figures.outpatient)
    ends = [(words.get(state) or getattr(STATE_NAMES[state], lang), figures.states[state]) for state in STATES]
    yield from _wrapped(words["midnight"], [f"{name} {count:,}" for name, count in ends if count])


def _review(figures: Figures, words: Mapping[str, str]) -> Iterator[str]:
    share = figures.per_hundred
    yield words["by_pharmacist"].format(share(figures.by_pharmacist), figures.by_pharmacist)
    yield words["by_machine"].format(share(figures.by_machine), figures.by_machine)
    yield words["unreviewed"].format(share(figures.unreviewed), figures.unreviewed)
    median, most = figures.wait(0.5), figures.wait(0.9)
    if median is not None and most is not None:
        yield words["wait"].format(median, most, len(figures.waits), figures.escalated)
    mending = figures.mending
    yield words["stopped"].format(mending.stopped, mending.offered)
    yield words["mended"].format(mending.taken, mending.mended)


def _faults(figures: Figures, edition: Edition, lang: str) -> Iterator[str]:
    rules: Mapping[str, Rule] = {rule.id: rule for rule in edition.rules}
    for name, count in sorted(figures.faults.items(), key=lambda item: (-item[1], item[0]))[:_TOP_FAULTS]:
        rule = rules[name]
        title = rule.title.zh if lang == "zh" else rule.title.en
        article = f"{rule.basis[0].law} {rule.basis[0].article}" if rule.basis else "-"
        width = _TITLE[lang]
        yield f"{count:>5,}  {_cut(title, width)} {_cut(article, WIDTH - 10 - width)}"


def _missing(figures: Figures, words: Mapping[str, str], lang: str) -> Iterator[str]:
    yield words["complete"].format(figures.per_hundred(figures.complete))
    for fact, count in sorted(figures.missing.items(), key=lambda item: (-item[1], item[0]))[:_TOP_MISSING]:
        rules = words["settles"].format(len(figures.settles[fact]))
        yield f"{count:>5,}  {_cut(figures.labels[fact][lang], 54)} {rules}"


def _proof(outcome: Outcome, words: Mapping[str, str]) -> Iterator[str]:
    checked, replayed, seconds = outcome.checked, outcome.replayed, outcome.seconds
    whole = words["whole"] if checked.whole else words["broken"].format(len(checked.faults))
    yield words["audit"].format(checked.entries, checked.seals, whole)
    yield words["replay"].format(replayed.equal, replayed.reviews)
    if seconds:
        yield words["speed"].format(
            len(seconds) / sum(seconds), 1e3 * seconds[len(seconds) // 2], 1e3 * seconds[int(0.95 * len(seconds))]
        )


def _cut(text: str, width: int) -> str:
    """The text in so many columns, with a mark where it goes on."""
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"


def _percent(count: int, of: int) -> str:
    return f"{100 * count / of:.1f}%" if of else "-"


def _row(cells: Sequence[object]) -> str:
    """Columns: the first to the left, figures to the right, whatever a character's width."""
    first, *rest = (f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells)
    return set_cell_size(first, 12) + "".join(" " * max(1, 9 - cell_len(cell)) + cell for cell in rest)


def _wrapped(title: str, items: Sequence[str]) -> Iterator[str]:
    """Items one after the other, as many on a line as it holds."""
    line = title
    for item in items:
        if cell_len(line) + cell_len(item) + 3 > WIDTH - 2:
            yield line
            line = " " * cell_len(title)
        line += f" {item} ·"
    yield line.removesuffix(" ·")
