"""`rx sites` and `rx review --site`: profiles from the command line."""

import json
import shutil

import pytest
from tests.intake.conftest import SAMPLES

VILLAGE = SAMPLES / "village-rows.csv"


@pytest.fixture
def county(checkout, folders, monkeypatch, tmp_path):
    """The county's rules, and its formulary with the profiles of the project."""
    formulary = shutil.copytree(folders[1], tmp_path / "formulary")
    shutil.copytree(checkout / "formulary" / "sites", formulary / "sites")
    monkeypatch.setenv("RX_RULES_DIR", str(folders[0]))
    monkeypatch.setenv("RX_FORMULARY_DIR", str(formulary))
    return formulary


def test_the_profiles_are_listed(run):
    answer = run("sites", "list")
    assert answer.code == 0
    names = ["hospital-nested", "national-7101", "township-json", "village-rows"]
    assert [line.split()[0] for line in answer.out.splitlines()] == names
    assert "SAMPLE: rows exported" in run("sites", "list", "--lang", "en").out


def test_a_profile_is_shown_by_field(run):
    shown = run("sites", "show", "village-rows").out
    assert "patient.sex" in shown
    assert "<- 性别" in shown
    assert "男→male" in shown
    assert "系统没有的内容: agent, consents, consultation, decoction" in shown
    english = run("sites", "show", "hospital-nested", "--lang", "en").out
    assert "[diagnoses in diagnoses by seq]" in english
    assert "only if order.sheetType = 中药" in english


def test_a_name_that_is_none_gets_the_nearest(run):
    for words in (("sites", "show", "vilage-rows"), ("review", "--site", "vilage-rows", str(VILLAGE))):
        answer = run(*words)
        assert answer.code == 2
        assert "did you mean village-rows?" in answer.err
        assert answer.out == ""


def test_a_trial_prints_the_first_prescription_and_what_is_empty(run):
    answer = run("sites", "try", "village-rows", VILLAGE)
    assert answer.code == 2
    tree, _ = json.JSONDecoder().raw_decode(answer.out)
    assert tree["number"] == "V20261103001"
    assert tree["lines"][1]["dose"] == "0.5"
    assert "  体重: 1 / 6" in answer.out
    assert "未使用的列: 单价, 金额" in answer.out
    assert "性别：'未说明' 未在对接配置中声明" in answer.err


def test_a_trial_of_standard_input_that_is_all_well_ends_with_0(run):
    data = b"\r\n".join(VILLAGE.read_bytes().split(b"\r\n")[:3])
    answer = run("sites", "try", "village-rows", "-", "--lang", "en", stdin=data)
    assert (answer.code, answer.err) == (0, "")
    assert "read: 1; not read: 0" in answer.out


def test_a_trial_of_no_file_is_refused(run, tmp_path):
    assert run("sites", "try", "village-rows", tmp_path / "none.csv").code == 2
    assert run("sites", "try", "village-rows", "a\0b").code == 2


def test_a_file_of_an_his_is_reviewed(run):
    answer = run("review", "--site", "village-rows", "--json", VILLAGE)
    assert answer.code == 2
    numbers = [f"V2026110300{n}" for n in (1, 2, 3, 4, 6)]
    assert [review["prescription"] for review in answer.lines] == numbers
    assert "未说明" in answer.err


def test_a_folder_gives_the_files_of_the_form(run, tmp_path):
    shutil.copy(VILLAGE, tmp_path / "a.csv")
    (tmp_path / "b.json").write_text("{}")
    assert len(run("review", "--site", "village-rows", "--json", tmp_path).lines) == 5


def test_the_institution_is_given_where_the_file_does_not_say_it(run):
    file = SAMPLES / "national-7101.jsonl"
    answer = run("review", "--site", "national-7101", "--institution", "T1", "--json", file)
    assert len(answer.lines) == 4
    without = run("review", "--site", "national-7101", "--json", "--lang", "en", file)
    assert without.lines == []
    assert "the institution is not said; give --institution CODE" in without.err


def test_our_own_form_takes_no_institution(run):
    answer = run("review", "--institution", "T1", "-", stdin=b"{}")
    assert answer.code == 2
    assert "--institution" in answer.err
