"""Solvents of an infusion against those that the label names: another one, too little or too much of one."""

import pytest
from tests.facts.small import CORE, formulary, rows, sheet, told

from rx_review.domain.circumstances import Circumstances
from rx_review.domain.reading import check_prescription
from rx_review.facts.build import FactBuilder

TABLES = {
    "solvents": [
        *rows(
            "target solvent volume_from volume_until strict",
            """
            头孢曲松 氯化钠 50 100 true
            氨溴索 氯化钠 100 - false
            氨溴索 葡萄糖 - 250 false
            青霉素 氯化钠 - - false
            """,
        ),
        {"target": "胰岛素", "solvent": "氯化钠", "strict": "true", "from": "2026-11-01"},
    ],
    "drugs": [*CORE["drugs"], {"drug": "E01", "generic": "口服补液", "kind": "western", "form": "granules"}],
    "ingredients": [*CORE["ingredients"], {"generic": "口服补液", "ingredient": "氯化钠", "hidden": "false"}],
}


def of(generic: str, dose: object = None, unit: str | None = None, group: int | None = 1, form: str = "注射液") -> dict:
    return {"generic": generic, "form": form, "dose": dose, "dose_unit": unit, "route": "iv_drip", "group": group}


def saline(dose: object = 100, unit: str | None = "ml", group: int | None = 1) -> dict:
    return of("氯化钠", dose, unit, group)


def glucose(dose: object = 250, unit: str | None = "ml", group: int | None = 1) -> dict:
    return of("葡萄糖", dose, unit, group)


CEFTRIAXONE = of("头孢曲松", 1, "g", form="注射用无菌粉末")
AMBROXOL = of("氨溴索", 30, "mg")
PENICILLIN = of("青霉素", 160, "万U", form="注射用无菌粉末")


@pytest.fixture(scope="module")
def county(tmp_path_factory) -> FactBuilder:
    return FactBuilder(formulary(tmp_path_factory.mktemp("solvent"), **TABLES))


def pairs(builder: FactBuilder, *lines: dict, others: tuple[dict, ...] = (), **fields: object) -> list:
    at = "2026-11-01T09:00:00+08:00"
    visit = {
        "as_of": at,
        "sheets": [{"number": "B1", "lines": [{"line": n, **one} for n, one in enumerate(others, 1)]}],
    }
    read = check_prescription(sheet(*lines, **fields))
    world = Circumstances.model_validate({"visit": visit} if others else {})
    return list(builder.build(read, world, read.issued_at).cases["pair"])


def found(builder: FactBuilder, *lines: dict, **more: object) -> list[tuple]:
    return [(told(case, "topic"), told(case, "grade"), case.lines) for case in pairs(builder, *lines, **more)]


@pytest.mark.parametrize(
    ("drug", "solvent", "expected"),
    [
        (CEFTRIAXONE, saline(50), []),
        (CEFTRIAXONE, saline(100), []),
        (CEFTRIAXONE, saline("49.999999"), [("solvent_volume", "moderate")]),
        (CEFTRIAXONE, saline("100.000001"), [("solvent_volume", "moderate")]),
        (CEFTRIAXONE, saline(1, "瓶"), []),
        (CEFTRIAXONE, saline(2, "瓶"), [("solvent_volume", "moderate")]),
        (CEFTRIAXONE, saline("0.1", "ml"), [("solvent_volume", "moderate")]),
        (CEFTRIAXONE, saline(None, None), []),
        (CEFTRIAXONE, saline(1, "盒"), []),
        (CEFTRIAXONE, glucose(100), [("solvent", "contraindicated")]),
        (CEFTRIAXONE, glucose(None, None), [("solvent", "contraindicated")]),
        (AMBROXOL, saline(100), []),
        (AMBROXOL, saline(99), [("solvent_volume", "moderate")]),
        (AMBROXOL, saline(3000), []),
        (AMBROXOL, glucose(250), []),
        (AMBROXOL, glucose(251), [("solvent_volume", "moderate")]),
        (AMBROXOL, glucose(1), []),
        (PENICILLIN, saline(1), []),
        (PENICILLIN, saline(5000), []),
        (PENICILLIN, glucose(100), [("solvent", "moderate")]),
        (of("维生素D", 1, "ml"), glucose(100), []),
        (of("某药", 1, "ml"), glucose(100), []),
    ],
)
def test_a_solvent_that_the_label_does_not_name_or_another_volume(county, drug, solvent, expected):
    assert found(county, drug, solvent) == [(*each, (1, 2)) for each in expected]
    # Whichever stands first.
    assert found(county, solvent, drug) == [(*each, (1, 2)) for each in expected]


