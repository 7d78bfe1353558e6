"""Two lines that should not meet: duplicates, interactions, herbs, one infusion."""

import itertools

import pytest
from tests.facts.small import CORE, facts, rows, sheet, told

from rx_review.domain.circumstances import Circumstances
from rx_review.domain.reading import check_prescription
from rx_review.facts.build import FactBuilder

PARACETAMOL = {"generic": "对乙酰氨基酚", "form": "片", "strength": "0.5g", "route": "po"}
COMPOUND = {"generic": "氨酚伪麻片", "route": "po"}
IBUPROFEN = {"generic": "布洛芬", "form": "片", "route": "po"}
CREAM = {"generic": "布洛芬", "form": "乳膏", "route": "topical"}
WARFARIN = {"generic": "华法林", "form": "片", "route": "po"}
AMOXICILLIN = {"generic": "阿莫西林", "form": "胶囊", "route": "po"}
PENICILLIN = {"generic": "青霉素", "form": "注射用无菌粉末", "route": "im"}
SALINE = {"generic": "氯化钠", "form": "注射液", "route": "iv_drip", "dose": 100, "dose_unit": "ml"}
GLUCOSE = {"generic": "葡萄糖", "form": "注射液", "route": "iv_drip"}
CEFTRIAXONE = {"generic": "头孢曲松", "form": "注射用无菌粉末", "route": "iv_drip"}
AMBROXOL = {"generic": "氨溴索", "form": "注射液", "route": "iv_drip"}


def herb(name: str) -> dict[str, str]:
    return {"generic": name, "kind": "herb"}


def pairs(known, *lines: dict, **fields: object) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(told(c, "topic"), told(c, "grade"), c.lines) for c in facts(known, *lines, **fields)["pair"]]


def meeting(a: str, b: str, grade: str = "major", **cells: str) -> dict[str, str]:
    a, b = sorted((a, b))
    return {"a": a, "b": b, "grade": grade, **cells}


@pytest.mark.parametrize(
    ("lines", "topic", "grade", "same", "hidden"),
    [
        ((PARACETAMOL, PARACETAMOL), "duplicate_ingredient", "major", 1, 0),
        ((PARACETAMOL, {**PARACETAMOL, "form": "栓", "route": "rectal", "strength": "0.15g"}), "duplicate_ingredient",
         "major", 0, 0),
        ((PARACETAMOL, COMPOUND), "duplicate_ingredient", "major", 0, 1),
        (({"generic": "格列本脲"}, {"generic": "消渴丸"}), "duplicate_ingredient", "major", 0, 1),
        ((AMOXICILLIN, PENICILLIN), "duplicate_class", "major", 0, 0),
        ((herb("甘草"), herb("甘草")), "duplicate_ingredient", "major", 1, 0),
    ],
)  # fmt: skip
def test_the_same_twice(builder, lines, topic, grade, same, hidden):
    cases = facts(builder, *lines)["pair"]
    assert [(told(c, "topic"), told(c, "grade"), c.lines) for c in cases] == [(topic, grade, (1, 2))]
    assert [told(cases[0], n) for n in ("same_drug", "hidden", "applies", "across_sheets")] == [same, hidden, 1, 0]


@pytest.mark.parametrize(
    "lines",
    [
        (PARACETAMOL, IBUPROFEN),
        (IBUPROFEN, CREAM),
        (CREAM, CREAM),
        ({**SALINE, "group": 1}, {**SALINE, "group": 2}),
        (SALINE, GLUCOSE),
        (AMOXICILLIN, {"generic": "某药"}),
        (herb("甘草"), herb("薄荷")),
        (AMOXICILLIN,),
    ],
)
def test_no_duplicates(builder, lines):
    assert pairs(builder, *lines) == []


def test_three_of_the_same_are_three_pairs(builder):
    found = pairs(builder, PARACETAMOL, PARACETAMOL, COMPOUND)
    assert [lines for _, _, lines in found] == [(1, 2), (1, 3), (2, 3)]


