"""Identity kept apart: nothing of it is left in the sheet, review does not notice, and it all comes back."""

import copy
import json
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.invented import CODES, WORDS, prescriptions, some
from tests.test_cases import judged
from tests.test_corpus import answers, edition

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.content import content_digest
from rx_review.domain.identity import PLACES, Identity, masked_name, masked_number, restore, separate, stand_ins
from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import check_circumstances, check_prescription
from rx_review.domain.review import as_json
from rx_review.engine.review import review
from rx_review.errors import InputError
from rx_review.facts.build import FactBuilder

KEY = bytes(range(32))
STAND_IN = stand_ins(KEY)
# Strings that stand nowhere else: a hit in the stored sheet is a leak.
CANARY = {
    "record_number": "MZ-CANARY-0001",
    "patient": {
        "id": "HIS-CANARY-0002",
        "name": "金丝雀甲",
        "identity_number": "99999919800101003X",
        "agent": {"name": "金丝雀乙", "identity_number": "999999197001010048"},
        "guardian": "金丝雀丙",
    },
    "prescriber": {"name": "金丝雀丁", "identity_number": "999999196001010052"},
}
CANARIES = [
    CANARY["record_number"], *[value for value in CANARY["patient"].values() if isinstance(value, str)],
    *CANARY["patient"]["agent"].values(), *CANARY["prescriber"].values(),
]  # fmt: skip


@st.composite
def named(draw):
    """A sheet with any identity fields, some of them equal."""
    sheet = draw(prescriptions())
    code, word = st.sampled_from(["1", "2"]) | CODES, st.sampled_from(["某", "x"]) | WORDS
    people = draw(
        some(
            agent=some(name=word, identity_number=code) | st.none(), guardian=word, id=code, name=word,
            identity_number=code,
        )
    )  # fmt: skip
    prescriber = draw(some(name=word, identity_number=code))
    sheet["patient"] |= people
    sheet["prescriber"] = sheet.get("prescriber", {}) | prescriber
    return sheet | draw(some(record_number=code))


def with_canaries(tree):
    """The sheet with every identity field written."""
    whole = copy.deepcopy(dict(tree))
    whole["record_number"] = CANARY["record_number"]
    whole["patient"] = {**whole["patient"], **CANARY["patient"]}
    whole["prescriber"] = {**whole.get("prescriber", {}), **CANARY["prescriber"]}
    return check_prescription(whole)


def values(prescription):
    """Every identity value of a sheet, by field."""
    _, identity = separate(prescription, STAND_IN)
    return identity.model_dump(exclude_none=True)


@given(named())
def test_what_was_separated_comes_back(tree):
    sheet = check_prescription(tree)
    stored, identity = separate(sheet, STAND_IN)
    back = restore(stored, identity)
    assert back == sheet
    assert back.model_dump_json(exclude_unset=True) == sheet.model_dump_json(exclude_unset=True)
    read = Identity.model_validate_json(identity.model_dump_json(exclude_none=True))
    assert read == identity


@given(named())
def test_what_is_stored_is_a_prescription_too(tree):
    stored, _ = separate(check_prescription(tree), STAND_IN)
    assert check_prescription(json.loads(stored.model_dump_json(by_alias=True, exclude_unset=True))) == stored


@given(named())
def test_stand_ins_are_equal_where_the_values_are(tree):
    before = values(check_prescription(tree))
    after = values(separate(check_prescription(tree), STAND_IN)[0])
    assert before.keys() == after.keys()
    for one in before:
        for other in before:
            if PLACES[one].kind == PLACES[other].kind:
                assert (before[one] == before[other]) == (after[one] == after[other])
            else:
                assert after[one] != after[other]


