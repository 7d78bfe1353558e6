"""What an approval is bound to: every clinical edit changes the digest, and nothing else does."""

import copy
import json
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.invented import prescriptions

from rx_review.domain.content import content_digest
from rx_review.domain.prescription import Line, Patient, Prescription
from rx_review.domain.reading import check_prescription, read_prescription

AT = "2026-11-01T09:30:00+08:00"
FULL = {
    "number": "A1",
    "revision": 2,
    "stage": "signed",
    "setting": "outpatient",
    "sheet": "ordinary",
    "institution": "C1",
    "collection_site": "T1",
    "visit": "V1",
    "record_number": "M1",
    "department": "内科",
    "payer": "自费",
    "issued_at": AT,
    "valid_days": 3,
    "long_term": True,
    "assessed": True,
    "first_visit": False,
    "rescue": False,
    "consultation": "H1",
    "amount": "50.5",
    "prescriber": {"id": "D1", "licence": "physician"},
    "patient": {
        "id": "P1", "name": "王某", "sex": "female", "birth_date": "1980-01-01", "age_written": "46岁", "weight": 60,
        "height": 160, "pregnancy": "not_pregnant", "lactation": False,
        "allergies": {"status": "known", "items": ["青霉素"]}, "egfr": {"value": 60, "on": "2026-10-01"},
        "crcl": {"value": 60}, "hepatic": "mild",
    },
    "diagnoses": [{"text": "哮喘", "code": "J45.900"}],
    "lines": [
        {"line": 1, "product": "D01", "generic": "阿莫西林", "kind": "western", "form": "胶囊", "strength": "0.25g",
         "pack": 24, "producer": "甲药", "dose": "0.5", "dose_unit": "g", "route": "po", "frequency": "tid", "days": 7,
         "quantity": 2, "quantity_unit": "盒", "group": 1, "footnote": "无", "skin_test": "negative", "usage": "饭后"},
        {"line": 2, "generic": "甘草", "kind": "herb", "dose": 6, "dose_unit": "g"},
    ],
    "decoction": {"packets": 7, "frequency": "qd", "usage": "水煎"},
    "reasons": [{"for": "quantity", "text": "路远", "lines": [1], "signed_again": True}],
    "consents": [{"to": "off_label", "on": "2026-11-01", "lines": [1]}],
    "signatures": [{"role": "prescriber", "person": "D1", "at": AT, "revision": 1}],
}  # fmt: skip
REMOVED = object()


def changed(path: str, value: object) -> dict:
    """The full sheet with one field changed or taken out."""
    tree = copy.deepcopy(FULL)
    *above, name = [int(part) if part.isdigit() else part for part in path.split("/")]
    holder = tree
    for part in above:
        holder = holder[part]
    if value is REMOVED:
        del holder[name]
    else:
        holder[name] = value
    return tree


def digest(tree: dict) -> str:
    return content_digest(check_prescription(tree))


BEFORE = digest(FULL)

OF_LINE = {
    "product": "D02", "generic": "青霉素", "kind": "patent", "form": "片", "strength": "0.5g", "pack": 12, "dose": 1,
    "dose_unit": "粒", "route": "im", "frequency": "bid", "days": 3, "quantity": 3, "quantity_unit": "粒", "group": 2,
    "footnote": "先煎", "skin_test": "positive", "usage": "饭前",
}  # fmt: skip
OF_PATIENT = {
    "sex": "male", "birth_date": "1980-01-02", "age_written": "45岁", "weight": 61, "height": 161,
    "pregnancy": "pregnant", "gestation": 8, "lactation": True, "allergies": {"status": "none"},
    "egfr": {"value": 20}, "crcl": {"value": 20}, "hepatic": "severe",
}  # fmt: skip


@pytest.mark.parametrize(("field", "value"), OF_LINE.items())
def test_every_clinical_field_of_a_line_is_content(field, value):
    assert digest(changed(f"lines/0/{field}", value)) != BEFORE
    if field not in ("product",):
        assert digest(changed(f"lines/0/{field}", REMOVED)) != BEFORE