@pytest.mark.parametrize(
    "lines",
    [
        (CEFTRIAXONE, glucose(100, group=2)),
        (CEFTRIAXONE, glucose(100, group=None)),
        ({**CEFTRIAXONE, "group": None}, glucose(100, group=None)),
        ({**CEFTRIAXONE, "group": None}, glucose(100)),
        (CEFTRIAXONE, AMBROXOL),
        (CEFTRIAXONE,),
        (glucose(100),),
        (saline(10), glucose(10)),
        (CEFTRIAXONE, {**of("口服补液", 1, "袋", form="颗粒"), "route": "po"}),
    ],
)
def test_only_what_shares_the_infusion_is_its_solvent(county, lines):
    assert [topic for topic, _, _ in found(county, *lines) if str(topic).startswith("solvent")] == []


def test_each_drug_and_each_solvent_of_an_infusion(county):
    lines = (CEFTRIAXONE, AMBROXOL, saline(100), glucose(300))
    assert found(county, *lines) == [
        ("solvent", "contraindicated", (1, 4)),
        ("solvent_volume", "moderate", (2, 4)),
    ]


def test_infusions_are_judged_apart(county):
    second = {**CEFTRIAXONE, "group": 2}
    lines = (CEFTRIAXONE, saline(100), second, glucose(100, group=2))
    assert [each for each in found(county, *lines) if str(each[0]).startswith("solvent")] == [
        ("solvent", "contraindicated", (3, 4))
    ]


def test_another_sheet_of_the_visit_is_another_infusion(county):
    assert [each for each in found(county, CEFTRIAXONE, others=(glucose(100),)) if "solvent" in str(each[0])] == []
    assert [each for each in found(county, glucose(100), others=(CEFTRIAXONE,)) if "solvent" in str(each[0])] == []


@pytest.mark.parametrize(
    ("issued", "expected"),
    [("2026-10-31T15:59:59Z", []), ("2026-10-31T16:00:00Z", [("solvent", "contraindicated", (1, 2))])],
)
def test_labels_go_by_the_day_of_issue(county, issued, expected):
    assert found(county, of("胰岛素", 10, "IU"), glucose(100), issued_at=issued) == expected


def test_what_may_be_used_instead_is_said(county):
    (case,) = pairs(county, CEFTRIAXONE, glucose(100))
    assert [told(case, name) for name in ("applies", "across_sheets", "excused", "tradition", "same_drug")] == [
        1, 0, 0, "none", 0,
    ]  # fmt: skip
    assert "氯化钠" in case.text("advice")["zh"]
    assert {case.text("drug_a"), case.text("drug_b")} == {"头孢曲松", "葡萄糖"}
    (case,) = pairs(county, CEFTRIAXONE, saline(250))
    assert case.text("advice")["zh"] == "50~100ml"
    (case,) = pairs(county, PENICILLIN, glucose(100))
    assert case.text("advice")["zh"] == "可用氯化钠"


@pytest.mark.parametrize(("lines", "excused"), [([], 1), ([1, 2], 1), ([1], 1), ([2], 1)])
def test_a_reason_excuses_it(county, lines, excused):
    reasons = [{"for": "incompatibility", "text": "有", "lines": lines, "signed_again": True}]
    (case,) = pairs(county, CEFTRIAXONE, glucose(100), reasons=reasons)
    assert told(case, "excused") == excused
    (case,) = pairs(county, CEFTRIAXONE, glucose(100), reasons=[{**reasons[0], "signed_again": False}])
    assert told(case, "excused") == 0


def test_bags_of_one_infusion_are_one_volume(county):
    # Fifty and fifty are the hundred that the label allows.
    assert found(county, AMBROXOL, saline(50), saline(50)) == []
    assert found(county, AMBROXOL, saline(50), saline(49)) == [("solvent_volume", "moderate", (1, 2))]
    assert found(county, CEFTRIAXONE, saline(100), saline(100)) == [("solvent_volume", "moderate", (1, 2))]
    # It is said of the larger one, and not at all while one of them is not known.
    assert found(county, CEFTRIAXONE, saline(10), saline(100)) == [("solvent_volume", "moderate", (1, 3))]
    assert found(county, CEFTRIAXONE, saline(200), saline(None, None)) == []


@pytest.mark.parametrize(
    ("lines", "carried"),
    [
        ((saline(),), [0]),
        ((glucose(), saline()), [0, 0]),
        ((saline(), saline()), [0, 0]),
        ((CEFTRIAXONE, saline()), [0, 1]),
        ((CEFTRIAXONE, saline(), glucose()), [0, 1, 1]),
        ((CEFTRIAXONE, saline(group=2)), [0, 0]),
        ((of("某药", 1, "g"), saline()), [0, 1]),
    ],
)
def test_a_solvent_carries_what_is_no_solvent(county, lines, carried):
    read = check_prescription(sheet(*lines))
    cases = county.build(read, Circumstances(), read.issued_at).cases["line"]
    assert [told(case, "vehicle") for case in cases] == carried
