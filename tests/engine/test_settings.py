"""Members' own values: they may only tighten, and they hold where and when they were decided."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.facts.small import CORE, rows, sheet, write_formulary
from tests.library.conftest import RULE
from tests.shipped import shipped_edition

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.reading import read_prescription
from rx_review.engine.lint import lint
from rx_review.engine.polarity import settings_faults
from rx_review.engine.review import Reviewer, reviewer_for
from rx_review.engine.review import review as review_with_ways
from rx_review.errors import LibraryError
from rx_review.library.edition import load_edition
from rx_review.library.lookup import Dated, span
from rx_review.library.rows import Setting

TODAY = date(2026, 11, 1)
MEMBERS = rows(
    "institution name tier parent",
    """
    C1 县医院 county -
    T1 镇卫生院 township C1
    T2 另一镇卫生院 township C1
    V1 村卫生室 village T1
    V2 另一村卫生室 village T2
    """,
)
ABOVE = {"C1": None, "T1": "C1", "T2": "C1", "V1": "T1", "V2": "T2"}
PARAMETERS = [
    *CORE["parameters"],
    *rows("parameter value unit zh en", "most_days 14 day 上限 limit\nleast_signed 2 signature 签名 signed\n"
          "both_ways 30 day 上下 both\nnever_used 5 day 未用 unused"),
]  # fmt: skip


def rule(number: int, name: str, when: str, about: str = "line", severity: str = "return") -> str:
    """The rule of the library's tests, with other conditions; it says its limit."""
    text = RULE.replace("RX-QTY-901", f"RX-QTY-{number}").replace("quantity-over-fourteen-days", name)
    text = text.replace("status: draft", "status: active").replace("severity: note", f"severity: {severity}")
    text = text.replace("about: line", f"about: {about}").replace("  days_supplied: {over: 14}", when)
    if about == "prescription":
        text = text.replace("unless:\n  extended_reason: {is: true}\n", "").replace("{days_supplied}", "{drug_count}")
        text = text.replace("remedies: [reduce days_supplied to 14]", "remedies: []")
    return text


MOST = rule(901, "most", "  days_supplied: {over: $most_days}").replace("to 14]", "to $most_days]")
MOST = MOST.replace('zh: "{days_supplied} 日"', 'zh: "{days_supplied} 日，至多 {$most_days} 日"')
RULES = {
    "most": MOST,
    "least": rule(
        902, "least", "  dispensing_signatures: {under: $least_signed}\n  stage: {is: supply}", "prescription"
    ),
    "over-both": rule(903, "over-both", "  days_supplied: {over: $both_ways}", severity="warn"),
    "not-over-both": rule(904, "not-over-both", "  days_supplied: {at_most: $both_ways, over: 25}", severity="note"),
}


def write(top: Path, own: str = "") -> tuple[Path, Path]:
    """Rules and a formulary with these settings: parameter, institution, value, from, until."""
    folder, formulary = top / "rules" / "quantity", top / "formulary"
    folder.mkdir(parents=True)
    formulary.mkdir()
    for name, text in RULES.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    header = "parameter institution value from until"
    decided = [{**row, "decision": "纪要"} for row in rows(header, own)]
    write_formulary(formulary, institutions=MEMBERS, parameters=PARAMETERS, settings=decided)
    return top / "rules", formulary


@pytest.fixture
def with_settings(tmp_path):
    """An edition with these settings."""
    return lambda own: load_edition(*write(tmp_path, own), None)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return load_edition(*write(tmp_path_factory.mktemp("plain")), None)


def prescription(days: int = 14, institution: str = "C1", on: date = TODAY, **fields):
    """A sheet with so many days of one tablet a day."""
    line = {"generic": "二甲双胍", "form": "片", "strength": "0.5g", "dose": 1, "dose_unit": "片", "route": "po",
            "frequency": "qd", "quantity": days, "quantity_unit": "片"}  # fmt: skip
    written = sheet(line, institution=institution, issued_at=f"{on}T09:30:00+08:00", **fields)
    return read_prescription(json.dumps(written))