def test_a_route_that_is_not_understood_leaves_a_duplicate_open(builder):
    cases = facts(builder, IBUPROFEN, {"generic": "布洛芬", "route": "某途径"})["pair"]
    assert [told(c, "applies") for c in cases] == ["?route"]


@pytest.mark.parametrize("grade", ["moderate", "major", "contraindicated"])
def test_an_interaction_is_found_once_whichever_line_comes_first(small, grade):
    known = small(interactions=[meeting("华法林", "布洛芬", grade)])
    for lines in itertools.permutations((WARFARIN, IBUPROFEN, AMOXICILLIN)):
        found = pairs(known, *lines)
        places = tuple(sorted(lines.index(line) + 1 for line in (WARFARIN, IBUPROFEN)))
        assert found == [("interaction", grade, places)]


def test_an_interaction_is_the_same_whichever_name_the_row_begins_with(small):
    for a, b in (("华法林", "阿莫西林"), ("华法林", "二甲双胍")):
        known = small(interactions=[meeting(a, b)])
        other = AMOXICILLIN if b == "阿莫西林" else {"generic": "二甲双胍", "form": "片", "route": "po"}
        assert pairs(known, WARFARIN, other) == pairs(known, other, WARFARIN) == [("interaction", "major", (1, 2))]


def test_an_ingredient_s_row_beats_the_class_s(small):
    known = small(
        interactions=[meeting("class:nsaid", "华法林", "contraindicated"), meeting("布洛芬", "华法林", "moderate")]
    )
    assert pairs(known, WARFARIN, IBUPROFEN) == [("interaction", "moderate", (1, 2))]


def test_but_not_the_row_of_another_ingredient_in_the_same_compound(small):
    known = small(
        interactions=[
            meeting("class:antipyretic", "华法林", "contraindicated"),
            meeting("伪麻黄碱", "华法林", "moderate"),
        ]
    )
    for lines in ((WARFARIN, COMPOUND), (COMPOUND, WARFARIN)):
        assert pairs(known, *lines) == [("interaction", "contraindicated", (1, 2))]


def test_two_drugs_of_classes_that_meet(small):
    known = small(interactions=[meeting("class:nsaid", "class:penicillin", "moderate")])
    assert pairs(known, IBUPROFEN, AMOXICILLIN) == [("interaction", "moderate", (1, 2))]


def test_a_class_that_must_not_meet_itself(small):
    known = small(interactions=[meeting("class:penicillin", "class:penicillin", "moderate")])
    found = pairs(known, AMOXICILLIN, PENICILLIN)
    assert found == [("duplicate_class", "major", (1, 2)), ("interaction", "moderate", (1, 2))]


@pytest.mark.parametrize(("scope", "count"), [("systemic", 0), ("any", 1)])
def test_a_cream_meets_only_rows_that_say_so(small, scope, count):
    known = small(interactions=[meeting("华法林", "布洛芬", scope=scope)])
    assert len(pairs(known, WARFARIN, CREAM)) == count


def test_an_interaction_of_its_day(small):
    known = small(interactions=[meeting("华法林", "布洛芬", until="2026-11-01")])
    assert pairs(known, WARFARIN, IBUPROFEN) == []
    assert len(pairs(known, WARFARIN, IBUPROFEN, issued_at="2026-10-31T09:00:00+08:00")) == 1


def test_a_compound_is_no_pair_by_itself(small):
    assert pairs(small(interactions=[meeting("对乙酰氨基酚", "伪麻黄碱")]), COMPOUND) == []


FEARS = rows(
    "kind a b grade",
    "eighteen_antagonisms 半夏 川乌 major\nnineteen_fears 甘草 薄荷 moderate\ninfusion 头孢曲松 氨溴索 contraindicated",
)


