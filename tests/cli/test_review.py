"""`rx review`: what it reads, what it answers, and the code it ends with."""

import json

import pytest
from tests.cli.conftest import tablets

PASSES, NOTED, RETURNED = tablets("A", 14), tablets("B", 15), tablets("C", 31)
BROKEN = b'{"number": "X"}\n'


@pytest.mark.parametrize(
    ("sheets", "words", "code"),
    [
        (PASSES, [], 0),
        (RETURNED, [], 0),
        (PASSES, ["--fail-on", "note"], 0),
        (NOTED, ["--fail-on", "note"], 1),
        (NOTED, ["--fail-on", "warn"], 0),
        (NOTED, ["--fail-on", "return"], 0),
        (RETURNED, ["--fail-on", "note"], 1),
        (RETURNED, ["--fail-on", "return"], 1),
        (RETURNED, ["--fail-on", "block"], 0),
        (PASSES + RETURNED + NOTED, ["--fail-on", "return"], 1),
        (BROKEN, [], 2),
        (PASSES + BROKEN + NOTED, [], 2),
        (PASSES + BROKEN + RETURNED, ["--fail-on", "return"], 2),
        (b"", [], 2),
    ],
)
def test_the_code_it_ends_with(run, sheets, words, code):
    assert run("review", "-", *words, stdin=sheets).code == code
    assert run("review", "-", "--json", *words, stdin=sheets).code == code


def test_an_answer_has_exactly_these_keys(run):
    (answer,) = run("review", "-", "--json", stdin=RETURNED).lines
    assert list(answer) == [
        "prescription", "revision", "verdict", "complete", "edition", "findings", "not_judged", "counterfactuals",
        "shown",
    ]  # fmt: skip
    assert (answer["prescription"], answer["revision"], answer["verdict"]) == ("C", 1, "return")
    assert answer["complete"] is True
    assert answer["edition"].startswith("sha256:")
    assert [found["rule"] for found in answer["findings"]] == ["RX-QTY-902", "RX-QTY-901"]
    for finding in answer["findings"]:
        assert list(finding) == [
            "rule", "version", "severity", "code", "subject", "lines", "message", "basis", "facts", "remedies", "key",
        ]  # fmt: skip
        assert list(finding["message"]) == ["zh", "en", "short"]
        assert finding["subject"] == "line"
        assert finding["lines"] == [1]
    assert answer["findings"][0]["message"]["zh"] == "31 日"
    assert answer["findings"][0]["basis"][0]["law"] == "处方管理办法"


def test_a_way_to_pass_is_offered_and_verified(run):
    (answer,) = run("review", "-", "--json", stdin=RETURNED).lines
    ways = answer["counterfactuals"]
    assert ways
    for way in ways:
        assert list(way) == ["kind", "says", "edits", "verdict"]
        assert set(way["says"]) == {"zh", "en"}
    assert ways[0]["kind"] == "change"
    assert ways[0]["verdict"] in ("pass", "note", "warn")


def test_what_cannot_be_judged_is_named_once(run):
    (answer,) = run("review", "-", "--json", stdin=tablets("A", 31).replace(b'"qd"', b'"prn"')).lines
    assert answer["complete"] is False
    (entry,) = answer["not_judged"]
    assert list(entry) == ["fact", "label", "rules", "lines", "outcome", "ask"]
    assert (entry["fact"], entry["rules"], entry["lines"]) == ("frequency", ["RX-QTY-901", "RX-QTY-902"], [1])


def test_one_line_for_each_sheet_in_order(run):
    answer = run("review", "-", "--json", stdin=PASSES + BROKEN + NOTED + b"oops\n" + RETURNED)
    assert [line["prescription"] for line in answer.lines] == ["A", "B", "C"]
    assert [line["verdict"] for line in answer.lines] == ["pass", "note", "return"]
    assert "-:2/setting" in answer.err
    assert "-:4:1:1" in answer.err


