"""The national essential medicines list, read by its own rules, over the formulary that is shipped.

What each case expects comes from the text of the list and from how the list says that it is read, not from
`formulary/essential.csv`.
"""

import csv
import json
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType

import pytest
from tests.facts.small import CORE, rows, sheet, told
from tests.shipped import shipped_edition

from rx_review.domain.circumstances import NOTHING_KNOWN
from rx_review.domain.prescription import Line
from rx_review.domain.reading import read_prescription
from rx_review.engine.review import review
from rx_review.facts.build import FactBuilder
from rx_review.facts.essential import essential_status
from rx_review.facts.presentation import same_presentation, written_presentation
from rx_review.library.edition import Edition
from rx_review.library.lookup import fold

CASES = list(csv.DictReader((Path(__file__).parent / "essential_cases.csv").read_text("utf-8").splitlines()))
VERDICT = {True: "yes", False: "no", None: "unknown"}
FACT = {1: "yes", 0: "no"}


@pytest.fixture(scope="module")
def edition() -> Edition:
    return shipped_edition()


@pytest.fixture(scope="module")
def shipped(edition: Edition) -> FactBuilder:
    return FactBuilder(edition.formulary)


def named(case: dict[str, str]) -> str:
    return "-".join(case[name] for name in ("generic", "form", "strength", "day") if case[name])


def written(case: dict[str, str]) -> dict[str, str]:
    return {name: case[name] for name in ("generic", "form", "strength") if case[name]}


def issued(case: dict[str, str]) -> str:
    """The instant of issue in the county; at noon where a case names only the day."""
    return case["day"] + ("+08:00" if "T" in case["day"] else "T12:00:00+08:00")


@pytest.mark.parametrize("case", CASES, ids=named)
def test_the_list_says_of_a_drug(shipped, case):
    resolver = shipped.resolver(datetime.fromisoformat(case["day"]).date().toordinal())
    known = resolver.line(Line(line=1, **written(case)))
    assert known is not None, "the formulary does not know it"
    status, specialist = essential_status(known, case["strength"] or None, resolver, case["generic"])
    assert (VERDICT[status], str(specialist).lower()) == (case["expected"], case["specialist"]), case["why"]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_prescription_is_read_by_the_list_of_its_instant(shipped, case):
    read = read_prescription(json.dumps(sheet(written(case), issued_at=issued(case))))
    line = shipped.build(read, NOTHING_KNOWN, read.issued_at).cases["line"][0]
    assert FACT.get(line.known("essential"), "unknown") == case["expected"], case["why"]
    assert told(line, "specialist") == int(case["specialist"] == "true")


def test_there_are_cases_of_each_kind():
    assert len(CASES) == len({named(case) for case in CASES}) >= 120
    for day in ("2026-08-31T23:59:59", "2026-09-01T00:00:00"):
        assert {case["expected"] for case in CASES if case["day"] == day} >= {"yes"}
    assert {case["expected"] for case in CASES if case["day"] < "2026-09-01"} == {"yes", "unknown"}


# --- the list itself -------------------------------------------------------------------------

SCOPES = MappingProxyType(
    {
        "W035": {"异烟肼", "利福平", "利福喷丁", "吡嗪酰胺", "乙胺丁醇", "链霉素", "对氨基水杨酸", "丙硫异烟胺"},
        "W051": {"齐多夫定", "拉米夫定", "替诺福韦二吡呋酯", "阿巴卡韦", "依非韦伦", "奈韦拉平", "洛匹那韦利托那韦"},
        "W056": {"双氢青蒿素哌喹", "青蒿琥酯", "蒿甲醚"},
        "W292": {"人凝血因子VIII", "重组人凝血因子VIII", "人凝血酶原复合物"},
        "W429": {"抗蛇毒血清", "抗蝮蛇毒血清", "抗五步蛇毒血清", "抗银环蛇毒血清", "抗眼镜蛇毒血清"},
        "W431": {"重组乙型肝炎疫苗", "卡介苗", "脊髓灰质炎灭活疫苗", "吸附无细胞百白破联合疫苗"},
        "W471": {"复方左炔诺孕酮", "复方炔诺酮", "复方甲地孕酮"},
    }
)


def listed(edition: Edition, name: str, day: date) -> dict[str, set[str]]:
    """Generics by entry of an edition of the list."""
    found: dict[str, set[str]] = {}
    essential = edition.formulary.essential
    for key in essential:
        if key[0] == name:
            for row in essential.on(key, day.toordinal()):
                found.setdefault(row.entry, set()).add(row.generic)
    return found


