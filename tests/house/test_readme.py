"""The README's example is real: its output is what the command prints."""

import json
import re

import pytest
from typer.testing import CliRunner

from rx_review.cli import app


@pytest.fixture
def readme(checkout):
    return (checkout / "README.md").read_text(encoding="utf-8")


def test_the_example_prints_what_the_readme_shows(readme, tmp_path):
    prescription = re.search(r"```json\n(.*?)```", readme, re.S)[1]
    shown = re.search(r"```text\n(.*?)```", readme, re.S)[1]
    path = tmp_path / "prescription.json"
    path.write_text(prescription, encoding="utf-8")
    result = CliRunner().invoke(app, ["review", str(path)])
    assert result.exit_code == 0
    assert result.stdout.strip() == shown.strip()


def test_the_keys_it_names_are_the_keys_of_an_answer(readme, tmp_path):
    path = tmp_path / "prescription.json"
    path.write_text(re.search(r"```json\n(.*?)```", readme, re.S)[1], encoding="utf-8")
    answer = json.loads(CliRunner().invoke(app, ["review", str(path), "--json"]).stdout)
    assert f"`{', '.join(answer)}`" in readme.replace("\n", " ")


def test_it_stays_short(readme):
    assert len(readme.splitlines()) <= 125
