"""`rx county`: prescriptions of an invented county, and what the rules cost it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from itertools import islice

from rich.progress import Progress
from rich.table import Table

from rx_review import config
from rx_review.bench import Measure
from rx_review.cli.bench import show
from rx_review.cli.console import edition, err, out
from rx_review.county import Burden, Generated, generate_county, measure_burden, read_regimens
from rx_review.errors import Fault, InputError
from rx_review.library.edition import Edition

_MOST = 25


def generate(seed: int, days: int, per_day: int, first: str, gaps: bool, violations: bool, labels: bool) -> None:
    """Print the prescriptions of some days as JSON Lines; with labels, each inside an object that says what it is."""
    loaded, regimens = edition(), read_regimens(cache=config.cache_dir())
    made = generate_county(
        loaded.formulary, regimens, seed=seed, first=_day(first), days=days, per_day=per_day, gaps=gaps,
        faults=violations, cache=config.cache_dir(),
    )  # fmt: skip
    for one in made:
        sys.stdout.write(json.dumps(_labelled(one) if labels else _sheet(one), ensure_ascii=False) + "\n")


def _sheet(one: Generated) -> object:
    sent = one.faulty or one.sound
    return json.loads(sent.prescription.model_dump_json(by_alias=True, exclude_none=True))


def _labelled(one: Generated) -> object:
    sent, planted = one.faulty or one.sound, one.planted
    return {
        "prescription": _sheet(one),
        "circumstances": json.loads(sent.circumstances.model_dump_json(exclude_none=True)),
        "regimen": one.regimen,
        "fault": planted and {
            "name": planted.fault, "codes": sorted(planted.codes), "lines": planted.lines,
            "reviewed_at": planted.at.isoformat() if planted.at else None,
        },
    }  # fmt: skip


def _day(written: str) -> date:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        day = date.min
    if not 2000 <= day.year < 2100:
        fault = Fault("--from", f"{written!r} is no day from 2000 to 2099", "write 2026-11-02",
                      "不是 2000 至 2099 年的日期；请写成 2026-11-02")  # fmt: skip
        raise InputError(fault)
    return day


def burden(as_json: bool, seed: int, prescriptions: int, first: str, gaps: bool, detail: bool) -> int:
    """Review generated prescriptions, sound ones and faulty ones, and print what it costs; 1 if a bar does not hold."""
    loaded = edition()
    with Progress(console=err(), transient=True, disable=not err().is_terminal) as progress:
        task = progress.add_task("review", total=2 * prescriptions)
        counted = _count(loaded, seed, prescriptions, _day(first), gaps, lambda done: progress.advance(task, done))
    if detail and not as_json:
        _tables(counted, loaded)
    return show(burden_measures(counted), as_json)


def _count(
    loaded: Edition, seed: int, prescriptions: int, day: date, gaps: bool, progress: Callable[[int], None]
) -> Burden:
    regimens = read_regimens(cache=config.cache_dir())
    per_day = min(prescriptions, 1_000)
    days = -(-prescriptions // per_day)

    def drawn(seed: int, faults: bool) -> islice[Generated]:
        made = generate_county(
            loaded.formulary, regimens, seed=seed, first=day, days=days, per_day=per_day, gaps=gaps, faults=faults,
            cache=config.cache_dir(),
        )  # fmt: skip
        return islice(made, prescriptions)

    return measure_burden(loaded, drawn(seed, False), drawn(seed + 1, True), progress)


def burden_measures(counted: Burden) -> list[Measure]:
    """The figures and their bars; rates are prescriptions per 100 prescriptions, but `shown` counts findings."""
    return [
        Measure("burden interruptive", round(counted.interruptive, 2), "per 100", 2.0),
        Measure("burden hold", round(counted.per_hundred(counted.verdicts["hold"]), 2), "per 100", 3.0),
        Measure("burden warn", round(counted.per_hundred(counted.warned), 2), "per 100", 15.0),
        Measure("shown to doctor", round(counted.per_hundred(counted.shown), 1), "per 100", 200.0),
        Measure("most shown to doctor at once", counted.most_shown, "", 2.0),
        Measure("seeded violations found", round(counted.share_found, 2), "%", 95.0, at_most=False),
        Measure("seeded violations", sum(counted.planted.values()), ""),
        Measure("seeded violations without a rule", sum(counted.uncovered.values()), ""),
        Measure("prescriptions", counted.reviewed, ""),
    ]


def _tables(counted: Burden, loaded: Edition) -> None:
    names = {rule.id: rule.title.zh for rule in loaded.rules}
    rules = Table("rule", "", "severity", "per 100", title="规则 · by rule")
    for (rule, severity), count in counted.by_rule.most_common(_MOST):
        rules.add_row(rule, names.get(rule, ""), severity, f"{counted.per_hundred(count):.2f}")
    missing = Table("missing fact", "outcome", "per 100", title="缺失信息 · by missing fact")
    for (fact, outcome), count in counted.by_missing.most_common(_MOST):
        missing.add_row(fact, outcome, f"{counted.per_hundred(count):.2f}")
    regimens = Table(
        "regimen", "finding", "severity", "count", title="方案 · regimens that are warned of, held or stopped"
    )
    for (regimen, rule, severity), count in counted.by_regimen.most_common(_MOST):
        regimens.add_row(regimen, rule, severity, str(count))
    faults = Table("planted fault", "planted", "found", title="种入的问题 · planted faults")
    for name, count in sorted(counted.planted.items(), key=lambda item: counted.found[item[0]] / item[1]):
        faults.add_row(name, str(count), str(counted.found[name]))
    for name, count in sorted(counted.uncovered.items()):
        faults.add_row(name, str(count), "no rule yet")
    for table in (rules, missing, regimens, faults):
        out().print(table)
