"""`rx rules`, `rx formulary`, `rx schema`: lists, explanations, the frame of a rule; and what they refuse."""

import json
from pathlib import Path

import jsonschema
import pytest
from tests.cli.conftest import tablets
from tests.facts.small import CORE, rows, write_formulary


def test_rules_are_listed_as_json(run):
    listed = json.loads(run("rules", "list", "--json").out)
    assert [rule["id"] for rule in listed] == ["RX-QTY-901", "RX-QTY-902"]
    assert set(listed[0]) == {
        "id", "name", "topic", "family", "title", "about", "severity", "code", "status", "when_unknown", "version",
        "parameters", "basis", "checked",
    }  # fmt: skip
    assert listed[0]["title"] == {"zh": "超十四日", "en": "over fourteen days"}


def test_rules_are_listed_one_a_line(run):
    lines = run("rules", "list").out.splitlines()
    assert len(lines) == 2
    assert "RX-QTY-902" in lines[1]
    assert "quantity-over-thirty-days" in lines[1]


def test_a_rule_is_explained_by_id_and_by_name(run):
    by_id, by_name = run("rules", "explain", "RX-QTY-901"), run("rules", "explain", "quantity-over-fourteen-days")
    assert by_id == by_name
    assert by_id.code == 0
    for said in (
        "days_supplied over 14",
        "处方管理办法 第十九条",
        "（未核对原文）",
        "✗ Fifteen days",
        "✓ Fourteen days",
    ):
        assert said in by_id.out


@pytest.mark.parametrize("command", ["explain", "prove"])
def test_a_rule_that_is_not_there(run, command):
    answer = run("rules", command, "RX-QTY-999")
    assert (answer.code, answer.out) == (2, "")
    assert "RX-QTY-999: no such rule; see `./rx rules list`" in answer.err


# What the frame of a new rule names, as it is shipped.
NAMED = {
    "sources": [*CORE["sources"], {"source": "MOH-2007-53", "title": "处方管理办法", "kind": "regulation"}],
    "comment_codes": rows("code class zh en", "1-12 不规范 超七日 over"),
}