@pytest.mark.parametrize("processed", ["法半夏", "姜半夏"])
def test_every_piece_of_a_herb_is_kept_apart(small, processed):
    cases = facts(small(incompatibilities=FEARS), herb("生川乌"), herb(processed))["pair"]
    assert [(told(c, "topic"), told(c, "tradition"), told(c, "grade")) for c in cases] == [
        ("herbs", "eighteen_antagonisms", "major")
    ]


def test_fears_are_told_from_antagonisms(small):
    cases = facts(small(incompatibilities=FEARS), herb("薄荷"), herb("甘草"))["pair"]
    assert [told(c, "tradition") for c in cases] == ["nineteen_fears"]


@pytest.mark.parametrize(
    ("first", "second", "count"), [(1, 1, 1), (1, 2, 0), (None, None, 0), (1, None, 0), (None, 1, 0)]
)
def test_injections_meet_only_in_one_infusion(small, first, second, count):
    known = small(incompatibilities=FEARS)
    lines = ({**CEFTRIAXONE, "group": first}, {**AMBROXOL, "group": second})
    assert [topic for topic, _, _ in pairs(known, *lines)] == ["infusion"] * count


def test_other_sheets_of_the_visit(small):
    known = small(interactions=[meeting("华法林", "布洛芬")], incompatibilities=FEARS)
    at = "2026-11-01T09:00:00+08:00"
    others = [
        {"number": "B1", "lines": [{"line": 1, **IBUPROFEN}, {"line": 2, **PARACETAMOL}, {"line": 3, **COMPOUND}]}
    ]
    world = Circumstances.model_validate({"visit": {"as_of": at, "sheets": others}})
    mine = check_prescription(sheet(WARFARIN, PARACETAMOL))
    cases = FactBuilder(known).build(mine, world, mine.issued_at).cases["pair"]
    found = sorted((told(c, "topic"), c.lines, told(c, "across_sheets")) for c in cases)
    # The duplicate within the other sheet is that sheet's own affair.
    assert found == [
        ("duplicate_ingredient", (2,), 1),
        ("duplicate_ingredient", (2,), 1),
        ("interaction", (1,), 1),
    ]


@pytest.mark.parametrize(
    ("reason", "excused"),
    [
        ({"for": "interaction", "signed_again": True}, 1),
        ({"for": "interaction", "signed_again": True, "lines": [2]}, 1),
        ({"for": "interaction", "signed_again": True, "lines": [3]}, 0),
        ({"for": "interaction"}, 0),
        ({"for": "duplicate", "signed_again": True}, 0),
    ],
)
def test_a_reason_signed_again(small, reason, excused):
    known = small(interactions=[meeting("华法林", "布洛芬")])
    cases = facts(known, WARFARIN, IBUPROFEN, AMOXICILLIN, reasons=[{"text": "已监测", **reason}])["pair"]
    assert [told(c, "excused") for c in cases] == [excused]


def test_what_is_said_of_a_pair(small):
    known = small(
        interactions=[
            meeting(
                "华法林",
                "布洛芬",
                consequence_zh="出血",
                consequence_en="bleeding",
                advice_zh="监测",
                advice_en="watch",
            )
        ]
    )
    case = facts(known, WARFARIN, IBUPROFEN)["pair"][0]
    assert (case.text("drug_a"), case.text("drug_b")) == ("华法林", "布洛芬")
    assert case.text("consequence") == {"zh": "出血", "en": "bleeding"}
    assert case.text("advice") == {"zh": "监测", "en": "watch"}
    shared = facts(known, PARACETAMOL, COMPOUND)["pair"][0]
    assert shared.text("shared") == {"zh": "对乙酰氨基酚", "en": "对乙酰氨基酚"}


def test_a_class_that_may_be_given_twice(small):
    names = [{**row, "duplicate": ""} if row["class"] == "penicillin" else row for row in CORE["class_names"]]
    assert pairs(small(class_names=names), AMOXICILLIN, PENICILLIN) == []
