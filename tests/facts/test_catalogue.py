"""The catalogue, the national list of the day, what may be offered instead, and skin tests."""

import pytest
from tests.facts.small import CORE, facts, rows, told

IBUPROFEN = {"generic": "布洛芬", "form": "片", "strength": "0.2g", "route": "po"}


def line(known, written: dict, **fields: object):
    return facts(known, written, **fields)["line"][0]


LISTED = rows(
    "generic form tier status",
    """
    布洛芬 - township listed
    二甲双胍 tablet village listed
    二甲双胍 sustained_tablet county listed
    华法林 - village restricted
    格列本脲 - village delisted
    对乙酰氨基酚 - county listed
    对乙酰氨基酚 - village restricted
    """,
)


@pytest.mark.parametrize(
    ("written", "institution", "listing"),
    [
        ({"generic": "布洛芬"}, "C1", "listed"),
        ({"generic": "布洛芬"}, "T1", "listed"),
        ({"generic": "布洛芬"}, "V1", "above_tier"),
        ({"generic": "布洛芬"}, "X9", "?institution"),
        ({"generic": "二甲双胍", "form": "片"}, "V1", "listed"),
        ({"generic": "二甲双胍", "form": "薄膜衣片"}, "V1", "listed"),
        ({"generic": "二甲双胍", "form": "缓释片"}, "V1", "above_tier"),
        ({"generic": "二甲双胍", "form": "缓释片"}, "C1", "listed"),
        ({"generic": "华法林"}, "V1", "restricted"),
        ({"generic": "对乙酰氨基酚", "form": "片"}, "V1", "restricted"),
        ({"generic": "对乙酰氨基酚", "form": "片"}, "C1", "listed"),
        ({"generic": "格列本脲"}, "C1", "not_listed"),
        ({"generic": "消渴丸"}, "C1", "not_listed"),
        ({"generic": "消渴丸"}, "X9", "not_listed"),
        ({"generic": "甘草", "kind": "herb"}, "V1", "listed"),
        ({"generic": "某药"}, "V1", "?drug"),
    ],
)
def test_what_the_catalogue_says_for_a_tier(small, written, institution, listing):
    assert told(line(small(listings=LISTED), written, institution=institution), "listing") == listing


PRINTED = rows(
    "edition entry generic form strength specialist",
    """
    2018 W1 布洛芬 tablet 0.1g false
    2026 W1 布洛芬 tablet 0.2g false
    2026 W2 二甲双胍 tablet - false
    2026 W3 芬太尼 patch - true
    2026 W4 阿莫西林 capsule 250mg false
    """,
)
EDITIONS = [
    {"edition": "2018", "zh": "旧", "items": "1", "complete": "false", "until": "2026-09-01"},
    {"edition": "2026", "zh": "新", "items": "1", "complete": "true", "from": "2026-09-01"},
]


@pytest.mark.parametrize(
    ("written", "day", "essential"),
    [
        (IBUPROFEN, "2026-09-01", 1),
        (IBUPROFEN, "2026-08-31", "?strength"),
        ({**IBUPROFEN, "strength": "200mg"}, "2026-09-01", 1),
        ({**IBUPROFEN, "strength": "0.1g"}, "2026-09-01", 0),
        ({**IBUPROFEN, "strength": "0.1g"}, "2026-08-31", 1),
        ({**IBUPROFEN, "strength": None, "form": "乳膏"}, "2026-09-01", 0),
        ({"generic": "二甲双胍", "form": "薄膜衣片"}, "2026-09-01", 1),
        ({"generic": "二甲双胍", "form": "缓释片"}, "2026-09-01", 0),
        ({"generic": "阿莫西林", "strength": "0.25g"}, "2026-09-01", 1),
        ({"generic": "阿莫西林", "form": "胶囊", "strength": "两粒装"}, "2026-09-01", "?strength"),
        ({"generic": "甘草", "kind": "herb"}, "2026-09-01", 1),
        (IBUPROFEN, "2019-12-31", "?drug"),
    ],
)
def test_the_national_list_of_the_day(small, written, day, essential):
    known = small(essential=PRINTED, essential_editions=EDITIONS)
    found = line(known, written, issued_at=f"{day}T12:00:00+08:00")
    assert told(found, "essential") == essential


