"""How fast both executors judge, beside other rule engines: the same facts, the same rules, the same verdicts.

Facts are computed before: every contender gets the same known facts of the same cases, as `Program.inputs` hands
them to our executors, and all rules of the edition that run, active and shadow, with the parameters of one day.
What a caller would pay for each prescription counts for each contender: our durable writes its JSON, CLIPS asserts
and retracts, zen-engine and CEL turn dicts into values of theirs. What is done once a rule book does not count.
Each peer is used as its documentation advises; what zen-engine's expressions would take as one text without rules in
it is measured as well, and is not a peer.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from statistics import median

from rx_review.bench.measures import Measure
from rx_review.bench.peers import EXPRESSION, NAMES, compile_peers
from rx_review.bench.peers.asked import Fired, Inputs, Parameters
from rx_review.bench.sheets import varied_sheets
from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.prescription import Prescription
from rx_review.domain.review import Subject
from rx_review.domain.values import county_day
from rx_review.engine.durable import DurableProgram
from rx_review.engine.language import Program, compile_rules
from rx_review.engine.plain import PlainProgram
from rx_review.facts.build import FactBuilder
from rx_review.library.edition import Edition

Judge = Callable[[Inputs], Fired]

_SLICE = 50


class Ours:
    """Our two executors, alone and together."""

    def __init__(self, programs: Mapping[Subject, Program], parameters: Parameters) -> None:
        self._parameters = parameters
        self._plain = {subject: PlainProgram(program) for subject, program in programs.items()}
        self._durable = {subject: DurableProgram(program) for subject, program in programs.items()}

    def durable(self, inputs: Inputs) -> Fired:
        """What certainly fires, from durable-rules."""
        fired: Fired = []
        for subject, cases in inputs.items():
            found = self._durable[subject].fire(cases, self._parameters[subject])
            fired += [(subject, rule, case) for rule, case in found]
        return fired

    def plain(self, inputs: Inputs) -> Fired:
        """What certainly fires, from the generated Python, which also finds what cannot be judged."""
        fired: Fired = []
        for subject, cases in inputs.items():
            judged = self._plain[subject].judge_all(cases, self._parameters[subject])
            fired += [(subject, rule, case) for case, (fires, _) in enumerate(judged) for rule in fires]
        return fired

    def both(self, inputs: Inputs) -> Fired:
        """Both, the one confirming the other as a review does; if they differ, what either says."""
        fired, found = self.plain(inputs), self.durable(inputs)
        return fired if len(found) == len(fired) and set(found) == set(fired) else [*fired, *found]


@dataclass(slots=True)
class Times:
    """What a contender took for each slice of prescriptions, in µs a prescription: on the clock and of the CPU."""

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


def measure_engine(edition: Edition, reviews: int, progress: Callable[[int], None]) -> list[Measure]:
    """Judge that many prescriptions with every contender and measure.

    Args:
        edition: rules and formulary.
        reviews: how many prescriptions, at least one slice of 50.
        progress: called with the number of prescriptions done since the last call.

    Returns:
        Measures in µs a prescription, and ratios: how many times longer the fastest peer takes than we do, and how
        many times longer (or, below one, shorter) zen-engine's bare expressions, which are no peer.

    Raises:
        EnvironmentFault: if a peer is not installed.
    """
    programs = {subject: program for subject, program in compile_rules(edition.rules).items() if program.conditions}
    sheets = list(islice(varied_sheets(), reviews))
    day = county_day(sheets[0].issued_at).toordinal()
    parameters = {subject: resolved(program, edition, day) for subject, program in programs.items()}
    contenders = contenders_of(programs, parameters)
    inputs = list(inputs_of(edition, programs, sheets))
    different = sum(1 for sheet in inputs if disagreeing(contenders, sheet))
    gc.collect()
    # The inputs are the benchmark's own; a service holds none of them, so collections must not walk them.
    gc.freeze()
    return _measures(_timed(contenders, inputs, progress), len(inputs), different)


def contenders_of(programs: Mapping[Subject, Program], parameters: Parameters) -> dict[str, Judge]:
    """Every contender by its name, compiled.

    Raises:
        EnvironmentFault: if a peer is not installed.
    """
    peers = compile_peers(programs, parameters)
    ours = Ours(programs, parameters)
    return {
        "durable": ours.durable,
        "plain": ours.plain,
        "both": ours.both,
        **{name: peer.judge for name, peer in peers.items()},
    }


def disagreeing(contenders: Mapping[str, Judge], inputs: Inputs) -> list[str]:
    """The contenders whose verdicts on one prescription are not plain's, or name a rule twice."""
    expected = sorted(contenders["plain"](inputs))
    return [name for name, judge in contenders.items() if sorted(judge(inputs)) != expected]


def inputs_of(
    edition: Edition, programs: Mapping[Subject, Program], sheets: Sequence[Prescription]
) -> Iterator[Inputs]:
    """What is known of each case of each prescription, where nothing was looked up."""
    builder = FactBuilder(edition.formulary)
    for sheet in sheets:
        cases = builder.build(sheet, NOTHING_KNOWN, sheet.issued_at).cases
        yield {subject: program.inputs(cases[subject]) for subject, program in programs.items() if cases[subject]}


def resolved(program: Program, edition: Edition, day: int) -> dict[str, int | str]:
    """The parameters that a subject's rules read on the day with that ordinal; those without a value are absent."""
    read = {name: edition.formulary.parameter(parameter, day) for name, (parameter, _) in program.parameters.items()}
    return {name: int(value.scaleb(program.parameters[name][1])) for name, value in read.items() if value is not None}


def _timed(
    contenders: Mapping[str, Judge], inputs: Sequence[Inputs], progress: Callable[[int], None]
) -> dict[str, Times]:
    """Time slice by slice, each slice with every contender and each time another one first."""
    times = {name: Times() for name in contenders}
    names = list(contenders)
    for start in range(0, len(inputs) - _SLICE + 1, _SLICE):
        part = inputs[start : start + _SLICE]
        for name in names:
            judge = contenders[name]
            processor, wall = time.process_time(), time.perf_counter()
            for sheet in part:
                judge(sheet)
            times[name].wall.append((time.perf_counter() - wall) * 1e6 / _SLICE)
            times[name].processor.append((time.process_time() - processor) * 1e6 / _SLICE)
        names.append(names.pop(0))
        progress(_SLICE)
    return times


def _measures(times: Mapping[str, Times], compared: int, different: int) -> list[Measure]:
    fastest = min(NAMES, key=lambda name: median(times[name].processor))

    def ratio(other: str, name: str) -> float:
        """Of CPU time: a busy machine interrupts whoever takes longer more often. Slice by slice, as it also slows."""
        return round(median(p / o for p, o in zip(times[other].processor, times[name].processor, strict=True)), 2)

    return [
        Measure("ratio to fastest peer, both", ratio(fastest, "both"), "", 2, at_most=False),
        Measure("ratio to fastest peer, plain", ratio(fastest, "plain"), "", 8, at_most=False),
        Measure(f"ratio to {EXPRESSION}, both", ratio(EXPRESSION, "both"), ""),
        Measure(f"ratio to {EXPRESSION}, plain", ratio(EXPRESSION, "plain"), ""),
        *(Measure(f"µs per prescription, {name}", round(median(times[name].wall), 1), "µs") for name in times),
        *(Measure(f"CPU µs per prescription, {name}", round(median(times[name].processor), 1), "µs") for name in times),
        Measure("prescriptions compared", compared, ""),
        Measure("verdicts different", different, "", 0),
    ]
