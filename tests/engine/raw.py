"""The C extension without our guard, for tests that show what the guard is for.

Only these tests and `engine/durable.py` may import `durable_rules_engine`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from unittest import mock

import durable_rules_engine as c
from tests.properties.worlds import program

from rx_review.engine.durable import DurableProgram
from rx_review.engine.language import Condition

_names = count()
Json = Mapping[str, object]


def encode(value: object, *, ascii_only: bool = False) -> str:
    """JSON as our driver writes it; `ascii_only` writes 青 as backslash-u."""
    return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))


def on_one(*tests: Json) -> Json:
    """A rule of the safe subset: all of these tests on one fact."""
    return {"all": [{"m": {"$and": list(tests)} if len(tests) > 1 else tests[0]}]}


def fnv1a(name: str) -> int:
    """The hash by which the extension finds properties, facts and states; its own source calls it FNV-1."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


@dataclass
class Raw:
    """A ruleset as the C extension has it: nothing is checked, nothing is put right."""

    rules: Json
    ascii_only: bool = False
    codes: list[int] = field(default_factory=list)
    slot: int = 0

    def __post_init__(self) -> None:
        self.handle = c.create_ruleset(f"raw-{next(_names)}", encode(self.rules, ascii_only=self.ascii_only))

    def assert_fact(self, sid: str | None = "one", /, **fact: object) -> int:
        """Assert one fact and return the engine's code: 0 may fire, 1 matched nothing, 2 seen before."""
        code, self.slot = c.assert_fact(self.handle, encode({**({"sid": sid} if sid else {}), **fact}))
        self.codes.append(code)
        return code

    def drain(self, slot: int | None = None) -> list[str]:
        """Names of the rules that fire, in the engine's order."""
        return [name for name, _ in self.results(slot)]

    def results(self, slot: int | None = None) -> list[tuple[str, Json]]:
        """Rules that fire with the facts by which they do."""
        slot = slot or self.slot
        found: list[tuple[str, Json]] = []
        started = c.start_action_for_state(self.handle, slot)
        result = started[1] if started else None
        while result is not None:
            found += json.loads(result).items()
            result = c.complete_and_start_action(self.handle, slot)
        return found


def fires(rules: Json, facts: Sequence[Json]) -> list[str]:
    """Which rules fire when the facts are asserted one by one, each with an id of its own."""
    engine = Raw(rules)
    for index, fact in enumerate(facts):
        engine.assert_fact(id=f"{index}", **fact)
    return sorted(engine.drain())


def handed_over(*conditions: Condition) -> list[Json]:
    """The rulesets that our driver would hand to the engine for these rules; the engine never sees them."""
    given: list[Json] = []
    with mock.patch.object(c, "create_ruleset", lambda _, rules: given.append(json.loads(rules)) or 0):
        DurableProgram(program(*conditions)).unbound()
    return given


@dataclass(frozen=True)
class Ended:
    """How a child process ended: `hung`, `killed` by a signal, or with an exit code; and what it printed."""

    hung: bool
    code: int
    out: str
    err: str

    @property
    def crashed(self) -> bool:
        """Whether the process was killed by a signal, such as a segmentation fault."""
        return not self.hung and self.code < 0


_HEAD = """
import json, sys
import durable_rules_engine as c
from tests.engine.raw import Raw, encode, on_one
"""


def in_child(source: str, seconds: float = 10.0, **environment: str) -> Ended:
    """Run Python in a process of its own, because the engine may take that process with it."""
    command = [sys.executable, "-c", _HEAD + source]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            cwd=_TOP,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([_TOP, *filter(None, sys.path)]), **environment},
        )
    except subprocess.TimeoutExpired:
        return Ended(True, 0, "", "")
    return Ended(False, done.returncode, done.stdout, done.stderr)


_TOP = __file__.rsplit("/tests/", 1)[0]