@given(named())
def test_nothing_else_of_the_sheet_changes(tree):
    sheet = check_prescription(tree)
    before, after = sheet.model_dump(), separate(sheet, STAND_IN)[0].model_dump()
    for tree in (before, after):
        tree["record_number"] = tree["patient"]["id"] = tree["patient"]["guardian"] = None
        for person in (tree["patient"], tree["patient"]["agent"] or {}, tree["prescriber"]):
            person |= dict.fromkeys({"name", "identity_number"} & person.keys())
    assert before == after


@given(prescriptions())
def test_no_distinctive_identity_is_left_in_the_stored_sheet(tree):
    sheet = with_canaries(tree)
    stored, identity = separate(sheet, STAND_IN)
    text = stored.model_dump_json(by_alias=True)
    assert [canary for canary in CANARIES if canary in text] == []
    assert sorted(identity.model_dump().values()) == sorted(CANARIES)
    shown = repr(identity) + str(identity)
    assert [canary for canary in CANARIES if canary in shown] == []


def test_every_identity_field_has_its_place_and_a_stand_in_fits_it():
    assert PLACES.keys() == Identity.model_fields.keys()
    assert {value for value in CANARIES} == set(values(with_canaries(sheet_of("name"))).values())


def sheet_of(*fields):
    """A small sheet with these of the patient's canaries."""
    patient = {name: CANARY["patient"][name] for name in fields}
    return {
        "number": "A1", "setting": "outpatient", "institution": "C1", "issued_at": "2026-11-01T09:30:00+08:00",
        "patient": patient, "lines": [{"line": 1, "generic": "阿莫西林"}],
    }  # fmt: skip


def test_another_key_makes_other_stand_ins():
    sheet = with_canaries(sheet_of("name"))
    ours, others = (set(values(separate(sheet, stand_ins(key))[0]).values()) for key in (KEY, KEY[::-1]))
    assert ours.isdisjoint(others)


def test_a_key_that_could_be_guessed_is_refused():
    with pytest.raises(ValueError, match="15 bytes"):
        stand_ins(bytes(15))


@pytest.mark.parametrize(("kept", "sheet"), [(["name"], []), ([], ["name"]), (["name"], ["id"])])
def test_the_identity_of_another_sheet_is_refused(kept, sheet):
    _, identity = separate(check_prescription(sheet_of(*kept)), STAND_IN)
    stored, _ = separate(check_prescription(sheet_of(*sheet)), STAND_IN)
    with pytest.raises(InputError, match=r"patient\.name") as caught:
        restore(stored, identity)
    assert "金丝雀" not in str(caught.value)
    assert "patient.name" in caught.value.faults[0].in_chinese()


@given(named(), st.sampled_from(sorted(PLACES)))
def test_two_revisions_have_one_content_apart_as_they_have_whole(tree, field):
    sheet = check_prescription(tree)
    again = sheet.model_copy(update={"revision": sheet.revision + 1})
    changed = edited(sheet, field)
    for other in (again, changed):
        apart = [content_digest(separate(each, STAND_IN)[0]) for each in (sheet, other)]
        whole = [content_digest(each) for each in (sheet, other)]
        assert (apart[0] == apart[1]) == (whole[0] == whole[1])


def edited(sheet, field):
    """The sheet with one identity value changed, if it has it."""
    stored, identity = separate(sheet, STAND_IN)
    if getattr(identity, field) is None:
        return sheet
    return restore(stored, identity.model_copy(update={field: getattr(identity, field) + "9"}))


def differing(cases):
    """Numbers of the sheets that are reviewed otherwise when separated, and in what."""
    found = {}
    for sheet, known, at, answer in cases:
        stored, _ = separate(sheet, STAND_IN)
        whole, apart = as_json(answer), as_json(review(stored, known, edition(), at))
        if parts := [part for part in whole if whole[part] != apart[part]]:
            found[sheet.number] = parts
    return found


def test_each_sheet_of_the_corpus_is_reviewed_as_it_was():
    assert answers()
    cases = [(one.prescription, one.circumstances, one.at, answer) for one, answer in answers().values()]
    assert differing(cases) == {}