def test_a_drug_for_specialists(small):
    known = small(essential=PRINTED, essential_editions=EDITIONS)
    assert told(line(known, {"generic": "芬太尼", "form": "透皮贴剂"}), "specialist") == 1
    assert told(line(known, IBUPROFEN), "specialist") == 0


@pytest.mark.parametrize(
    ("institution", "listings", "offered"),
    [("V1", LISTED, 0), ("T1", LISTED, 1), ("T1", [row for row in LISTED if row["generic"] != "布洛芬"], 0)],
)
def test_only_what_the_tier_has_is_offered(small, institution, listings, offered):
    swap = rows(
        "generic substitute form strength dose dose_unit route frequency", "华法林 布洛芬 tablet 0.2g 0.2 g po tid"
    )
    known = small(essential=PRINTED, essential_editions=EDITIONS, listings=listings, substitutes=swap)
    found = line(known, {"generic": "华法林"}, institution=institution)
    assert told(found, "essential") == 0
    assert told(found, "essential_offered") == offered
    assert found.text("essential_name") == ("布洛芬" if offered else "")


SKIN = rows("target route", "class:penicillin injection\n头孢曲松 -")


@pytest.mark.parametrize(
    ("written", "needed"),
    [
        ({"generic": "青霉素", "form": "注射用无菌粉末", "route": "im"}, 1),
        ({"generic": "阿莫西林", "form": "胶囊", "route": "po"}, 0),
        ({"generic": "阿莫西林"}, 0),
        ({"generic": "头孢曲松"}, 1),
        ({"generic": "布洛芬"}, 0),
        ({"generic": "甘草", "kind": "herb"}, 0),
    ],
)
def test_a_skin_test_is_due_by_class_and_route(small, written, needed):
    assert told(line(small(skin_tests=SKIN), written), "skin_test_needed") == needed


def test_the_state_of_a_skin_test_is_as_written(builder):
    for state in (None, "ordered", "negative", "positive", "exempt"):
        assert told(line(builder, {"generic": "青霉素", "skin_test": state}), "skin_test") == (state or "none")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            {"dose": 1, "dose_unit": "g", "route": "po", "frequency": "qd", "quantity": 1, "quantity_unit": "盒"},
            (1, 1, 1, 1),
        ),
        ({}, (0, 0, 0, 0)),
        ({"dose": 0, "dose_unit": "g", "quantity": 0, "quantity_unit": "盒"}, (0, 0, 0, 0)),
        ({"dose": 1, "quantity": 1}, (0, 0, 0, 0)),
        ({"dose_unit": "g", "quantity_unit": "盒", "route": "某途径", "frequency": "某频次"}, (0, 1, 1, 0)),
    ],
)
def test_what_is_written(builder, written, expected):
    found = line(builder, {"generic": "布洛芬", **written})
    names = ("dose_written", "route_written", "frequency_written", "quantity_written")
    assert tuple(told(found, name) for name in names) == expected


@pytest.mark.parametrize(
    ("written", "vague"),
    [
        ({"usage": "遵医嘱"}, 1),
        ({"usage": "遵 医嘱"}, 1),
        ({"frequency": "遵医嘱"}, 1),
        ({"usage": "餐后遵医嘱"}, 0),
        ({}, 0),
    ],
)
def test_directions_that_say_nothing(builder, written, vague):
    assert told(line(builder, {"generic": "布洛芬", **written}), "usage_vague") == vague


def test_a_unit_the_law_does_not_know(small):
    units = [{**row, "legal": "false"} if row["unit"] == "kg" else row for row in CORE["units"]]
    known = small(units=units)
    found = [
        told(line(known, {"generic": "布洛芬", "dose": 1, "dose_unit": u}), "dose_unit_unlawful") for u in ("kg", "g")
    ]
    assert found == [1, 0]


@pytest.mark.parametrize(
    ("reason", "fact"),
    [("quantity", "extended_reason"), ("choice", "choice_reason"), ("catalogue", "catalogue_reason")],
)
def test_a_reason_is_for_the_lines_it_names(builder, reason, fact):
    names = ("extended_reason", "choice_reason", "catalogue_reason")
    for lines, expected in (([], (1, 1)), ([2], (0, 1))):
        found = facts(
            builder, IBUPROFEN, {"generic": "华法林"}, reasons=[{"for": reason, "text": "慢病", "lines": lines}]
        )
        assert tuple(told(case, fact) for case in found["line"]) == expected
        assert sum(int(told(found["line"][1], name)) for name in names) == 1
