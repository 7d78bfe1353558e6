"""Allergies: what was recorded, by ingredient, name, herb or class; and what nobody asked or can read."""

import pytest
from tests.facts.small import facts, rows, told
from tests.shipped import shipped_edition

from rx_review.facts.resolve import Resolver

CROSS = {"target": "头孢曲松", "topic": "allergy", "condition": "class:penicillin", "grade": "caution"}
CEFTRIAXONE = {"generic": "头孢曲松", "form": "注射用无菌粉末", "route": "iv_drip"}


def allergic(known, line: dict, *items: str, status: str = "known") -> list[tuple[str, str, int | str]]:
    """Topic, grade and whether it applies, of each concern about an allergy."""
    patient = {"sex": "male", "birth_date": "1980-01-01", "allergies": {"status": status, "items": list(items)}}
    cases = facts(known, line, patient=patient)["concern"]
    return [
        (told(c, "topic"), told(c, "grade"), told(c, "applies"))
        for c in cases
        if str(told(c, "topic")).startswith("allergy")
    ]


CERTAIN = [("allergy", "contraindicated", 1)]


@pytest.mark.parametrize(
    ("item", "drug"),
    [
        ("阿莫西林", {"generic": "阿莫西林"}),
        ("阿莫西林胶囊", {"generic": "阿莫西林"}),
        ("阿莫仙", {"generic": "阿莫西林", "form": "胶囊"}),
        ("青霉素类", {"generic": "阿莫西林"}),
        ("青霉素类", {"generic": "青霉素", "form": "注射用无菌粉末", "route": "im"}),
        ("左甲状腺素钠", {"generic": "左甲状腺素钠"}),
        ("氨酚伪麻片", {"generic": "氨酚伪麻片"}),
        ("对乙酰氨基酚", {"generic": "氨酚伪麻片"}),
        ("格列本脲", {"generic": "消渴丸"}),
        ("布洛芬", {"generic": "布洛芬", "form": "乳膏", "route": "topical"}),
        ("法半夏", {"generic": "法半夏", "kind": "herb"}),
        ("法半夏", {"generic": "姜半夏", "kind": "herb"}),
        ("　阿莫西林 ", {"generic": "阿莫西林"}),
    ],
)
def test_what_was_recorded_is_not_given(builder, item, drug):
    assert allergic(builder, drug, item) == CERTAIN


@pytest.mark.parametrize(
    ("item", "drug"),
    [
        ("阿莫西林", {"generic": "布洛芬"}),
        ("青霉素类", {"generic": "头孢曲松"}),
        ("法半夏", {"generic": "甘草", "kind": "herb"}),
        ("氯化钠", {"generic": "葡萄糖"}),
    ],
)
def test_what_was_not_recorded_is_no_concern(builder, item, drug):
    assert allergic(builder, drug, item) == []


def test_one_penicillin_recorded_does_not_make_every_penicillin_certain(builder):
    assert allergic(builder, {"generic": "青霉素"}, "阿莫西林") == []


def test_a_recorded_class_stays_recorded_beside_a_drug_of_it(builder):
    for items in (("青霉素类", "阿莫西林"), ("阿莫西林", "青霉素类")):
        assert allergic(builder, {"generic": "青霉素"}, *items) == CERTAIN


def test_an_unasked_allergy_that_is_written_all_the_same_counts(builder):
    assert allergic(builder, {"generic": "阿莫西林"}, "阿莫西林", status="not_asked") == CERTAIN


@pytest.mark.parametrize(
    ("items", "status", "expected"),
    [
        (["青霉素类"], "known", [("allergy_cross", "caution", 1)]),
        (["阿莫西林"], "known", [("allergy_cross", "caution", 1)]),
        (["布洛芬"], "known", []),
        (["某种药"], "known", [("allergy_cross", "caution", "?allergen")]),
        (["某种药", "青霉素类"], "known", [("allergy_cross", "caution", 1)]),
        ([], "none", []),
        ([], "not_asked", [("allergy_cross", "caution", "?allergies")]),
    ],
)
def test_a_related_class(small, items, status, expected):
    known = small(contraindications=[CROSS])
    assert allergic(known, CEFTRIAXONE, *items, status=status) == expected


def test_nobody_wrote_anything_about_allergies(small):
    cases = facts(small(contraindications=[CROSS]), CEFTRIAXONE)["concern"]
    assert [told(c, "applies") for c in cases if c.row != "no_limit"] == ["?allergies"]


def test_the_words_of_the_record_are_shown(builder):
    patient = {"allergies": {"status": "known", "items": ["阿莫仙"]}}
    case = facts(builder, {"generic": "阿莫西林"}, patient=patient)["concern"][0]
    assert case.text("condition") == {"zh": "阿莫仙", "en": "阿莫仙"}


def test_a_recorded_name_of_that_time(small):
    ended = rows("allergen target", "老药 布洛芬")
    ended[0]["until"] = "2026-01-01"
    cases = facts(
        small(allergens=ended),
        {"generic": "布洛芬"},
        patient={"allergies": {"status": "known", "items": ["老药"]}},
    )["concern"]
    assert [c.row for c in cases] == ["no_limit"]


@pytest.mark.parametrize(
    ("text", "recorded"),
    [
        ("急性扁桃体炎，青霉素过敏", True),
        ("青霉素过敏史", True),
        ("对青霉素类药物过敏", True),
        ("急性扁桃体炎 青霉素过敏？", True),
        ("急性扁桃体炎，无青霉素过敏史", False),
        ("否认青霉素过敏史", False),
        ("过敏性鼻炎", False),
    ],
)
def test_an_allergy_among_the_diagnoses_is_an_allergy(text, recorded):
    edition = shipped_edition()
    reader = Resolver(edition.formulary, 739_600)
    read, _ = reader.diagnosis(text, None, "western", "")
    assert (read.allergens == ("青霉素",)) is recorded