@pytest.mark.parametrize(("field", "value"), OF_PATIENT.items())
def test_every_clinical_field_of_the_patient_is_content(field, value):
    assert digest(changed(f"patient/{field}", value)) != BEFORE


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("setting", "emergency"),
        ("sheet", "emergency"),
        ("issued_at", "2026-11-02T09:30:00+08:00"),
        ("valid_days", 2),
        ("long_term", False),
        ("rescue", True),
        ("diagnoses/0/text", "肺炎"),
        ("diagnoses/0/code", "J18.900"),
        ("diagnoses", []),
        ("decoction/packets", 8),
        ("decoction/frequency", "bid"),
        ("decoction", REMOVED),
        ("reasons", []),
        ("consents", []),
        ("prescriber/id", "D2"),
        ("patient/id", "P2"),
        ("number", "A2"),
        ("institution", "T1"),
    ],
)
def test_what_the_sheet_says_is_content(path, value):
    assert digest(changed(path, value)) != BEFORE


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("amount", "99.9"),
        ("amount", REMOVED),
        ("payer", "医保"),
        ("payer", REMOVED),
        ("lines/0/producer", "乙药"),
        ("lines/0/producer", REMOVED),
        ("lines/1/producer", "乙药"),
        ("signatures", []),
        ("signatures/0/person", "D2"),
        ("stage", "supply"),
        ("revision", 3),
        ("collection_site", "C1"),
        ("collection_site", REMOVED),
    ],
)
def test_price_producer_signatures_and_stage_are_not(path, value):
    assert digest(changed(path, value)) == BEFORE


def test_a_line_more_or_less_is_another_content():
    assert digest(changed("lines", FULL["lines"][:1])) != BEFORE
    assert digest(changed("lines", [*FULL["lines"], {"line": 3, "generic": "甘草"}])) != BEFORE
    assert digest(changed("lines/1/line", 3)) != BEFORE


@pytest.mark.parametrize("path", ["first_visit", "lines/0/days", "sheet", "consultation", "decoction/usage"])
def test_null_and_absent_are_the_same(path):
    assert digest(changed(path, None)) == digest(changed(path, REMOVED))


@pytest.mark.parametrize(
    ("path", "value"),
    [("rescue", False), ("rescue", REMOVED), ("lines/0/dose", "0.5"), ("lines/1/dose", "6"), ("patient/weight", "60")],
)
def test_the_same_content_written_otherwise_has_the_same_digest(path, value):
    assert digest(changed(path, value)) == BEFORE


@pytest.mark.parametrize(
    ("path", "value"), [("lines/0/dose", "0.50"), ("lines/1/dose", "6.0"), ("patient/weight", "60.00")]
)
def test_a_number_with_zeros_behind_it_is_the_same_number(path, value):
    assert digest(changed(path, value)) == BEFORE


@pytest.mark.parametrize("moment", ["2026-11-01T01:30:00Z", "2026-11-01T01:30:00+00:00", "2026-11-01 09:30:00+08:00"])
def test_the_same_instant_in_another_zone_is_the_same_instant(moment):
    assert digest(changed("issued_at", moment)) == BEFORE


def test_numbers_of_json_and_of_strings_are_the_same():
    as_numbers = json.dumps(FULL).replace('"0.5"', "0.5").replace('"50.5"', "50.50")
    assert content_digest(read_prescription(as_numbers)) == BEFORE
    with_zeros = as_numbers.replace('"dose": 0.5', '"dose": 0.500').replace('"dose": 6', '"dose": 6.0')
    assert content_digest(read_prescription(with_zeros)) == BEFORE


def test_the_order_of_fields_does_not_matter():
    backwards = dict(reversed(FULL.items()))
    backwards["patient"] = dict(reversed(FULL["patient"].items()))
    backwards["lines"] = [dict(reversed(line.items())) for line in FULL["lines"]]
    assert digest(backwards) == BEFORE


def test_it_is_a_sha_256_in_hexadecimal():
    assert re.fullmatch("[0-9a-f]{64}", BEFORE)


def test_every_field_of_the_model_was_thought_of():
    """A new field is content until somebody decides otherwise: the tests above must name it."""
    outside = {"producer"}
    assert set(Line.model_fields) - outside - {"line"} == set(OF_LINE)
    administrative = {"id", "name", "chronic_entitlements", "identity_number", "agent", "guardian"}
    assert set(Patient.model_fields) - administrative == set(OF_PATIENT)
    assert set(Prescription.model_fields) >= set(FULL)


@settings(max_examples=40)
@given(prescriptions(), st.sampled_from(["draft", "signed", "charge", "supply"]), st.integers(1, 9999))
def test_of_any_sheet_stage_and_revision_are_outside(sent, stage, revision):
    read = read_prescription(json.dumps(sent))
    moved = read.model_copy(update={"stage": stage, "revision": revision, "signatures": (), "amount": None})
    assert content_digest(moved) == content_digest(read)


@settings(max_examples=40)
@given(prescriptions(), st.data())
def test_of_any_sheet_every_line_is_content(sent, data):
    read = read_prescription(json.dumps(sent))
    place = data.draw(st.integers(0, len(read.lines) - 1))
    field, value = data.draw(st.sampled_from([("dose", Decimal("7.5")), ("days", Decimal(9)), ("usage", "饭前")]))
    lines = [line.model_copy(update={field: value}) if n == place else line for n, line in enumerate(read.lines)]
    edited = read.model_copy(update={"lines": tuple(lines)})
    assert (content_digest(edited) == content_digest(read)) == (edited == read)