def test_every_item_of_2026_is_there(edition):
    found = listed(edition, "2026", date(2026, 9, 1))
    numbers = {f"W{n:03}" for n in range(1, 477)} | {f"Z{n:03}" for n in range(1, 319)}
    assert set(found) == numbers
    assert len(numbers) == edition.formulary.editions.one("", date(2026, 9, 1).toordinal()).items


def test_every_item_is_a_drug_that_can_be_prescribed(edition):
    """But for scopes, which name no drug, and whose members a county may or may not have."""
    known = edition.formulary.drugs_of
    found = listed(edition, "2026", date(2026, 9, 1))
    assert {entry for entry, generics in found.items() if not generics & set(known)} <= set(SCOPES)
    assert {entry for entry, generics in found.items() if generics - set(known)} <= set(SCOPES)


def test_a_scope_has_the_drugs_that_belong_to_it(edition):
    found = listed(edition, "2026", date(2026, 9, 1))
    assert {entry: members - found[entry] for entry, members in SCOPES.items() if members - found[entry]} == {}


def test_the_edition_of_2018_ends_where_that_of_2026_begins(edition):
    before, day = date(2026, 8, 31), date(2026, 9, 1)
    assert len({generic for generics in listed(edition, "2018", before).values() for generic in generics}) >= 150
    assert (listed(edition, "2018", day), listed(edition, "2026", before)) == ({}, {})
    known = [edition.formulary.editions.one("", at.toordinal()) for at in (before, day)]
    assert [(row.edition, row.complete) for row in known] == [("2018", False), ("2026", True)]


# --- the switch, through a whole review ------------------------------------------------------


@pytest.mark.parametrize(
    ("instant", "passed_over"),
    [
        ("2026-08-31T23:59:59+08:00", False),
        ("2026-08-31T15:59:59+00:00", False),
        ("2026-09-01T00:00:00+08:00", True),
        ("2026-08-31T16:00:00+00:00", True),
        ("2026-11-01T09:30:00+08:00", True),
    ],
)
def test_an_essential_medicine_is_passed_over_from_midnight(edition, instant, passed_over):
    line = {"generic": "依巴斯汀片", "strength": "10mg", "dose": 10, "dose_unit": "mg", "route": "口服",
            "frequency": "qd", "quantity": 7, "quantity_unit": "片"}  # fmt: skip
    read = read_prescription(json.dumps(sheet(line, issued_at=instant, institution="SAMPLE-C01")))
    answer = review(read, NOTHING_KNOWN, edition, read.issued_at, ways=False)
    assert ("RX-CAT-004" in {finding.rule for finding in answer.findings}) is passed_over


# --- strengths written differently -----------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "other", "same"),
    [
        ("0.25g", "250mg", True),
        ("0.25g(25万单位)", "25万IU", True),
        ("0.25g(25万单位)", "0.25g(25万单位)", True),
        ("0.25g(25万单位)", "0.5g", False),
        ("0.25g(25万单位)", "50万单位", False),
        ("25万单位", "0.25g", None),
        ("0.6%", "100ml:0.6g", True),
        ("0.6%", "60ml:360mg", True),
        ("0.6%", "100ml:0.3g", False),
        ("0.6%", "100ml", None),
        ("2%", "20g:0.4g", True),
        ("2%", "10g:2%", True),
        ("2%", "10g:0.1g", False),
        ("1mg/ml", "60ml:60mg", True),
        ("5mg/ml", "60ml:60mg", False),
        ("10mg/ml", "2ml:2000IU", None),
        ("10mg/ml,0.2ml", "0.2ml:2mg", True),
        ("10mg/ml,0.2ml", "0.05ml:0.5mg", False),
        ("100ml:0.9g", "100ml(0.9%)", True),
        ("100ml:0.9g", "100ml:10%", False),
        ("100ml:0.9g", "250ml:0.9%", False),
        ("500ml", "500ml:葡萄糖25g与氯化钠4.5g", True),
        ("500ml", "250ml", False),
        ("500ml", "25g", None),
        ("200mg:28.5mg", "0.2285g", True),
        ("200mg:28.5mg", "0.2285g(200mg:28.5mg)", True),
        ("200mg:28.5mg", "250mg:62.5mg", False),
        ("200mg:28.5mg", "0.3125g", None),
        ("4.5g", "4.5g(4.0g:0.5g)", True),
        ("600mg:125IU(1.5g:125IU)", "每片含碳酸钙1.5g与维生素D3 125国际单位", True),
        ("9g", "每丸重9g", True),
        ("9g", "每袋装6g", False),
        ("每10丸重1.5g", "每丸重0.15g", True),
        ("每10丸重1.5g", "每100粒重15g", True),
        ("每10丸重1.5g", "每10丸重2g", False),
        ("每8丸相当于原药材3g", "每8丸相当于饮片3g", True),
        ("每8丸相当于原药材3g", "每8丸相当于饮片6g", False),
        ("每8丸相当于原药材3g", "每丸重0.375g", None),
        ("12g", "12g(相当于饮片8.85g)", True),
        ("8.85g", "12g(相当于饮片8.85g)", False),
        ("100μg", "200揿:每揿100μg", True),
        ("100μg", "100μg/揿", True),
        ("160μg/4.5μg", "160μg/4.5μg/吸", True),
        ("160μg/4.5μg", "320μg/9μg", False),
        ("7cmx10cm", "7cm×10cm*6贴", True),
        ("7cmx10cm", "8cm×10cm", False),
        ("以国家免费避孕药具目录为准", "1.5mg", None),
        ("0.25g", "两粒装", None),
        ("0.25g", "0g", None),
    ],
)  # fmt: skip
def test_a_strength_printed_and_written(printed, other, same):
    assert same_presentation(fold(printed), written_presentation(other)) is same


