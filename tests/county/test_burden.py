"""What the rules cost, counted on reviews made by hand; a fault is found only if something new is said of it."""

import json
from datetime import datetime, timedelta
from math import isnan
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.facts.small import rows, sheet, write_formulary
from tests.library.conftest import RULE

from rx_review.cli.county import burden_measures
from rx_review.county import Burden, Generated, measure_burden
from rx_review.county.burden import is_found
from rx_review.county.faults import NO_CODE, Planted
from rx_review.county.generate import Sent
from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.reading import read_prescription
from rx_review.domain.review import RANK, VERDICTS, Finding, Message, NotJudged, Review
from rx_review.library.edition import load_edition


def finding(rule: str, severity: str, *lines: int) -> Finding:
    return Finding(rule, "1", severity, None, "line", lines, Message("", "", ""), (), {}, (), "")


def missing(fact: str, outcome: str) -> NotJudged:
    return NotJudged(fact, {"zh": fact, "en": fact}, ("R1",), (1,), outcome)


def review_of(findings=(), not_judged=(), shown=0) -> Review:
    """A review with the verdict that its parts give."""
    words = ["pass", *(one.severity for one in findings), *(one.outcome for one in not_judged if RANK[one.outcome] > 2)]
    verdict = max(words, key=RANK.__getitem__)
    return Review("1", 1, verdict, not not_judged, "sha256:0", tuple(findings), tuple(not_judged), shown=shown)


def test_each_review_is_counted_once_by_verdict_rule_and_missing_fact():
    counted = Burden()
    counted.add(review_of(), "plain")
    counted.add(review_of([finding("R1", "warn", 1), finding("R1", "warn", 2), finding("R2", "note")], shown=2), "two")
    counted.add(review_of([finding("R3", "return", 1), finding("R1", "warn", 1)], shown=1), "back")
    counted.add(review_of([finding("R4", "block")], [missing("weight", "note")], shown=1), "stopped")
    counted.add(review_of(not_judged=[missing("allergies", "hold"), missing("weight", "note")]), "held")
    assert counted.reviewed == 5
    assert counted.verdicts == {"pass": 1, "warn": 1, "return": 1, "block": 1, "hold": 1}
    assert (counted.warned, counted.shown, counted.most_shown) == (2, 4, 2)
    assert counted.by_rule == {("R1", "warn"): 2, ("R2", "note"): 1, ("R3", "return"): 1, ("R4", "block"): 1}
    assert counted.by_missing == {("weight", "note"): 2, ("allergies", "hold"): 1}
    assert counted.by_regimen == {
        ("two", "R1", "warn"): 1, ("back", "R3", "return"): 1, ("back", "R1", "warn"): 1, ("stopped", "R4", "block"): 1,
        ("held", "?allergies", "hold"): 1,
    }  # fmt: skip
    assert counted.interruptive == 40
    assert counted.per_hundred(1) == 20


def test_the_figures_and_their_bars_come_from_the_counts():
    counted = Burden()
    for number in range(100):
        back = number < 3
        counted.add(review_of([finding("R", "return" if back else "warn", 1)], shown=1), "one")
    counted.planted.update({"a": 30, "b": 10})
    counted.found.update({"a": 30, "b": 8})
    counted.uncovered.update({"c": 7})
    told = {measure.name: measure.value for measure in burden_measures(counted)}
    assert told == {
        "burden interruptive": 3.0, "burden hold": 0.0, "burden warn": 97.0, "shown to doctor": 100.0,
        "most shown to doctor at once": 1, "seeded violations found": 95.0, "seeded violations": 40,
        "seeded violations without a rule": 7, "prescriptions": 100,
    }  # fmt: skip


def test_nothing_reviewed_is_no_figure_and_not_a_good_one():
    assert isnan(Burden().interruptive)
    assert isnan(Burden().share_found)


severities = st.sampled_from(VERDICTS[1:])
reviews = st.builds(
    review_of,
    st.lists(st.builds(finding, st.sampled_from(["R1", "R2"]), severities, st.integers(1, 3)), max_size=4),
    st.lists(
        st.builds(missing, st.sampled_from(["weight", "sex"]), st.sampled_from(["note", "hold", "return"])), max_size=2
    ),
)


@settings(max_examples=50)
@given(st.lists(reviews, min_size=1, max_size=12))
def test_every_review_has_one_verdict_and_the_rates_are_shares_of_all(drawn):
    counted = Burden()
    for one in drawn:
        counted.add(one, "any")
    assert counted.reviewed == sum(counted.verdicts.values()) == len(drawn)
    assert counted.warned == sum("warn" in {found.severity for found in one.findings} for one in drawn)
    stopped = [one for one in drawn if one.verdict in ("return", "block")]
    assert counted.interruptive == pytest.approx(100 * len(stopped) / len(drawn))
    for (rule, severity), count in counted.by_rule.items():
        assert count == sum((rule, severity) in {(f.rule, f.severity) for f in one.findings} for one in drawn)


# Faults, found by rules of our own

CODES = rows("code class zh en", "1-12 不规范 超七日 over\n2-5 不适宜 用法 dose\n3-1 超常 无适应证 none")


