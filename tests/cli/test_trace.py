"""`rx rules trace` and `rx rules list`: from each article to its rules, and with what authority each rule speaks."""

import json

import pytest
from tests.shipped import shipped_edition
from typer.testing import CliRunner

from rx_review import config
from rx_review.cli import app
from rx_review.library.tables import read_tables
from rx_review.publish import may_speak, trace_document, trace_faults

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def rules(edition) -> dict[str, object]:
    return {rule.id: rule for rule in edition.rules}


@pytest.fixture(scope="module")
def tables():
    return read_tables(config.formulary_dir())


@pytest.fixture(scope="module")
def edition():
    return shipped_edition()


def changed(rows, which, **what):
    """The rows with those that `which` picks changed."""
    assert any(map(which, rows))
    return tuple(row.model_copy(update=what) if which(row) else row for row in rows)


def test_the_shipped_trace_is_complete_and_current():
    assert RUNNER.invoke(app, ["rules", "trace", "check"]).exit_code == 0


def test_an_article_without_rule_or_reason_is_a_gap(edition, tables):
    articles = changed(
        tables["articles"], lambda row: (row.source, row.article) == ("MOH-2007-53", "第一条"), reason_zh=None
    )
    (fault,) = trace_faults(edition, articles, tables["demands"])
    assert (fault.where, fault.what) == ("articles.csv: MOH-2007-53 第一条", "neither a rule nor a reason")


def test_a_rule_that_names_no_listed_article_is_found(edition, tables):
    articles = changed(
        tables["articles"], lambda row: (row.source, row.article) == ("MOH-2007-53", "第十九条"), article="第十九条之一"
    )
    faults = trace_faults(edition, articles, tables["demands"])
    assert "quantity/quantity-over-seven-days.yaml: basis" in {fault.where for fault in faults}


def test_a_demand_that_nobody_answers_is_a_gap(edition, tables):
    demands = changed(tables["demands"], lambda row: row.demand == "C11", rules=None, reason_zh=None)
    demands = changed(demands, lambda row: row.demand == "N05", rules="RX-FORM-999")
    faults = {(fault.where, fault.what) for fault in trace_faults(edition, tables["articles"], demands)}
    assert faults == {
        ("demands.csv: C11", "neither a rule nor a reason"),
        ("demands.csv: N05", "RX-FORM-999 is no rule that runs"),
    }


def test_a_changed_gist_makes_the_trace_out_of_date(edition, tables, tmp_path):
    shipped = trace_document(edition, tables["articles"], tables["demands"], config.rules_dir())
    assert shipped.is_current()
    articles = changed(tables["articles"], lambda row: row.article == "第一条", gist_zh="另一种说法")
    assert not trace_document(edition, articles, tables["demands"], config.rules_dir()).is_current()
    mine = trace_document(edition, articles, tables["demands"], tmp_path)
    mine.write()
    assert mine.is_current()


def test_every_demand_of_the_list_has_rules_or_a_reason(edition, tables):
    assert trace_faults(edition, tables["articles"], tables["demands"]) == []
    named = {row.demand for row in tables["demands"]}
    families = {"L": 13, "N": 19, "C": 14, "T": 6, "X": 5}
    assert {f"{letter}{n:02d}" for letter, most in families.items() for n in range(1, most + 1)} <= named
    assert {"F01", "F02", "F03", "F07", "F09", "F10", "S01"} <= named


def test_the_rules_of_law_are_many_and_each_has_both_sides(rules):
    listed = json.loads(RUNNER.invoke(app, ["rules", "list", "--json"]).stdout)
    law = [rule for rule in listed if rule["family"] == "law" and rule["status"] == "active"]
    assert len(law) >= 90
    for rule in law:
        examples = rules[rule["id"]].examples
        assert len(examples.fires) >= 3, rule["name"]
        assert len(examples.silent) >= 3, rule["name"]
        assert rule["basis"], rule["name"]


def test_payment_limits_never_stop_a_prescription(rules):
    listed = json.loads(RUNNER.invoke(app, ["rules", "list", "--json"]).stdout)
    payment = [rule for rule in listed if rule["family"] == "payment"]
    assert payment
    assert {rule["severity"] for rule in payment} <= {"note", "warn"}
    assert {rule["topic"] for rule in payment} == {"payment"}


@pytest.mark.parametrize(
    ("rule", "fact", "speaks", "silent"),
    [
        ("RX-FORM-003", "setting", {"outpatient", "emergency"}, {"ward", "discharge"}),
        ("RX-QTY-001", "setting", {"outpatient"}, {"ward", "emergency", "discharge"}),
        ("RX-QTY-006", "setting", {"emergency"}, {"ward", "outpatient"}),
        ("RX-CTL-018", "setting", {"ward"}, {"outpatient", "emergency"}),
        ("RX-SKIN-003", "stage", {"supply"}, {"draft", "signed", "charge"}),
        ("RX-FORM-010", "stage", {"charge", "supply"}, {"draft", "signed"}),
        ("RX-LEG-008", "stage", {"signed", "charge", "supply"}, {"draft"}),
    ],
)
def test_where_a_rule_can_speak(rules, rule, fact, speaks, silent):
    assert {value for value in speaks | silent if may_speak(rules[rule], fact, value)} == speaks
