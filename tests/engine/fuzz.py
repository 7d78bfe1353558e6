"""The differential fuzzer: random rule sets and random reviews, three ways of judging, one answer.

    python -m tests.engine.fuzz --seconds 3600 --seed 7     as long as you like
    python -m tests.engine.fuzz --seed 7 --only 1234        that rule set again

Each rule set is judged in a forked child, so that a crash of the C engine is caught. What fails is made
smaller, by leaving out rules, tests, facts and values as long as it still fails, and then printed.
"""

import argparse
import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from tests.properties.oracle import outcome
from tests.properties.worlds import Facts, make_facts, make_parameters, make_rule, make_world, program, shown

from rx_review.engine.durable import DurableProgram
from rx_review.engine.language import Condition
from rx_review.engine.plain import PlainProgram

HANGS_AFTER = 10.0

T = TypeVar("T")


@dataclass(frozen=True)
class Round:
    """One review: the facts of each case, and what the parameters stand for."""

    facts: tuple[Facts, ...]
    parameters: Facts


@dataclass(frozen=True)
class Game:
    """A rule set and the reviews to play with it."""

    conditions: tuple[Condition, ...]
    rounds: tuple[Round, ...]


def make_game(seed: str) -> Game:
    choose = random.Random(seed)
    world = make_world(choose)
    count = choose.choice((1, 2, 3, 5, 8, 13, 30, 70, 150))
    conditions = tuple(make_rule(choose, world, f"rule-{index}") for index in range(count))
    known = choose.choice((1.0, 0.9, 0.7, 0.4))
    rounds = tuple(
        Round(
            tuple(make_facts(choose, world, known) for _ in range(choose.choice((0, 1, 2, 3, 8)))),
            make_parameters(choose, world, known),
        )
        for _ in range(choose.randint(1, 6))
    )
    return Game(conditions, rounds)


def disagreement(game: Game) -> str | None:
    """What is wrong, or None: both executors and the definition say the same of every fact of every review."""
    rules = program(*game.conditions)
    durable, plain = DurableProgram(rules), PlainProgram(rules)
    for number, played in enumerate(game.rounds):
        expected_pairs = []
        for index, fact in enumerate(played.facts):
            says = [outcome(condition, {**fact, **played.parameters}) for condition in game.conditions]
            for name, found in zip(("fires", "undetermined"), plain.judge(fact, played.parameters), strict=True):
                expected = [rule for rule, word in enumerate(says) if word == name]
                if found != expected:
                    return f"review {number}, fact {index}: plain: {name} {found}, by definition {expected}"
            expected_pairs += [(rule, index) for rule, word in enumerate(says) if word == "fires"]
        found_pairs = sorted(durable.fire(played.facts, played.parameters))
        if found_pairs != sorted(expected_pairs):
            return f"review {number}: durable fires {found_pairs}, by definition {sorted(expected_pairs)}"
    return None


def play(game: Game, judge: Callable[[Game], str | None] = disagreement) -> str | None:
    """Judge in a child; what is wrong, a crash or a hang, or None."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            said = judge(game) or ""
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode()[:4000])
        # Not sys.exit: the child has nothing to clean up, and must not run what the parent registered.
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        if not select.select([pipe], [], [], HANGS_AFTER)[0]:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return f"hung for {HANGS_AFTER} s"
        said = pipe.read().decode(errors="replace")
    status = os.waitpid(child, 0)[1]
    return f"crashed with signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else said or None


def shrink(game: Game, fails: Callable[[Game], bool], seconds: float = 30.0) -> Game:
    """The smallest game found that still fails: parts are left out one after another until none can be."""
    until = time.monotonic() + seconds
    progress = True
    while progress:
        progress = False
        for smaller in smaller_games(game):
            if time.monotonic() > until:
                return game
            if fails(smaller):
                game, progress = smaller, True
                break
    return game


def smaller_games(game: Game) -> Iterator[Game]:
    """Every game with one part less, the largest parts first."""
    for conditions in _without(game.conditions):
        if conditions:
            yield replace(game, conditions=conditions)
    for rounds in _without(game.rounds):
        yield replace(game, rounds=rounds)
    for index, played in enumerate(game.rounds):
        for fewer in _without(played.facts):
            yield replace(game, rounds=_put(game.rounds, index, replace(played, facts=fewer)))
    for index, condition in enumerate(game.conditions):
        for side in ("when", "unless"):
            for tests in _without(getattr(condition, side)):
                if tests or side == "unless":
                    changed = replace(condition, **{side: tests})
                    yield replace(game, conditions=_put(game.conditions, index, changed))
    for index, played in enumerate(game.rounds):
        for parameters in _without_one(played.parameters):
            yield replace(game, rounds=_put(game.rounds, index, replace(played, parameters=parameters)))
        for place, fact in enumerate(played.facts):
            for less in _without_one(fact):
                facts = _put(played.facts, place, less)
                yield replace(game, rounds=_put(game.rounds, index, replace(played, facts=facts)))


def _without_one(fact: Facts) -> Iterator[Facts]:
    for name in fact:
        yield {other: value for other, value in fact.items() if other != name}


def _without(items: Sequence[T]) -> Iterator[tuple[T, ...]]:
    """Without one half, then without the other, then without each."""
    half = len(items) // 2
    if half > 1:
        yield tuple(items[half:])
        yield tuple(items[:half])
    for index in range(len(items)):
        yield (*items[:index], *items[index + 1 :])


def _put(items: Sequence[T], index: int, item: T) -> tuple[T, ...]:
    return (*items[:index], item, *items[index + 1 :])


def report(game: Game, wrong: str) -> str:
    """A failing game as a person reads it."""
    lines = [f"wrong: {wrong}"]
    lines += [f"rule {index}: {json.dumps(shown(c), ensure_ascii=False)}" for index, c in enumerate(game.conditions)]
    for number, played in enumerate(game.rounds):
        lines.append(f"review {number}, parameters: {json.dumps(played.parameters)}")
        lines += [f"    fact {i}: {json.dumps(fact, ensure_ascii=False)}" for i, fact in enumerate(played.facts)]
    return "\n".join(lines)


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="compare the executors on random rules and facts")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="play this rule set alone")
    given = parser.parse_args(words)
    until = time.monotonic() + given.seconds
    number, played, reviews = given.only or 0, 0, 0
    while given.only is not None or time.monotonic() < until:
        game = make_game(f"{given.seed}-{number}")
        wrong = play(game)
        played, reviews = played + 1, reviews + len(game.rounds)
        if wrong is not None:
            print(f"seed {given.seed}, rule set {number}: --seed {given.seed} --only {number}", flush=True)
            small = shrink(game, lambda smaller: play(smaller) is not None)
            print(report(small, play(small) or wrong))
            return 1
        if given.only is not None:
            break
        number += 1
    print(f"seed {given.seed}: {played} rule sets, {reviews} reviews, no disagreement")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