@pytest.fixture
def fresh(run, tmp_path, monkeypatch):
    """Commands over an empty rules folder and a formulary of a few rows."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "formulary").mkdir()
    monkeypatch.setenv("RX_RULES_DIR", str(tmp_path / "rules"))
    monkeypatch.setenv("RX_FORMULARY_DIR", str(write_formulary(tmp_path / "formulary", **NAMED)))
    return run


def test_a_new_rule_is_one_that_lint_and_prove_accept(fresh, tmp_path):
    made = fresh("rules", "new", "quantity", "quantity-over-a-fortnight")
    path = tmp_path / "rules" / "quantity" / "quantity-over-a-fortnight.yaml"
    assert made.code == 0
    assert str(path) in made.out.replace("\n", "")
    assert path.is_file()
    assert fresh("rules", "lint").code == 0
    proved = fresh("rules", "prove", "quantity-over-a-fortnight")
    assert (proved.code, proved.err) == (0, "")
    assert proved.out.startswith("1 rules, ")


def test_new_rules_are_numbered_and_never_overwritten(fresh, tmp_path):
    for name in ("one-thing", "another-thing"):
        assert fresh("rules", "new", "quantity", name).code == 0
    listed = json.loads(fresh("rules", "list", "--json").out)
    assert [(rule["id"], rule["name"]) for rule in listed] == [
        ("RX-NEW-001", "one-thing"),
        ("RX-NEW-002", "another-thing"),
    ]
    again = fresh("rules", "new", "quantity", "one-thing")
    assert again.code == 2
    assert "a rule of that name exists" in again.err


@pytest.mark.parametrize("words", [("Quantity", "x"), ("quantity", "Über"), ("../up", "x"), ("a", "b c"), ("a", "")])
def test_a_name_that_cannot_be_one(fresh, words, tmp_path):
    answer = fresh("rules", "new", *words)
    assert answer.code == 2
    assert "not a name; use lower-case words with hyphens" in answer.err
    assert list(tmp_path.rglob("*.yaml")) == []


def test_an_example_that_does_not_come_out_as_written(run, folders, tmp_path, monkeypatch):
    text = (folders[0] / "quantity" / "quantity-over-fourteen-days.yaml").read_text(encoding="utf-8")
    (tmp_path / "quantity").mkdir()
    (tmp_path / "quantity" / "quantity-over-fourteen-days.yaml").write_text(
        text.replace("but: {days_supplied: 14}", "but: {days_supplied: 16}"), encoding="utf-8"
    )
    monkeypatch.setenv("RX_RULES_DIR", str(tmp_path))
    answer = run("rules", "prove")
    assert answer.code == 1
    assert "quantity-over-fourteen-days" in answer.err
    assert "Fourteen days" in answer.err


def test_a_broken_rule_is_named_by_file_and_line(run, folders, tmp_path, monkeypatch):
    text = (folders[0] / "quantity" / "quantity-over-fourteen-days.yaml").read_text(encoding="utf-8")
    (tmp_path / "quantity-over-fourteen-days.yaml").write_text(
        text.replace("severity: note", "severity: fatal"), encoding="utf-8"
    )
    monkeypatch.setenv("RX_RULES_DIR", str(tmp_path))
    for words in (("rules", "list"), ("rules", "lint"), ("review", "-")):
        answer = run(*words, stdin=tablets("A", 1))
        assert (answer.code, answer.out) == (2, "")
        assert "quantity-over-fourteen-days.yaml:5: severity: " in answer.err


@pytest.mark.parametrize(("variable", "name"), [("RX_RULES_DIR", "rules"), ("RX_FORMULARY_DIR", "formulary")])
def test_a_folder_that_is_not_there(run, monkeypatch, variable, name):
    monkeypatch.setenv(variable, "/no/such/place")
    answer = run("review", "-", stdin=tablets("A", 1))
    assert (answer.code, answer.out) == (3, "")
    assert f"/no/such/place: no such folder; set {variable} to the folder that holds the {name}" in answer.err


def test_the_formulary_is_checked(run, folders, tmp_path, monkeypatch):
    answer = run("formulary", "check")
    assert answer.code == 0
    assert "rows hold together" in answer.out
    assert "are not yet compared by a pharmacist" in answer.out
    for path in folders[1].glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "units.csv").unlink()
    monkeypatch.setenv("RX_FORMULARY_DIR", str(tmp_path))
    broken = run("formulary", "check")
    assert broken.code == 2
    assert "units.csv: the table is missing; add the file with its header line" in broken.err


SHEET = json.loads(tablets("A", 7))


def test_the_schema_accepts_what_the_reader_accepts(run):
    schema = json.loads(run("schema", "prescription").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    accepts = jsonschema.Draft202012Validator(schema).is_valid
    for dose in (1, 0.5, "0.5", None):
        good = {**SHEET, "lines": [{**SHEET["lines"][0], "dose": dose}]}
        assert accepts(good), dose
        assert run("review", "-", stdin=json.dumps(good).encode()).code == 0
    reason = {"for": "dose", "text": "重症", "lines": [1], "signed_again": True}
    assert accepts({**SHEET, "reasons": [reason]})


@pytest.mark.parametrize(
    "changed",
    [{"number": None}, {"lines": []}, {"setting": "x"}, {"extra": 1}, {"revision": 0}, {"lines": [{"generic": "x"}]},
     {"long_term": "yes"}, {"patient": []}, {"lines": [{"line": 1, "generic": "x", "dose": True}]}],
)  # fmt: skip
def test_the_schema_refuses_what_the_reader_refuses(run, changed):
    accepts = jsonschema.Draft202012Validator(json.loads(run("schema", "prescription").out)).is_valid
    bad = {**SHEET, **changed}
    assert not accepts(bad)
    assert run("review", "-", stdin=json.dumps(bad).encode()).code == 2


def test_the_schema_of_circumstances_and_of_nothing(run):
    jsonschema.Draft202012Validator.check_schema(json.loads(run("schema", "circumstances").out))
    answer = run("schema", "patient")
    assert answer.code == 2
    assert "patient: no such schema; use prescription or circumstances" in answer.err


@pytest.mark.parametrize("words", [("rules", "catalogue"), ("formulary", "dictionary")])
def test_generated_documents_are_written_and_found_out_of_date(run, folders, tmp_path, monkeypatch, words):
    for variable, folder in (("RX_RULES_DIR", folders[0]), ("RX_FORMULARY_DIR", folders[1])):
        copied = tmp_path / Path(folder).name
        for path in (path for path in folder.rglob("*") if path.is_file()):
            place = copied / path.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
        monkeypatch.setenv(variable, str(copied))
    assert run(*words, "check").code == 1
    assert run(*words, "write").code == 0
    assert run(*words, "check").code == 0
    (written, *_) = [path for path in tmp_path.rglob("README.md")]
    written.write_text("changed")
    stale = run(*words, "check")
    assert stale.code == 1
    assert f"README.md: out of date; run ./rx {words[0]} {words[1]} write" in stale.err
    assert run(*words, "rewrite").code == 2


@pytest.mark.parametrize("words", [(), ("--help",), ("rules", "--help"), ("review", "--help")])
def test_help_is_given(run, words):
    answer = run(*words)
    assert answer.code in (0, 2)
    assert "Usage" in answer.out + answer.err


@pytest.mark.parametrize("words", [("revew",), ("review",), ("review", "-", "--jsn"), ("rules", "explain")])
def test_a_command_that_is_not_one(run, words):
    answer = run(*words)
    assert answer.code == 2
    assert "Traceback" not in answer.err