def stops(reviewer: Reviewer, *given, **fields) -> bool:
    """Whether both executors agree that the first rule stops the sheet."""
    read = prescription(*given, **fields)
    found = reviewer.review(read, NOTHING_KNOWN, read.issued_at)
    assert "engine" not in {entry.fact for entry in found.not_judged}
    return "RX-QTY-901" in {finding.rule for finding in found.findings}


REFUSED = [
    ("most_days T1 15 2026-01-01 -", "15 is looser than 14"),
    ("least_signed T1 1 2026-01-01 -", "1 is looser than 2"),
    ("most_days - 10 2026-01-01 -\nmost_days T1 12 2026-01-01 -", "12 is looser than 10"),
    ("most_days T1 7 2026-01-01 -\nmost_days V1 10 2026-01-01 -", "10 is looser than 7"),
    ("most_days - 10 2027-01-01 -\nmost_days T1 12 2026-01-01 -", "12 is looser than 10"),
    ("most_days - 20 2026-01-01 2026-06-01\nmost_days T1 18 2026-01-01 -", "18 is looser than 14"),
    ("both_ways T1 20 2026-01-01 -", "only the county may set it: which way is stricter cannot be told"),
    ("both_ways T1 30 2026-01-01 -", "only the county may set it"),
    ("never_used T1 5 2026-01-01 -", "only the county may set it: no rule uses it"),
    ("pregnancy_age_from_years T1 10 2026-01-01 -", "only the county may set it"),
    ("least_signed T1 2.5 2026-01-01 -", "2.5 has more than 0 decimals"),
    ("least_signed - 2.5 2026-01-01 -", "2.5 has more than 0 decimals"),
]


@pytest.mark.parametrize(("own", "said"), REFUSED)
def test_a_value_that_loosens_or_is_the_countys_alone_is_refused_by_lint_and_by_review(with_settings, own, said):
    loaded = with_settings(own)
    with pytest.raises(LibraryError) as caught:
        Reviewer(loaded)
    assert [said in str(fault) for fault in caught.value.faults] == [True]
    assert all(fault.zh for fault in caught.value.faults)
    assert [fault for fault in lint(loaded, TODAY) if said in str(fault)] == list(caught.value.faults)


ALLOWED = [
    "most_days T1 14 2026-01-01 -",
    "most_days T1 7 2026-01-01 -",
    "most_days T1 6.5 2026-01-01 -",
    "least_signed V1 3 2026-01-01 -",
    "most_days - 20 2026-01-01 -\nmost_days T1 18 2026-01-01 -",
    "most_days T1 7 2026-01-01 2026-06-01\nmost_days V1 10 2026-06-01 -",
    "most_days T1 7 2026-01-01 -\nmost_days V2 10 2026-01-01 -",
    "both_ways - 20 2026-01-01 -",
    "never_used - 1 2026-01-01 -",
    "most_days - 90 2026-01-01 -",
]


@pytest.mark.parametrize("own", ALLOWED)
def test_a_value_that_tightens_or_is_set_for_the_whole_county_is_taken(with_settings, own):
    assert settings_faults(with_settings(own)) == []


def test_rules_lint_says_it_on_the_command_line(tmp_path):
    rules, formulary = write(tmp_path, "most_days T1 15 2026-01-01 -")
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "rx_review", "rules", "lint"],
        env={**os.environ, "RX_RULES_DIR": str(rules), "RX_FORMULARY_DIR": str(formulary),
             "PYTHONPATH": str(root / "src")},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert "15" in done.stderr + done.stdout
    assert "most_days" in done.stderr + done.stdout