def test_nothing_written_is_no_strength():
    assert written_presentation(None) is None


# --- over a few rows of one's own ------------------------------------------------------------

OWN = rows(
    "edition entry generic salt form strength specialist",
    """
    2026 W1 布洛芬 - any - true
    2026 W1 布洛芬 - cream 5% false
    2026 W2 阿莫西林 钠盐 capsule 0.25g false
    2026 W3 氨溴索 - injection - true
    """,
)


@pytest.mark.parametrize(
    ("line", "essential", "specialist"),
    [
        ({"generic": "布洛芬片"}, 1, 1),
        ({"generic": "布洛芬乳膏", "strength": "5%"}, 1, 0),
        ({"generic": "布洛芬乳膏", "strength": "10%"}, 0, 0),
        ({"generic": "阿莫西林钠胶囊", "strength": "0.25g"}, 1, 0),
        ({"generic": "阿莫西林钾胶囊", "strength": "0.25g"}, 0, 0),
        ({"generic": "阿莫西林酯胶囊", "strength": "0.25g"}, 0, 0),
        ({"generic": "阿莫西林胶囊(Ⅱ)", "strength": "0.25g"}, "?essential_edition", 0),
        ({"generic": "氨溴索注射液"}, 1, 1),
        ({"generic": "氨溴索"}, "?form", 1),
        ({"generic": "甘草", "kind": "granule"}, 0, 0),
        ({"generic": "甘草", "kind": "herb"}, 1, 0),
    ],
)
def test_salts_scopes_and_forms(small, line, essential, specialist):
    names = [
        {"name": name, "kind": "salt", "target": "阿莫西林"} for name in ("阿莫西林钠", "阿莫西林钾", "阿莫西林酯")
    ]
    forms = [*CORE["forms"], {**CORE["forms"][0], "form": "any", "zh": "不限", "counts_as": "any"}]
    builder = FactBuilder(small(essential=OWN, names=names, forms=forms))
    read = read_prescription(json.dumps(sheet(line)))
    case = builder.build(read, NOTHING_KNOWN, read.issued_at).cases["line"][0]
    assert (told(case, "essential"), told(case, "specialist")) == (essential, specialist)


def test_a_drug_of_an_incomplete_edition_is_unknown_for_want_of_the_edition(small):
    editions = [{"edition": "2018", "zh": "旧", "items": "1", "complete": "false"}]
    builder = FactBuilder(small(essential=[], essential_editions=editions))
    read = read_prescription(json.dumps(sheet({"generic": "布洛芬片", "strength": "0.2g"})))
    case = builder.build(read, NOTHING_KNOWN, read.issued_at).cases["line"][0]
    assert told(case, "essential") == "?essential_edition"


def test_a_day_without_a_list_is_unknown(small):
    later = [{"edition": "2026", "zh": "新", "items": "1", "complete": "true", "from": "2026-12-01"}]
    builder = FactBuilder(small(essential=OWN[:0], essential_editions=later))
    for day, essential in (("2026-11-30", "?essential_edition"), ("2026-12-01", 0)):
        at = f"{day}T12:00:00+08:00"
        read = read_prescription(json.dumps(sheet({"generic": "布洛芬片", "strength": "0.2g"}, issued_at=at)))
        case = builder.build(read, NOTHING_KNOWN, read.issued_at).cases["line"][0]
        assert (told(case, "essential"), told(case, "specialist")) == (essential, 0)