def test_faults_are_told_in_the_language_asked_for(run):
    assert "缺少该字段；请补充" in run("review", "-", stdin=BROKEN).err
    english = run("review", "-", "--lang", "en", stdin=BROKEN).err
    assert "missing; add the field" in english
    assert "缺少" not in english


def test_a_page_in_either_language(run):
    chinese = run("review", "-", stdin=RETURNED).out
    assert "退回医师" in chinese
    assert "31 日" in chinese
    assert "处方管理办法 第十九条（未核对原文）" in chinese
    english = run("review", "-", "--lang", "en", stdin=RETURNED).out
    assert "returned to the prescriber" in english
    assert "31 days" in english


def test_names_with_brackets_are_printed_as_they_are(run):
    sent = json.loads(NOTED)
    sent["lines"][0]["generic"] = "[bold]某药[/bold]"
    page = run("review", "-", stdin=json.dumps(sent).encode())
    assert page.code == 0
    assert "MarkupError" not in page.err


def test_files_folders_and_standard_input_together(run, tmp_path):
    folder = tmp_path / "day"
    (folder / "deeper").mkdir(parents=True)
    (folder / "b.jsonl").write_bytes(NOTED + RETURNED)
    (folder / "deeper" / "a.json").write_bytes(PASSES)
    (folder / "notes.txt").write_bytes(b"not read")
    answer = run("review", folder, "-", folder / "deeper" / "a.json", "--json", stdin=tablets("D", 1))
    assert [line["prescription"] for line in answer.lines] == ["B", "C", "A", "D", "A"]
    assert answer.code == 0


@pytest.mark.parametrize("name", ["missing.json", "empty", "n" * 300, "."])
def test_a_path_that_leads_to_nothing_does_not_stop_the_others(run, tmp_path, name):
    (tmp_path / "empty").mkdir()
    good = tmp_path / "good" / "a.json"
    good.parent.mkdir()
    good.write_bytes(PASSES)
    wrong = tmp_path / "empty" if name == "." else tmp_path / name
    answer = run("review", wrong, good, "--json", "--lang", "en")
    assert answer.code == 2
    assert [line["prescription"] for line in answer.lines] == ["A"]
    assert str(wrong) in answer.err.replace("\n", "")


def test_a_path_that_leads_to_nothing_is_said_in_chinese_too(run):
    assert "missing.json：" in run("review", "missing.json").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--at", "yesterday"], "--at: 'yesterday' is no instant; write 2026-11-01T09:30:00+08:00"),
        (["--at", "2026-11-01T09:30:00"], "is no instant"),
        (["--lang", "fr"], "--lang: fr is neither zh nor en"),
        (["--fail-on", "pass"], "--fail-on: pass is no severity"),
        (["--fail-on", "fatal"], "--fail-on: fatal is no severity"),
    ],
)
def test_a_word_that_is_wrong(run, words, said):
    answer = run("review", "-", *words, stdin=PASSES)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_an_instant_is_what_validity_goes_by(run, folders, tmp_path, monkeypatch):
    from tests.library.conftest import RULE

    text = (
        RULE.replace("about: line", "about: prescription")
        .replace("days_supplied: {over: 14}", "days_past_validity: {over: 0}")
        .replace("status: draft", "status: active")
        .replace("quantity-over-fourteen-days", "expired")
        .replace("{days_supplied}", "{days_past_validity}")
        .replace("unless:\n  extended_reason: {is: true}\n", "")
    )
    (tmp_path / "quantity").mkdir()
    (tmp_path / "quantity" / "expired.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("RX_RULES_DIR", str(tmp_path))
    assert run("review", "-", "--json", stdin=PASSES).lines[0]["verdict"] == "pass"
    late = run("review", "-", "--json", "--at", "2026-11-02T00:00:00+08:00", stdin=PASSES)
    assert late.lines[0]["verdict"] == "note"
    assert late.lines[0]["findings"][0]["message"]["zh"] == "1 日"


def test_two_runs_give_the_same_bytes(run):
    words = ("review", "-", "--json")
    assert run(*words, stdin=NOTED + RETURNED).out == run(*words, stdin=NOTED + RETURNED).out