def rule(number: int, name: str, when: str, code: str | None, about: str = "line") -> str:
    text = RULE.replace("RX-QTY-901", f"RX-QTY-{number}").replace("quantity-over-fourteen-days", name)
    text = text.replace("status: draft", "status: active").replace("about: line", f"about: {about}")
    text = text.replace("  days_supplied: {over: 14}", when).replace(
        "code: null", f'code: "{code}"' if code else "code: null"
    )
    text = text.replace("remedies: [reduce days_supplied to 14]", "remedies: []")
    text = text.replace("unless:\n  extended_reason: {is: true}\n", "")
    return text.replace('zh: "{days_supplied} 日", en: "{days_supplied} days"', "zh: 错, en: wrong")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    top: Path = tmp_path_factory.mktemp("burden")
    (top / "rules" / "quantity").mkdir(parents=True)
    (top / "formulary").mkdir()
    for number, name, when, code, about in (
        (901, "too-long", "  days_supplied: {over: 14}", "1-12", "line"),
        (902, "no-dose", "  dose_written: {is: false}", "2-5", "line"),
        (903, "no-diagnosis", "  diagnosis_written: {is: false}", "1-12", "prescription"),
        (904, "past", "  days_past_validity: {over: 0}", None, "prescription"),
    ):
        text = rule(number, name, when, code, about)
        (top / "rules" / "quantity" / f"{name}.yaml").write_text(text, encoding="utf-8")
    write_formulary(top / "formulary", comment_codes=CODES)
    return load_edition(top / "rules", top / "formulary", None)


def sent(*days: int | None, **fields) -> Sent:
    """A sheet with a line for each count of days; None = a line without a dose."""
    lines = [
        {"generic": "二甲双胍", "form": "片", "strength": "0.5g", "route": "po", "frequency": "qd",
         "quantity": count or 1, "quantity_unit": "片", **({"dose": 1, "dose_unit": "片"} if count else {})}
        for count in days
    ]  # fmt: skip
    return Sent(read_prescription(json.dumps(sheet(*lines, **fields))), NOTHING_KNOWN)


def planted(*codes: str, lines: tuple[int, ...] = (), at: datetime | None = None) -> Planted:
    return Planted("fault", frozenset(codes), lines, at)


def test_a_fault_that_nobody_mentions_is_not_found(small):
    assert not is_found(small, planted("1-12", lines=(1,)), sent(7), sent(14))


def test_a_fault_is_found_by_something_new_on_its_line(small):
    assert is_found(small, planted("1-12", lines=(1,)), sent(7), sent(20))
    assert is_found(small, planted("3-1", "1-12", lines=(1, 2)), sent(7, 7), sent(7, 20))


def test_what_was_said_before_does_not_count(small):
    assert not is_found(small, planted("1-12", lines=(1,)), sent(20), sent(21))


def test_what_is_said_of_another_line_does_not_count(small):
    assert not is_found(small, planted("1-12", lines=(1,)), sent(7, 7), sent(7, 20))


def test_what_is_said_under_another_code_does_not_count(small):
    assert not is_found(small, planted("2-5", lines=(1,)), sent(7), sent(20))
    assert not is_found(small, planted(NO_CODE, lines=(1,)), sent(7), sent(20))


def test_what_is_said_of_the_sheet_counts_for_any_line(small):
    assert is_found(small, planted("1-12", lines=(1,)), sent(7), sent(7, diagnoses=[]))
    assert is_found(small, planted("1-12"), sent(7), sent(7, diagnoses=[]))


def test_a_fault_of_the_sheet_is_found_on_any_line(small):
    assert is_found(small, planted("1-12"), sent(7), sent(20))


def test_a_fault_of_time_is_found_at_its_time_only(small):
    faulty = sent(7)
    later = faulty.prescription.issued_at + timedelta(days=3)
    assert is_found(small, planted(NO_CODE, at=later), sent(7), faulty)
    assert not is_found(small, planted(NO_CODE), sent(7), faulty)


def test_sound_and_faulty_sheets_are_counted_apart(small):
    steps: list[int] = []
    sound = [Generated("fine", sent(7)), Generated("long", sent(20)), Generated("none", sent(7, diagnoses=[]))]
    faulty = [
        Generated("r", sent(7), Planted("too-long", frozenset({"1-12"}), (1,)), sent(20)),
        Generated("r", sent(7), Planted("too-long", frozenset({"1-12"}), (1,)), sent(14)),
        Generated("r", sent(7), Planted("no-dose", frozenset({"2-5"}), (1,)), sent(None)),
        Generated("r", sent(7), Planted("no-indication", frozenset({"3-1"})), sent(7)),
        Generated("r", sent(7)),
    ]
    counted = measure_burden(small, iter(sound), iter(faulty), steps.append)
    assert (counted.reviewed, sum(steps)) == (3, 8)
    assert counted.by_rule == {("RX-QTY-901", "note"): 1, ("RX-QTY-903", "note"): 1}
    assert counted.planted == {"too-long": 2, "no-dose": 1}
    assert counted.found == {"too-long": 1, "no-dose": 1}
    assert counted.uncovered == {"no-indication": 1}
    assert counted.share_found == pytest.approx(200 / 3)