def test_a_tighter_value_holds_for_the_member_and_those_below_it_on_its_days(with_settings):
    reviewer = Reviewer(with_settings("most_days T1 7 2026-06-01 2026-07-01"))
    for institution, bound in (("C1", False), ("T1", True), ("V1", True), ("T2", False), ("V2", False)):
        for on, holds in (("2026-05-31", False), ("2026-06-01", True), ("2026-06-30", True), ("2026-07-01", False)):
            day = date.fromisoformat(on)
            limit = 7 if bound and holds else 14
            assert not stops(reviewer, limit, institution, on=day), (institution, on)
            assert stops(reviewer, limit + 1, institution, on=day), (institution, on)


def test_the_countys_own_value_holds_for_everybody_who_has_no_tighter_one(with_settings):
    reviewer = Reviewer(with_settings("most_days - 20 2026-01-01 -\nmost_days V1 10 2026-01-01 -"))
    for institution in ABOVE:
        limit = 10 if institution == "V1" else 20
        assert not stops(reviewer, limit, institution)
        assert stops(reviewer, limit + 1, institution)


def test_an_institution_that_nobody_knows_has_the_countys_value(with_settings):
    reviewer = Reviewer(with_settings("most_days - 20 2026-01-01 -\nmost_days C1 10 2026-01-01 -"))
    assert not stops(reviewer, 20, "X9")
    assert stops(reviewer, 21, "X9")


def test_a_half_day_is_compared_as_it_is_written(with_settings):
    reviewer = Reviewer(with_settings("most_days T1 6.5 2026-01-01 -"))
    assert not stops(reviewer, 6, "T1")
    assert stops(reviewer, 7, "T1")


def test_more_signatures_may_be_asked_of_a_member(with_settings):
    reviewer = Reviewer(with_settings("least_signed T1 3 2026-01-01 -"))
    signed = [{"role": role, "person": f"P{n}", "at": "2026-11-01T09:40:00+08:00", "revision": 1}
              for n, role in enumerate(("reviewer", "dispenser"))]  # fmt: skip
    for institution, missing in (("C1", False), ("T1", True), ("V1", True), ("V2", False)):
        read = prescription(7, institution, stage="supply", signatures=signed)
        found = reviewer.review(read, NOTHING_KNOWN, read.issued_at)
        assert ("RX-QTY-902" in {finding.rule for finding in found.findings}) is missing


def test_the_message_the_facts_and_the_way_to_pass_name_the_members_limit(with_settings):
    loaded = with_settings("most_days T1 7 2026-01-01 -")
    for institution, limit in (("T1", 7), ("V1", 7), ("T2", 14)):
        read = prescription(20, institution)
        answer = review_with_ways(read, NOTHING_KNOWN, loaded, read.issued_at)
        (finding,) = (found for found in answer.findings if found.rule == "RX-QTY-901")
        assert finding.message.zh == f"20 日，至多 {limit} 日"
        assert str(finding.facts["$most_days"]) == str(limit)
        change = next(way for way in answer.counterfactuals if way.kind == "change")
        assert [Decimal(edit["value"]) for edit in change.edits if edit["path"].endswith("quantity")] == [limit]
        assert change.verdict == "pass"
    assert reviewer_for(loaded).parameters(TODAY.toordinal(), "V1")["most_days"] == 7


# Against the definition, day by day.

FIRST = date(2026, 1, 1)
Decided = Mapping[tuple[str, str], list[tuple[int, int | None, int]]]


@st.composite
def decisions(draw) -> Decided:
    """For some scopes values of the limit, each for some days after FIRST; the county's scope is empty."""
    found = {}
    for scope in draw(st.sets(st.sampled_from(["", *ABOVE]), max_size=4)):
        cuts = sorted(draw(st.sets(st.integers(0, 20), min_size=1, max_size=4)))
        ends = [*cuts[1:], draw(st.sampled_from([None, 25]))]
        kept = [pair for pair in zip(cuts, ends, strict=True) if draw(st.booleans())] or [(cuts[0], ends[0])]
        found["most_days", scope] = [(start, end, draw(st.integers(8, 16))) for start, end in kept]
    return found


