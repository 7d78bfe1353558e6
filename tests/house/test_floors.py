"""Imports only go down: the contracts of pyproject.toml hold, and each would notice."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FLOORS = ["cli", "publish", "engine", "store", "facts", "intake", "library", "domain", "config", "errors"]


def lint(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()"]
    return subprocess.run(
        [*command, "--no-cache"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_only_go_down(checkout):
    outcome = lint(checkout)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.fixture
def house(checkout, tmp_path):
    """An empty house with our contracts: every floor that must exist, and nothing in the rooms."""
    shutil.copy(checkout / "pyproject.toml", tmp_path)
    for floor in FLOORS:
        room = tmp_path / "rx_review" / floor
        room.mkdir(parents=True)
        (room / "__init__.py").touch()
    (tmp_path / "rx_review" / "__init__.py").touch()
    (tmp_path / "rx_review" / "engine" / "durable.py").write_text("import durable_rules_engine\n")
    return tmp_path


def test_an_empty_house_stands(house):
    (house / "rx_review" / "store").mkdir(exist_ok=True)
    (house / "rx_review" / "store" / "__init__.py").write_text("import sqlmodel\n")
    (house / "rx_review" / "api.py").write_text("import fastapi\nfrom rx_review import store\n")
    outcome = lint(house, PYTHONPATH=str(house))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    ("module", "line", "complaint"),
    [
        ("domain/prescription.py", "import rx_review.facts", "rx_review.domain is not allowed to import"),
        ("engine/review.py", "import rx_review.cli", "rx_review.engine is not allowed to import"),
        ("errors/tree.py", "import rx_review.config", "rx_review.errors is not allowed to import"),
        ("attic.py", "", "rx_review.attic"),
        ("engine/review.py", "import durable.lang", "is not allowed to import durable"),
        ("facts/doses.py", "import durable_rules_engine", "is not allowed to import durable_rules_engine"),
        ("engine/review.py", "import sqlmodel", "is not allowed to import sqlmodel"),
        ("cli/check.py", "import fastapi", "is not allowed to import fastapi"),
    ],
)
def test_a_wrong_import_is_noticed(house, module, line, complaint):
    (house / "rx_review" / module).write_text(line + "\n")
    outcome = lint(house, PYTHONPATH=str(house))
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert complaint in " ".join(outcome.stdout.split())
