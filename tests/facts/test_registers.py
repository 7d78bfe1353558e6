"""What registers, permits and the flow tell: known, not looked up, or not kept; rights that begin and end on a day."""

from datetime import datetime

import pytest
from tests.facts.small import CORE, formulary, rows, sheet, told

from rx_review.domain.content import content_digest
from rx_review.domain.reading import check_circumstances, check_prescription
from rx_review.facts.build import FactBuilder
from rx_review.facts.vocabulary.registers import REGISTERS

AT = "2026-11-01T09:30:00+08:00"
TABLET = {"generic": "二甲双胍", "form": "片"}
TABLES = {
    "institutions": [
        {**row, "level": level} for row, level in zip(CORE["institutions"], ("secondary", "primary", ""), strict=True)
    ],
    "outlets": rows("outlet name", "P1 一店\nP2 二店\nP3 三店"),
    "permits": [
        *rows(
            "holder permit granted",
            """
            C1 narcotic_card true
            C1 internet false
            C1 termination true
            P1 psychotropic_2_retail true
            P1 toxic_retail false
            P3 narcotic_card true
            T1 psychotropic_2_retail true
            """,
        ),
        {"holder": "C1", "permit": "radioactive", "granted": "false", "from": "2020-01-01", "until": "2026-11-01"},
        {"holder": "C1", "permit": "radioactive", "granted": "true", "from": "2026-11-01", "until": "2026-12-01"},
    ],
    "parameters": [
        *CORE["parameters"],
        {"parameter": "reviewer_years", "value": "3", "unit": "year", "zh": "年", "en": "years"},
    ],
    "settings": [{"parameter": "reviewer_years", "institution": "T1", "value": "5", "decision": "纪要"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> FactBuilder:
    return FactBuilder(formulary(tmp_path_factory.mktemp("registers"), **TABLES))


def whole(builder: FactBuilder, world: dict | None = None, at: str = AT, **fields: object):
    """The sheet as a case; each part of the world gets its as-of."""
    parts = {name: {"as_of": AT, **part} for name, part in (world or {}).items()}
    read = check_prescription(sheet(TABLET, **fields))
    moment = datetime.fromisoformat(at)
    return builder.build(read, check_circumstances(parts), moment).cases["prescription"][0]


def staff(builder: FactBuilder, record: dict, **fields: object):
    return whole(builder, {"prescriber": {"licence": "physician", **record}}, **fields)


STAFF = (
    "title", "registered", "right_status", "trainee", "prescribing_granted", "specimen_on_file", "narcotic_right",
    "toxic_right", "radioactive_right", "antimicrobial_granted", "antineoplastic_granted", "tcm_doctor",
    "patent_trained", "herbs_trained",
)  # fmt: skip
OF_RIGHTS = (
    "prescribing_granted", "narcotic_right", "toxic_right", "radioactive_right", "antimicrobial_granted",
    "antineoplastic_granted",
)  # fmt: skip
FLOW = ("flow_state", "content_changed", "locked_elsewhere", "repeats_used_up", "repeat_too_early")
PATIENT = ("pain_consent", "pain_file", "pain_visit_days", "first_long_term", "admitted_since_long_term")


def test_nothing_looked_up_leaves_everything_unknown_for_one_cause(county):
    case = whole(county)
    assert {name: told(case, name) for name in (*STAFF, *FLOW, *PATIENT, "visit_drug_count")} == dict.fromkeys(
        (*STAFF, *FLOW, *PATIENT, "visit_drug_count"), "?registers"
    )


def test_a_register_that_keeps_nothing_leaves_its_facts_unknown_for_a_cause_of_its_own(county):
    case = staff(county, {})
    assert {name: told(case, name) for name in STAFF} == dict.fromkeys(STAFF, "?staff_register")
    assert told(case, "licence") == "physician"
    case = whole(county, {"patient": {}})
    assert [told(case, name) for name in PATIENT] == ["?pain_record"] * 3 + ["?long_term_record"] * 2
    case = whole(county, {"patient": {"pain": {}, "long_term": {}}})
    assert [told(case, name) for name in PATIENT] == ["?pain_record"] * 3 + [1, 0]


def test_one_register_says_nothing_of_another(county):
    case = whole(county, {"patient": {}, "flow": {"state": "none"}})
    assert {told(case, name) for name in STAFF} == {"?registers"}
    assert {told(staff(county, {}), name) for name in (*FLOW, *PATIENT)} == {"?registers"}


def test_a_full_register_leaves_nothing_unknown_and_says_only_what_the_vocabulary_has(county):
    listed = {fact.name: fact for fact in REGISTERS}
    record = {
        "licence": "physician", "title": "chief", "status": "active", "trainee": "none", "registered_at": ["C1"],
        "rights": [], "specimen_on_file": True, "tcm": False,
    }  # fmt: skip
    case = staff(county, record)
    values = {name: told(case, name) for name in STAFF}
    assert values == {
        "title": "chief", "registered": 1, "right_status": "active", "trainee": "none", "prescribing_granted": 0,
        "specimen_on_file": 1, "narcotic_right": 0, "toxic_right": 0, "radioactive_right": 0,
        "antimicrobial_granted": "none", "antineoplastic_granted": "none", "tcm_doctor": 0, "patent_trained": 0,
        "herbs_trained": 0,
    }  # fmt: skip
    assert [name for name, value in values.items() if listed[name].values and value not in listed[name].values] == []


@pytest.mark.parametrize(
    ("from_", "until", "held"),
    [
        ("2026-11-01", None, 1),
        ("2026-11-02", None, 0),
        ("2020-01-01", "2026-11-02", 1),
        ("2020-01-01", "2026-11-01", 0),
        ("2026-11-01", "2026-11-02", 1),
        ("2026-11-01", "2026-11-01", 0),
    ],
)
def test_a_right_holds_from_its_first_day_to_before_its_last(county, from_, until, held):
    for kind, fact in (
        ("prescribe", "prescribing_granted"),
        ("narcotic", "narcotic_right"),
        ("toxic", "toxic_right"),
        ("radioactive", "radioactive_right"),
    ):
        case = staff(county, {"rights": [{"kind": kind, "from": from_, "until": until}]})
        assert told(case, fact) == held
        assert {told(case, other) for other in OF_RIGHTS} <= {0, 1, "none"}


@pytest.mark.parametrize(
    ("issued", "held"),
    [
        ("2026-10-31T23:59:59+08:00", 0),
        ("2026-10-31T15:59:59Z", 0),
        ("2026-11-01T00:00:00+08:00", 1),
        ("2026-10-31T16:00:00Z", 1),
        ("2026-11-30T23:59:59+08:00", 1),
        ("2026-11-30T16:00:00Z", 0),
    ],
)
def test_rights_go_by_the_day_of_issue_in_the_county(county, issued, held):
    right = {"kind": "narcotic", "from": "2026-11-01", "until": "2026-12-01"}
    # Whenever it is looked at.
    for at in (AT, "2026-12-24T09:00:00+08:00"):
        assert told(staff(county, {"rights": [right]}, issued_at=issued, at=at), "narcotic_right") == held


@pytest.mark.parametrize(
    ("licence", "institution", "kept", "claimed", "independent"),
    [
        ("assistant", "T1", True, None, 1),
        ("assistant", "T1", False, True, 0),
        ("assistant", "T1", None, None, None),
        ("assistant", "V1", None, None, None),
        ("assistant", "C1", None, None, 0),
        ("assistant", "C1", True, None, 1),
        ("physician", "T1", True, None, 0),
        ("physician", "T1", None, None, 0),
    ],
)
def test_an_assistant_who_may_practise_alone(county, licence, institution, kept, claimed, independent):
    prescriber = {"licence": "assistant", "independent": claimed}
    record = {"licence": licence, "independent": kept}
    case = staff(county, record, institution=institution, prescriber=prescriber)
    assert told(case, "licence") == licence
    assert case.known("independent") == independent


@pytest.mark.parametrize(
    ("kinds", "antimicrobial", "antineoplastic"),
    [
        ((), "none", "none"),
        (("prescribe",), "none", "none"),
        (("antimicrobial_unrestricted",), "unrestricted", "none"),
        (("antimicrobial_unrestricted", "antimicrobial_restricted"), "restricted", "none"),
        (("antimicrobial_special", "antimicrobial_unrestricted"), "special", "none"),
        (("antimicrobial_special",), "special", "none"),
        (("antineoplastic_ordinary",), "none", "ordinary"),
        (("antineoplastic_restricted", "antineoplastic_ordinary"), "none", "restricted"),
        (("antimicrobial_restricted", "antineoplastic_ordinary"), "restricted", "ordinary"),
    ],
)
def test_the_highest_tier_that_was_granted(county, kinds, antimicrobial, antineoplastic):
    case = staff(county, {"title": "chief", "rights": [{"kind": kind, "from": "2020-01-01"} for kind in kinds]})
    assert told(case, "antimicrobial_granted") == antimicrobial
    assert told(case, "antineoplastic_granted") == antineoplastic


def test_a_tier_that_has_ended_falls_back_to_the_one_below(county):
    rights = [
        {"kind": "antimicrobial_special", "from": "2020-01-01", "until": "2026-11-01"},
        {"kind": "antimicrobial_unrestricted", "from": "2020-01-01"},
    ]
    assert told(staff(county, {"rights": rights}), "antimicrobial_granted") == "unrestricted"


@pytest.mark.parametrize(
    ("registered_at", "posting", "registered"),
    [
        (["C1"], None, 1),
        (["T1"], None, 1),
        (["X9", "V1"], None, 1),
        (["X9"], None, 0),
        ([], None, 0),
        (None, None, "?staff_register"),
        (["X9"], ("C1", "2026-11-01", None), 1),
        (None, ("C1", "2026-11-01", None), 1),
        (["X9"], ("C1", "2020-01-01", "2026-11-01"), 0),
        (["X9"], ("C1", "2026-11-02", None), 0),
        (None, ("C1", "2020-01-01", "2026-11-01"), "?staff_register"),
        (["X9"], ("T1", "2020-01-01", None), 0),
        (["T1"], ("T1", "2020-01-01", "2021-01-01"), 1),
    ],
)
def test_registered_at_a_member_or_posted_here_on_the_day(county, registered_at, posting, registered):
    postings = [] if posting is None else [dict(zip(("institution", "from", "until"), posting, strict=True))]
    assert told(staff(county, {"registered_at": registered_at, "postings": postings}), "registered") == registered


@pytest.mark.parametrize(
    ("tcm", "kinds", "patent", "herbs"),
    [
        (True, None, 1, 1),
        (True, (), 1, 1),
        (False, (), 0, 0),
        (False, ("herbs",), 0, 1),
        (False, ("patent_medicine",), 1, 0),
        (False, None, "?staff_register", "?staff_register"),
        (None, ("herbs", "patent_medicine"), 1, 1),
        (None, (), "?staff_register", "?staff_register"),
    ],
)
def test_who_may_prescribe_chinese_medicines(county, tcm, kinds, patent, herbs):
    rights = None if kinds is None else [{"kind": kind, "from": "2020-01-01"} for kind in kinds]
    case = staff(county, {"tcm": tcm, "rights": rights})
    assert (told(case, "patent_trained"), told(case, "herbs_trained")) == (patent, herbs)


def signed(role: str, person: str, revision: int = 1) -> dict:
    return {"role": role, "person": person, "at": AT, "revision": revision}


GOOD = {"person": "P1", "title": "pharmacist", "years": 3, "review_trained": True, "narcotic_dispensing": True}


@pytest.mark.parametrize(
    ("changes", "qualified"),
    [
        ({}, 1),
        ({"title": "chief_pharmacist"}, 1),
        ({"title": "junior"}, 0),
        ({"title": "none"}, 0),
        ({"years": 2}, 0),
        ({"years": 4}, 1),
        ({"years": 0}, 0),
        ({"review_trained": False}, 0),
        ({"title": None}, "?pharmacist_register"),
        ({"years": None}, "?pharmacist_register"),
        ({"review_trained": None}, "?pharmacist_register"),
        ({"title": "junior", "years": None, "review_trained": None}, 0),
    ],
)
def test_who_reviewed(county, changes, qualified):
    world = {"pharmacists": {"people": [{**GOOD, **changes}]}}
    assert told(whole(county, world, signatures=[signed("reviewer", "P1")]), "reviewer_qualified") == qualified


def test_a_member_may_ask_for_more_years(county):
    world = {"pharmacists": {"people": [{**GOOD, "years": 4}]}}
    signatures = [signed("reviewer", "P1")]
    assert told(whole(county, world, signatures=signatures), "reviewer_qualified") == 1
    assert told(whole(county, world, signatures=signatures, institution="T1"), "reviewer_qualified") == 0


def test_without_the_parameter_whoever_reviewed_is_unknown(builder):
    case = whole(builder, {"pharmacists": {"people": [GOOD]}}, signatures=[signed("reviewer", "P1")])
    assert told(case, "reviewer_qualified") == "?pharmacist_register"


@pytest.mark.parametrize(
    ("people", "signatures", "reviewer", "dispenser"),
    [
        (None, [], 1, 1),
        (None, [signed("prescriber", "D1")], 1, 1),
        (None, [signed("reviewer", "P1")], "?registers", 1),
        (None, [signed("checker", "P1")], 1, "?registers"),
        ([], [signed("reviewer", "P1")], "?pharmacist_register", 1),
        ([], [], 1, 1),
        ([GOOD], [signed("reviewer", "P1"), signed("reviewer", "P2")], "?pharmacist_register", 1),
        ([GOOD, {"person": "P2", "title": "junior"}], [signed("reviewer", "P1"), signed("reviewer", "P2")], 0, 1),
        ([GOOD], [signed("dispenser", "P1"), signed("issuer", "P1")], 1, 1),
        ([{"person": "P1", "narcotic_dispensing": False}], [signed("dispenser", "P1")], 1, 0),
        ([{"person": "P1", "narcotic_dispensing": False}], [signed("issuer", "P1")], 1, 0),
        ([{"person": "P1", "narcotic_dispensing": False}], [signed("checker", "P1")], 1, 0),
        ([{"person": "P1"}], [signed("dispenser", "P1")], 1, "?pharmacist_register"),
        ([{"person": "P1", "narcotic_dispensing": False}], [signed("reviewer", "P1")], "?pharmacist_register", 1),
    ],
)
def test_who_signed_is_looked_for_in_the_register(county, people, signatures, reviewer, dispenser):
    case = whole(county, None if people is None else {"pharmacists": {"people": people}}, signatures=signatures)
    assert told(case, "reviewer_qualified") == reviewer
    assert told(case, "narcotic_dispenser_qualified") == dispenser


def test_signatures_under_an_earlier_revision_are_not_asked_about(county):
    world = {"pharmacists": {"people": [{"person": "P1", "title": "none", "narcotic_dispensing": False}]}}
    case = whole(county, world, revision=2, signatures=[signed("reviewer", "P1"), signed("checker", "P1")])
    assert (told(case, "reviewer_qualified"), told(case, "narcotic_dispenser_qualified")) == (1, 1)


def test_permits_known_refused_and_without_a_row(county):
    case = whole(county)
    told_of = {name: told(case, f"permit_{name}") for name in ("narcotic_card", "termination", "internet", "toxic")}
    assert told_of == {"narcotic_card": 1, "termination": 1, "internet": 0, "toxic": "?permit"}
    assert told(whole(county, institution="T1"), "permit_narcotic_card") == "?permit"
    assert told(whole(county, institution="X9"), "permit_narcotic_card") == "?institution"


@pytest.mark.parametrize(
    ("issued", "held"),
    [
        ("2026-10-31T23:59:59+08:00", 0),
        ("2026-10-31T16:00:00Z", 1),
        ("2026-11-30T15:59:59Z", 1),
        ("2026-12-01T00:00:00+08:00", "?permit"),
    ],
)
def test_permits_go_by_the_day_of_issue(county, issued, held):
    assert told(whole(county, issued_at=issued), "permit_radioactive") == held


def test_the_level_of_the_hospital(county):
    assert [told(whole(county, institution=one), "level") for one in ("C1", "T1", "V1", "X9")] == [
        "secondary", "primary", "?level", "?institution",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("site", "where", "psychotropic", "toxic"),
    [
        (None, "own", 0, 0),
        ("C1", "own", 0, 0),
        ("T1", "member", 0, 0),
        ("P1", "outlet", 1, 0),
        ("P2", "outlet", "?permit", "?permit"),
        ("P3", "outlet", "?permit", "?permit"),
        ("X9", "elsewhere", 0, 0),
    ],
)
def test_where_it_is_collected_and_what_may_be_sold_there(county, site, where, psychotropic, toxic):
    case = whole(county, collection_site=site)
    assert told(case, "collected_at") == where
    assert told(case, "outlet_sells_psychotropic_2") == psychotropic
    assert told(case, "outlet_sells_toxic") == toxic


def test_a_sheet_of_a_stranger_collected_at_home_is_collected_at_its_own(county):
    assert told(whole(county, institution="X9", collection_site="X9"), "collected_at") == "own"
    assert told(whole(county, institution="X9", collection_site="C1"), "collected_at") == "member"


@pytest.mark.parametrize(
    ("seen", "issued", "days"),
    [
        ("2026-11-01", AT, 0),
        ("2026-10-31", AT, 1),
        ("2026-10-31", "2026-10-31T15:59:59Z", 0),
        ("2026-10-31", "2026-10-31T16:00:00Z", 1),
        ("2026-08-01", AT, 92),
        ("2026-11-05", AT, 0),
        ("2024-02-28", "2024-03-01T08:00:00+08:00", 2),
    ],
)
def test_days_since_the_last_visit_are_calendar_days_of_the_county(county, seen, issued, days):
    case = whole(county, {"patient": {"pain": {"last_visit": seen}}}, issued_at=issued)
    assert told(case, "pain_visit_days") == days
    assert told(case, "pain_consent") == told(case, "pain_file") == "?pain_record"


@pytest.mark.parametrize(
    ("pain", "consents", "consent"),
    [
        ({"consent": True}, [], 1),
        ({"consent": False}, [], 0),
        ({"consent": False}, [{"to": "opioid"}], 1),
        ({}, [{"to": "opioid"}], 1),
        ({"consent": False}, [{"to": "off_label"}], 0),
        (None, [{"to": "opioid"}], 1),
        (None, [{"to": "long_term"}], "?registers"),
    ],
)
def test_consent_by_the_register_or_on_the_sheet(county, pain, consents, consent):
    case = whole(county, None if pain is None else {"patient": {"pain": pain}}, consents=consents)
    assert told(case, "pain_consent") == consent


@pytest.mark.parametrize(
    ("record", "first", "admitted"),
    [
        ({}, 1, 0),
        ({"last_admission": "2026-10-01"}, 1, 0),
        ({"last_issued": "2026-08-01"}, 0, 0),
        ({"last_issued": "2026-08-01", "last_admission": "2026-07-31"}, 0, 0),
        ({"last_issued": "2026-08-01", "last_admission": "2026-08-01"}, 0, 1),
        ({"last_issued": "2026-08-01", "last_admission": "2026-10-01"}, 0, 1),
    ],
)
def test_long_term_prescriptions_so_far(county, record, first, admitted):
    case = whole(county, {"patient": {"long_term": record}})
    assert (told(case, "first_long_term"), told(case, "admitted_since_long_term")) == (first, admitted)


def test_what_the_sheet_says_of_a_long_term_prescription_is_never_unknown(county):
    assert [told(whole(county), f"long_term_{name}") for name in ("confirmed", "assessed")] == [0, 0]
    case = whole(county, assessed=True, consents=[{"to": "long_term"}])
    assert [told(case, f"long_term_{name}") for name in ("confirmed", "assessed")] == [1, 1]
    assert told(whole(county, consents=[{"to": "opioid"}]), "long_term_confirmed") == 0


@pytest.mark.parametrize(
    "state", ["none", "submitted", "approved", "returned", "refused", "charged", "supplied", "cancelled"]
)
def test_the_state_of_the_flow(county, state):
    case = whole(county, {"flow": {"state": state}})
    assert [told(case, name) for name in FLOW] == [state, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("locked_by", "site", "elsewhere"),
    [
        (None, None, 0),
        ("C1", None, 0),
        ("T1", None, 1),
        ("T1", "T1", 0),
        ("C1", "T1", 1),
        ("P1", "P1", 0),
    ],
)
def test_a_lock_is_elsewhere_if_it_is_not_where_the_drugs_are_collected(county, locked_by, site, elsewhere):
    case = whole(county, {"flow": {"state": "approved", "locked_by": locked_by}}, collection_site=site)
    assert told(case, "locked_elsewhere") == elsewhere


def test_content_is_compared_with_what_was_approved(county):
    digest = content_digest(check_prescription(sheet(TABLET)))
    flow = {"state": "approved", "approved_content": digest}
    assert told(whole(county, {"flow": flow}), "content_changed") == 0
    assert told(whole(county, {"flow": flow}, revision=2, stage="supply"), "content_changed") == 0
    assert told(whole(county, {"flow": flow}, valid_days=3), "content_changed") == 1
    assert told(whole(county, {"flow": {**flow, "approved_content": "0" * 64}}), "content_changed") == 1


@pytest.mark.parametrize(
    ("state", "most", "used", "used_up"),
    [
        ("none", 0, 0, 0),
        ("approved", 0, 0, 0),
        ("charged", 0, 0, 0),
        ("supplied", 0, 0, 1),
        ("supplied", 3, 0, 0),
        ("supplied", 3, 2, 0),
        ("supplied", 3, 3, 1),
        ("supplied", 3, 4, 1),
        ("charged", 3, 2, 0),
    ],
)
def test_repeats_used_up(county, state, most, used, used_up):
    flow = {"state": state, "repeats": {"most": most, "used": used}}
    assert told(whole(county, {"flow": flow}), "repeats_used_up") == used_up


@pytest.mark.parametrize("state", ["submitted", "approved", "charged"])
def test_repeats_stay_used_up_while_another_is_charged(county, state):
    # Three of three repeats were supplied: whatever state the flow is in now, none is left.
    flow = {"state": state, "repeats": {"most": 3, "used": 3, "last_on": "2026-10-01"}}
    assert told(whole(county, {"flow": flow}), "repeats_used_up") == 1


@pytest.mark.parametrize(
    ("last_on", "interval", "at", "early"),
    [
        (None, 30, "2026-11-01T09:00:00+08:00", 0),
        ("2026-11-01", 0, "2026-11-01T09:00:00+08:00", 0),
        ("2026-11-01", 1, "2026-11-01T23:59:59+08:00", 1),
        ("2026-11-01", 1, "2026-11-02T00:00:00+08:00", 0),
        ("2026-11-01", 30, "2026-11-30T23:59:59+08:00", 1),
        ("2026-11-01", 30, "2026-11-30T15:59:59+00:00", 1),
        ("2026-11-01", 30, "2026-11-30T16:00:00+00:00", 0),
        ("2026-11-01", 30, "2026-12-01T00:00:00+08:00", 0),
    ],
)
def test_the_interval_between_repeats_goes_by_the_day_of_the_review(county, last_on, interval, at, early):
    flow = {"state": "supplied", "repeats": {"most": 3, "used": 1, "interval_days": interval, "last_on": last_on}}
    assert told(whole(county, {"flow": flow}, at=at), "repeat_too_early") == early
