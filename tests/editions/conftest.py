"""A small county whose edition passes every check, and people with keys."""

import io
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.facts.small import write_formulary
from tests.library.conftest import RULE

from rx_review.cli import main

RULE_FILE = "rules/quantity/quantity-over-fourteen-days.yaml"
SOUND = (
    RULE.replace("status: draft", "status: active")
    .replace("date: 2026-11-01, next: 2027-11-01", "date: 2026-11-01, next: 2099-11-01")
    .replace("{name: Fourteen days, but: {days_supplied: 14}}", "{name: Fourteen days, but: {days_supplied: 14}}\n"
             "    - {name: With a reason, but: {extended_reason: true}}\n"
             "  undetermined:\n    - {name: Unknown pack, but: {days_supplied: null}}")
)  # fmt: skip
AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def sound(tmp_path_factory) -> Path:
    """A folder with rules/ and formulary/ in which nothing is wrong."""
    top = tmp_path_factory.mktemp("sound")
    (top / RULE_FILE).parent.mkdir(parents=True)
    (top / RULE_FILE).write_text(SOUND, encoding="utf-8")
    (top / "formulary" / "sites").mkdir(parents=True)
    write_formulary(top / "formulary")
    return top


@pytest.fixture
def bundle(sound, tmp_path) -> Path:
    """A copy of it that a test may spoil."""
    return Path(shutil.copytree(sound, tmp_path / "edition"))


@pytest.fixture(scope="session")
def keys() -> dict[str, Ed25519PrivateKey]:
    """A private key for each of four people."""
    return {name: Ed25519PrivateKey.generate() for name in ("王药师", "李药师", "张药师", "stranger")}


@dataclass(frozen=True)
class Answer:
    """What a command said, and the code it ended with."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Call `rx edition …` in a folder of its own: `run("verify", folder)`."""
    (tmp_path / "desk").mkdir()
    monkeypatch.chdir(tmp_path / "desk")

    def call(*words: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["rx-review", "edition", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b""), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return Answer(ended.value.code or 0, told.out, told.err)

    return call