def edition_of(plain, decided: Decided):
    made = [
        (key, Setting.model_validate(
            {"parameter": key[0], "institution": key[1], "value": str(value), "decision": "纪要", "source": "S",
             "from": str(FIRST + timedelta(start)), "until": "" if end is None else str(FIRST + timedelta(end))}))
        for key, spans in decided.items() for start, end, value in spans
    ]  # fmt: skip
    days = {day.toordinal() for _, row in made for day in (row.from_, row.until) if day}
    formulary = replace(
        plain.formulary,
        settings=Dated((key, span(row, row)) for key, row in made),
        with_own_settings=frozenset(key[1] for key, _ in made if key[1]),
        changes=tuple(sorted({*plain.formulary.changes, *days})),
    )
    return replace(plain, formulary=formulary)


def value_on(decided: Decided, scope: str | None, day: int) -> int:
    """What holds at a member on a day: its own, else that of whoever is above, else the county's, else 14."""
    while scope is not None:
        for start, end, value in decided.get(("most_days", scope), ()):
            if start <= day and (end is None or day < end):
                return value
        scope = ABOVE.get(scope) or ("" if scope else None)
    return 14


@settings(max_examples=100)
@given(decisions())
def test_what_loosens_on_any_day_is_refused_and_nothing_else(plain, decided):
    made = edition_of(plain, decided)
    looser = any(
        value > value_on(decided, ABOVE[scope] or "", day)
        for (_, scope), spans in decided.items() if scope
        for start, end, value in spans
        for day in range(start, 40 if end is None else end)
    )  # fmt: skip
    assert bool(settings_faults(made)) == looser


@settings(max_examples=100)
@given(decisions(), st.integers(0, 30))
def test_the_value_on_a_day_is_that_of_the_nearest_scope_that_has_one(plain, decided, day):
    formulary = edition_of(plain, decided).formulary
    ordinal = (FIRST + timedelta(day)).toordinal()
    for institution in ABOVE:
        expected = Decimal(value_on(decided, institution, day))
        assert formulary.parameter("most_days", ordinal, institution) == expected
        whose = formulary.settings_of(institution)
        assert formulary.parameter("most_days", formulary.epoch(ordinal), whose) == expected


@settings(max_examples=10)
@given(decisions(), st.integers(0, 30), st.integers(6, 18))
def test_both_executors_judge_by_the_value_of_the_member_and_day(plain, decided, day, taken):
    made = edition_of(plain, decided)
    if settings_faults(made):
        members = {key: spans for key, spans in decided.items() if not key[1]}
        made, decided = edition_of(plain, members), members
    reviewer = Reviewer(made)
    for institution in ABOVE:
        expected = taken > value_on(decided, institution, day)
        assert stops(reviewer, taken, institution, on=FIRST + timedelta(day)) == expected


@pytest.mark.parametrize(
    ("parameter", "value", "refused"),
    [
        ("drugs_per_sheet", "6", True),
        ("drugs_per_sheet", "5", False),
        ("drugs_per_sheet", "4", False),
        # Milder rules begin where the graver one ends: the graver one tells.
        ("outpatient_days", "25", True),
        ("outpatient_days", "5", False),
        ("methylphenidate_days", "60", True),
        ("supply_signatures", "1", True),
    ],
)
def test_a_county_may_not_loosen_what_a_regulation_says(parameter, value, refused):
    shipped = shipped_edition()
    row = Setting.model_validate(
        {
            "parameter": parameter, "institution": "", "value": value, "decision": "药事会纪要",
            "source": "SAMPLE-COUNTY", "from": "2026-11-01", "until": "", "checked": "false", "recalled": "false",
        }
    )  # fmt: skip
    one = Dated([((parameter, ""), span(row, row))])
    faults = settings_faults(replace(shipped, formulary=replace(shipped.formulary, settings=one)))
    assert bool(faults) is refused
    assert all(f"{value} is looser than" in fault.what for fault in faults)
