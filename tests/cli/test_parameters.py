"""`rx parameters list`: each value, who set it, which way is stricter."""

import json
from pathlib import Path

import pytest
from tests.facts.small import CORE, rows, write_formulary
from tests.library.conftest import RULE

MEMBERS = rows("institution name tier parent", "C1 县院 county -\nT1 镇院 township C1\nV1 村 village T1")
PARAMETERS = [
    *CORE["parameters"],
    *rows("parameter value unit zh en until", "most_days 14 day 上限 limit 2027-01-01\nspare 5 day 备用 spare -"),
]
SETTINGS = rows(
    "parameter institution value decision from until",
    """
    most_days - 12 县办纪要 2026-06-01 2026-12-01
    most_days T1 7 镇院纪要 2026-07-01 2026-08-01
    """,
)


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> tuple[Path, Path]:
    """One rule with a parameter, and what the county and a member decided."""
    top = tmp_path_factory.mktemp("parameters")
    (top / "rules" / "quantity").mkdir(parents=True)
    (top / "formulary").mkdir()
    text = RULE.replace("status: draft", "status: active").replace("over: 14", "over: $most_days")
    (top / "rules" / "quantity" / "quantity-over-fourteen-days.yaml").write_text(text, encoding="utf-8")
    write_formulary(top / "formulary", institutions=MEMBERS, parameters=PARAMETERS, settings=SETTINGS)
    return top / "rules", top / "formulary"


@pytest.fixture
def listed(run, two, monkeypatch):
    """The list as objects by parameter."""

    def call(*words: str) -> dict[str, dict]:
        monkeypatch.setenv("RX_RULES_DIR", str(two[0]))
        monkeypatch.setenv("RX_FORMULARY_DIR", str(two[1]))
        answer = run("parameters", "list", "--json", *words)
        assert (answer.code, answer.err) == (0, "")
        return {entry["parameter"]: entry for entry in json.loads(answer.out)}

    return call


@pytest.mark.parametrize(
    ("words", "value", "set_by"),
    [
        (["--at", "2026-05-31"], "14", "default"),
        (["--at", "2026-06-01"], "12", "county"),
        (["--at", "2026-07-01"], "12", "county"),
        (["--at", "2026-07-01", "--institution", "C1"], "12", "county"),
        (["--at", "2026-06-30", "--institution", "T1"], "12", "county"),
        (["--at", "2026-07-01", "--institution", "T1"], "7", "T1"),
        (["--at", "2026-07-31", "--institution", "V1"], "7", "T1"),
        (["--at", "2026-08-01", "--institution", "V1"], "12", "county"),
        (["--at", "2026-12-01", "--institution", "V1"], "14", "default"),
        (["--at", "2027-01-01"], None, "default"),
        (["--at", "2019-12-31"], None, "default"),
    ],
)
def test_the_value_on_a_day_for_a_member_and_who_set_it(listed, words, value, set_by):
    entry = listed(*words)["most_days"]
    assert (entry["value"], entry["set_by"]) == (value, set_by)
    assert entry["decision"] == {"default": None, "county": "县办纪要", "T1": "镇院纪要"}[set_by]


def test_which_way_is_stricter_and_which_rules_use_it(listed):
    found = listed("--at", "2026-07-01")
    assert (found["most_days"]["stricter"], found["most_days"]["members_may_set"]) == ("lower", "yes")
    assert found["most_days"]["rules"] == ["RX-QTY-901"]
    assert (found["spare"]["stricter"], found["spare"]["members_may_set"]) == ("unused", "no")
    read = found["pregnancy_age_from_years"]
    assert (read["stricter"], read["members_may_set"], read["read_by"]) == ("mixed", "no", ["facts/resolve.py"])


def test_every_parameter_is_listed_with_its_default(listed):
    found = listed("--at", "2026-07-01", "--institution", "V1")
    assert set(found) == {row["parameter"] for row in PARAMETERS}
    assert {name: entry["default"] for name, entry in found.items()} == {
        row["parameter"]: row["value"] for row in PARAMETERS
    }


def test_the_list_for_people_says_the_same(run, two, monkeypatch):
    monkeypatch.setenv("RX_RULES_DIR", str(two[0]))
    monkeypatch.setenv("RX_FORMULARY_DIR", str(two[1]))
    answer = run("parameters", "list", "--at", "2026-07-01", "--institution", "T1")
    assert answer.code == 0
    page = " ".join(answer.out.split())
    for word in ("most_days", "7 day", "镇院纪要", "RX-QTY-901", "lower is stricter", "county only"):
        assert word in page


@pytest.mark.parametrize("words", [["--at", "2026-13-01"], ["--at", "yesterday"], ["--institution", "T9"]])
def test_a_day_or_a_member_that_is_none_is_refused(run, two, monkeypatch, words):
    monkeypatch.setenv("RX_RULES_DIR", str(two[0]))
    monkeypatch.setenv("RX_FORMULARY_DIR", str(two[1]))
    answer = run("parameters", "list", *words)
    assert (answer.code, answer.out) == (2, "")
    assert words[0] in answer.err


def test_the_shipped_parameters_are_listed(run, monkeypatch):
    for name in ("RX_RULES_DIR", "RX_FORMULARY_DIR"):
        monkeypatch.delenv(name)
    answer = run("parameters", "list", "--json", "--at", "2026-11-02", "--institution", "SAMPLE-V01")
    found = {entry["parameter"]: entry for entry in json.loads(answer.out)}
    assert (found["outpatient_days"]["value"], found["outpatient_days"]["source"]) == ("7", "MOH-2007-53")
    assert all(entry["value"] is not None for entry in found.values())
