"""`rx bench`."""

from __future__ import annotations

import json

from rich.progress import Progress
from rich.table import Table

from rx_review.bench import Measure, measure_engine, measure_review
from rx_review.cli.console import edition, err, out


def bench_review(as_json: bool, reviews: int) -> int:
    """Measure review and print the measures; 1 if a bar does not hold."""
    loaded = edition()
    with Progress(console=err(), transient=True, disable=not err().is_terminal) as progress:
        task = progress.add_task("review", total=reviews)
        measures = measure_review(loaded, reviews, lambda done: progress.advance(task, done))
    return show(measures, as_json)


def bench_engine(as_json: bool, reviews: int) -> int:
    """Measure both executors beside other rule engines and print the measures; 1 if a bar does not hold."""
    loaded = edition()
    with Progress(console=err(), transient=True, disable=not err().is_terminal) as progress:
        task = progress.add_task("engine", total=reviews)
        measures = measure_engine(loaded, reviews, lambda done: progress.advance(task, done))
    return show(measures, as_json)


def show(measures: list[Measure], as_json: bool) -> int:
    """Print measures as a table or as JSON."""
    if as_json:
        print(json.dumps({"measures": [measure.as_json() for measure in measures]}))
    else:
        table = Table("measure", "value", "unit", "bar", "holds")
        for measure in measures:
            bar = "" if measure.bar is None else f"{'<=' if measure.at_most else '>='} {measure.bar:g}"
            holds = {True: "yes", False: "NO", None: ""}[measure.holds]
            table.add_row(measure.name, f"{measure.value:g}", measure.unit, bar, holds)
        out().print(table)
    return 0 if all(measure.holds is not False for measure in measures) else 1
