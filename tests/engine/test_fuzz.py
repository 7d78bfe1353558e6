"""The differential fuzzer for a while, and that it would notice.

FUZZ_SECONDS and FUZZ_SEED make it longer or other; each failure prints the words that play it again.
"""

import os
import subprocess
import sys
from dataclasses import replace

from tests.engine.fuzz import Game, Round, disagreement, main, make_game, shrink
from tests.properties.worlds import number, rule_of

from rx_review.engine.language import Test as Ask

AGE = number("age")
OVER = rule_of("over", (Ask(AGE, "over", 17),))


def test_durable_and_plain_agree_with_the_definition_on_random_rules(checkout):
    words = ["--seconds", os.environ.get("FUZZ_SECONDS", "10"), "--seed", os.environ.get("FUZZ_SEED", "1")]
    # A process of its own: forking one that has threads, as a test worker has, is asking for trouble.
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.fuzz", *words],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(checkout), *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_seed_plays_the_same_game_again():
    assert make_game("7-1") == make_game("7-1")
    assert make_game("7-1") != make_game("7-2")


def test_a_wrong_answer_is_made_smaller_until_nothing_can_be_left_out():
    game = make_game("3-11")
    more = Round(({"age": 18}, {"age": 17}), {"p0_limit": 1})
    noise = replace(game, conditions=(*game.conditions, OVER), rounds=(*game.rounds, more))

    def fails(tried: Game) -> bool:
        facts = [fact for played in tried.rounds for fact in played.facts]
        return OVER in tried.conditions and {"age": 18} in facts

    small = shrink(noise, fails)
    assert small == Game((OVER,), (Round(({"age": 18},), {}),))


def test_a_crash_and_a_hang_of_the_engine_are_told_from_a_wrong_answer(checkout):
    done = subprocess.run(
        [sys.executable, "-c", _DEATHS],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(checkout), *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == ["crashed with signal 11", "hung for 1 s", "wrong", "None"], done.stderr


_DEATHS = """
import os, signal, time
from tests.engine import fuzz
fuzz.HANGS_AFTER = 1
game = fuzz.make_game("1-1")
print(fuzz.play(game, lambda game: os.kill(os.getpid(), signal.SIGSEGV)), flush=True)
print(fuzz.play(game, lambda game: time.sleep(60)), flush=True)
print(fuzz.play(game, lambda game: "wrong"), flush=True)
print(fuzz.play(game, lambda game: None), flush=True)
"""


def test_a_lie_of_the_c_engine_is_noticed(monkeypatch):
    game = Game((OVER,), (Round(({"age": 18}, {"age": 17}), {}),))
    assert disagreement(game) is None
    monkeypatch.setattr("rx_review.engine.durable.DurableProgram.fire", lambda program, facts, parameters: [])
    assert disagreement(game) == "review 0: durable fires [], by definition [(0, 0)]"


def test_a_lie_of_the_plain_executor_is_noticed(monkeypatch):
    monkeypatch.setattr("rx_review.engine.plain._may_hold", lambda *_, **__: "True")
    assert (
        disagreement(Game((OVER,), (Round(({"age": 17},), {}),)))
        == "review 0, fact 0: plain: fires [0], by definition []"
    )


def test_the_command_says_what_it_played(capsys):
    assert main(["--seconds", "0"]) == 0
    assert capsys.readouterr().out == "seed 1: 0 rule sets, 0 reviews, no disagreement\n"