def test_each_sheet_of_the_corpus_is_reviewed_as_it_was_with_everybody_named():
    """The corpus names few people; here each sheet has an agent, a guardian and all the numbers."""
    cases = []
    for one, _ in list(answers().values())[::3]:
        sheet = with_canaries(one.tree)
        cases.append((sheet, one.circumstances, one.at, review(sheet, one.circumstances, edition(), one.at)))
    assert differing(cases) == {}


def test_each_case_of_law_is_reviewed_as_it_was_if_what_was_approved_is_separated_too():
    cases, bound = [], []
    for case in judged().values():
        sheet = check_prescription(case.tree["prescription"])
        known = check_circumstances(case.tree.get("circumstances", {}))
        if known.flow is not None and known.flow.approved_content == content_digest(sheet):
            bound.append(sheet.number)
            digest = content_digest(separate(sheet, STAND_IN)[0])
            known = known.model_copy(update={"flow": known.flow.model_copy(update={"approved_content": digest})})
        at = check_at(case.tree, sheet)
        cases.append((sheet, known, at, case.answer))
    assert bound
    assert differing(cases) == {}


def check_at(tree, sheet):
    return sheet.issued_at if "at" not in tree else type(sheet.issued_at).fromisoformat(tree["at"])


@lru_cache(maxsize=1)
def facts():
    return FactBuilder(edition().formulary)


@settings(max_examples=50)
@given(named(), st.booleans())
def test_every_fact_survives_even_whether_prescriber_and_patient_are_one(tree, one):
    tree["patient"]["identity_number"] = "999999197001010048"
    tree["prescriber"] = {**tree["prescriber"], "identity_number": "999999197001010048" if one else "1"}
    sheet = check_prescription(tree)
    whole, apart = (
        facts().build(each, NOTHING_KNOWN, sheet.issued_at) for each in (sheet, separate(sheet, STAND_IN)[0])
    )
    assert whole == apart
    assert apart.cases["prescription"][0].own["prescriber_is_patient"] == one


@pytest.mark.parametrize(
    ("name", "masked"),
    [("张三丰", "张**"), ("张三", "张*"), ("张", "*"), (" 张三 ", "张*"), ("欧阳锋", "欧**"), ("", "*"),
     ("买买提·吐尔逊", "买**"), ("Wang Wei", "W**")],
)  # fmt: skip
def test_a_list_shows_the_first_character_of_a_name(name, masked):
    assert masked_name(name) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [("99999919800101003X", "****003X"), ("13800001234", "****1234"), ("P12", "****2"), ("12", "****"), ("1", "****"),
     ("", "****"), ("12345678", "****678"), ("123456789", "****6789")],
)  # fmt: skip
def test_a_list_shows_the_end_of_a_number_and_less_than_half(number, masked):
    assert masked_number(number) == masked


def test_a_prescription_has_no_field_of_a_person_that_nobody_decided_about():
    """A new field of the sheet, the patient, the agent or the prescriber is decided here: identity or not."""
    stays = {
        "prescription": "number revision stage setting sheet institution collection_site visit department payer "
        "issued_at valid_days long_term assessed first_visit rescue consultation amount prescriber patient diagnoses "
        "lines decoction reasons consents signatures",
        "patient": "sex birth_date age_written weight height pregnancy gestation lactation allergies egfr crcl hepatic "
        "chronic_entitlements agent",
        "agent": "",
        "prescriber": "id licence title independent",
    }
    patient = Prescription.model_fields["patient"].annotation
    agent = patient.model_fields["agent"].annotation.__args__[0]
    prescriber = Prescription.model_fields["prescriber"].annotation
    models = {"prescription": Prescription, "patient": patient, "agent": agent, "prescriber": prescriber}
    for part, model in models.items():
        taken = {place.path[-1] for place in PLACES.values() if ("prescription", *place.path)[-2] == part}
        assert taken | set(stays[part].split()) == model.model_fields.keys()
        assert taken.isdisjoint(stays[part].split())
