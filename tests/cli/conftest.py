"""A county of two rules and a few drugs, and a way to call commands in this process."""

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.facts.small import sheet, write_formulary
from tests.library.conftest import RULE

from rx_review.cli import main

RETURNS = (
    RULE.replace("RX-QTY-901", "RX-QTY-902")
    .replace("quantity-over-fourteen-days", "quantity-over-thirty-days")
    .replace("severity: note", "severity: return")
    .replace("over: 14", "over: 30")
)


@dataclass(frozen=True)
class Answer:
    """What a command said, and the code it ended with."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict]:
        """Each line of standard output, read as JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(scope="session")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    """Rules and formulary of the county."""
    top = tmp_path_factory.mktemp("county")
    rules, formulary = top / "rules", top / "formulary"
    (rules / "quantity").mkdir(parents=True)
    formulary.mkdir()
    for name, text in (("quantity-over-fourteen-days", RULE), ("quantity-over-thirty-days", RETURNS)):
        active = text.replace("status: draft", "status: active")
        (rules / "quantity" / f"{name}.yaml").write_text(active, encoding="utf-8")
    write_formulary(formulary)
    return rules, formulary


@pytest.fixture
def county(folders, monkeypatch) -> None:
    """The settings name the county's folders."""
    monkeypatch.setenv("RX_RULES_DIR", str(folders[0]))
    monkeypatch.setenv("RX_FORMULARY_DIR", str(folders[1]))


@pytest.fixture
def run(county, monkeypatch, capsys):
    """Call a command: `run("review", "-", stdin=b"…")`."""

    def call(*words: str | Path, stdin: bytes = b"") -> Answer:
        monkeypatch.setattr(sys, "argv", ["rx-review", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return Answer(ended.value.code or 0, told.out, told.err)

    return call


def tablets(number: str, count: int | str) -> bytes:
    """A sheet with so many days of one tablet a day, on one line."""
    line = {"generic": "二甲双胍", "form": "片", "strength": "0.5g", "dose": 1, "dose_unit": "片", "route": "po",
            "frequency": "qd", "quantity": count, "quantity_unit": "片"}  # fmt: skip
    return json.dumps({**sheet(line), "number": number}, ensure_ascii=False).encode() + b"\n"
