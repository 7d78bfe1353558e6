"""The generated county: the same seed writes the same, sheets are what doctors write, and gaps only take away."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, timedelta
from functools import lru_cache
from math import sqrt
from random import Random

import pytest
from tests.shipped import shipped_edition, shipped_regimens

from rx_review.county import Generated, generate, generate_county, read_regimens
from rx_review.county.dialect import speak
from rx_review.county.gaps import leave_gaps
from rx_review.county.regimen import FOLDER, Regimen
from rx_review.county.writing import Written, write_prescription
from rx_review.facts.build import FactBuilder

DAY = date(2026, 11, 2)
TIERS = ("village", "township", "county")


def made(seed: int, *, days=1, per_day=100, gaps=True, first=DAY, regimens=None) -> list[Generated]:
    """Prescriptions of some days."""
    chosen = shipped_regimens() if regimens is None else regimens
    drawn = generate_county(
        shipped_edition().formulary, chosen, seed=seed, first=first, days=days, per_day=per_day, gaps=gaps
    )  # fmt: skip
    return list(drawn)


def as_bytes(generated: list[Generated]) -> bytes:
    return b"\n".join(
        part.model_dump_json().encode() for one in generated for part in (*one.sound, *(one.faulty or ()))
    )


@lru_cache(maxsize=1)
def thousands() -> tuple[Generated, ...]:
    return tuple(made(11, per_day=1_600))


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others():
    assert as_bytes(made(3)) == as_bytes(made(3))
    assert len({as_bytes(made(seed, per_day=5)) for seed in range(20)}) == 20


SCRIPT = """
import sys
from datetime import date
from pathlib import Path
from rx_review import config
from rx_review.county import generate_county, read_regimens
from rx_review.library.edition import load_edition
formulary = load_edition(config.rules_dir(), config.formulary_dir(), config.cache_dir()).formulary
for one in generate_county(formulary, read_regimens(Path(sys.argv[1])), seed=5, first=date(2026, 11, 2), days=2,
                           per_day=20):
    print(one.sound.prescription.model_dump_json())
"""


def test_another_process_with_another_hash_seed_writes_the_same(tmp_path, checkout):
    shutil.copy(FOLDER / "emergency.yaml", tmp_path)
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, check=False, timeout=120,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(checkout / "src")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    here = made(5, days=2, per_day=20, regimens=read_regimens(tmp_path))
    assert done.stdout == "".join(f"{one.sound.prescription.model_dump_json()}\n" for one in here).encode()


def test_days_and_sheets_a_day_are_as_asked():
    found = made(4, days=3, per_day=7)
    issued = Counter(one.sound.prescription.issued_at.date() for one in found)
    assert issued == {DAY + timedelta(days=offset): 7 for offset in range(3)}
    assert len({one.sound.prescription.number for one in found}) == 21


def test_a_longer_run_begins_like_a_shorter_one():
    few, many = made(4, days=2, per_day=5), made(4, days=3, per_day=9)
    for day in range(2):
        assert as_bytes(few[5 * day : 5 * day + 5]) == as_bytes(many[9 * day : 9 * day + 5])


def test_each_day_is_the_same_whichever_day_the_run_began():
    assert as_bytes(made(4, days=2, per_day=5)[5:]) == as_bytes(made(4, per_day=5, first=DAY + timedelta(days=1)))


def test_there_are_regimens_for_all_that_a_county_treats():
    topics = Counter(regimen.topic for regimen in shipped_regimens())
    assert sum(topics.values()) >= 150
    assert set(topics) == {
        "chronic", "acute", "paediatric", "obstetric", "tcm", "controlled", "long_term", "emergency"
    }  # fmt: skip
    assert min(topics.values()) >= 10
    assert len({regimen.regimen for regimen in shipped_regimens()}) == sum(topics.values())
    assert {tier for regimen in shipped_regimens() for tier in regimen.tiers} == set(TIERS)


def each_written(*, times: int = 1, tiers: tuple[str, ...] = TIERS) -> Iterator[tuple[Regimen, str, Written, Random]]:
    """A prescription of each regimen in each of its tiers, with nothing left out."""
    county = generate.County(shipped_edition().formulary, ())
    for regimen in shipped_regimens():
        for tier in filter(tiers.__contains__, regimen.tiers):
            for turn in range(times):
                random = Random(f"{regimen.regimen}:{tier}:{turn}")
                member = county.members[tier][0]
                yield regimen, tier, write_prescription(regimen, member, DAY, "20261102-1", random), random


def age_days(written: Written) -> int:
    return (DAY - date.fromisoformat(written.sheet["patient"]["birth_date"])).days


def test_each_regimen_writes_a_valid_prescription_for_each_of_its_tiers():
    for regimen, tier, written, random in each_written(times=2):
        whole = generate._sent(written).prescription
        assert whole.lines
        assert whole.diagnoses
        low, high = regimen.patient.age
        assert low <= age_days(written) <= high
        leave_gaps(written, tier, age_days(written), shipped_edition().formulary.fills, random)
        speak(written.sheet, tier, random)
        assert len(generate._sent(written).prescription.lines) == len(whole.lines)


def test_every_line_of_every_regimen_has_a_dose_a_unit_and_a_quantity_or_packets():
    for regimen, _, written, _ in each_written():
        for line in written.sheet["lines"]:
            assert line["generic"]
            if regimen.decoction is None:
                assert line["quantity"] > 0, regimen.regimen
                assert line["quantity_unit"], regimen.regimen
            if "dose" in line:
                assert line["dose"] > 0, regimen.regimen
                assert line["dose_unit"], regimen.regimen


def test_packs_cover_the_days_and_no_pack_is_too_many():
    for regimen, _, written, _ in each_written():
        drugs = [drug for choice in regimen.lines for drug in choice.one_of]
        for line in written.sheet["lines"]:
            fits = [
                line["quantity"] * drug.pack >= drug.per_day * line["days"] > (line["quantity"] - 1) * drug.pack
                for drug in drugs
                if drug.generic == line["generic"] and drug.strength == line.get("strength") and drug.per_day
            ]
            assert any(fits) or not fits, (regimen.regimen, line["generic"])


# Gaps


NEVER = ("line", "generic", "kind", "form", "strength", "dose", "dose_unit", "route", "frequency", "quantity",
         "quantity_unit", "group", "usage")  # fmt: skip


def pairs(times: int = 1, tiers: tuple[str, ...] = TIERS) -> Iterator[tuple[str, Written, Written]]:
    """Each prescription before and after the gaps of its tier."""
    for _, tier, written, random in each_written(times=times, tiers=tiers):
        before = deepcopy(written)
        yield tier, before, leave_gaps(written, tier, age_days(written), shipped_edition().formulary.fills, random)


def only_less(before: dict, after: dict, *, but: tuple[str, ...] = ()) -> bool:
    return all(after[key] == before[key] for key in after if key not in but) and after.keys() <= before.keys()


def test_gaps_take_data_away_and_never_change_a_drug_a_dose_or_a_quantity():
    for _, before, after in pairs():
        old, new = before.sheet, after.sheet
        assert only_less(old, new, but=("patient", "diagnoses", "lines", "reasons", "signatures"))
        assert len(new["lines"]) == len(old["lines"])
        for one, other in zip(old["lines"], new["lines"], strict=True):
            assert {key: one.get(key) for key in NEVER} == {key: other.get(key) for key in NEVER}
            assert only_less(one, other, but=("days",))
            assert other.get("days") in (None, 1, one.get("days"))
        assert only_less(old["patient"], new["patient"], but=("allergies", "chronic_entitlements"))
        assert new["patient"]["allergies"] in (old["patient"]["allergies"], {"status": "not_asked"})
        assert new["patient"]["chronic_entitlements"] in (old["patient"]["chronic_entitlements"], [])
        assert all(reason in old["reasons"] for reason in new["reasons"])
        assert new["signatures"] in (old["signatures"], [])


def test_gaps_never_invent_a_diagnosis_and_leave_one():
    for _, before, after in pairs():
        texts = [one["text"] for one in before.sheet["diagnoses"]]
        codes = {one["code"] for one in before.sheet["diagnoses"]} | {None}
        assert after.sheet["diagnoses"]
        for one in after.sheet["diagnoses"]:
            assert one["code"] in codes
            left = one["text"]
            for text in sorted(texts, key=len, reverse=True):
                left = left.replace(text, "")
            assert not left.strip("，、;； ,"), one["text"]


def test_gaps_only_forget_what_the_registers_say():
    for _, before, after in pairs():
        old, new = before.circumstances, after.circumstances
        assert new["visit"] in (old["visit"], None)
        assert new["prescriber"] is None or only_less(
            old["prescriber"], new["prescriber"], but=("rights", "specimen_on_file")
        )
        assert new["history"] in (old["history"], None)
        assert only_less(old["patient"], new["patient"], but=("chronic_entitlements",))


def test_what_the_law_asks_for_is_never_left_out():
    strict = 0
    for _, _, after in pairs():
        patient = after.sheet["patient"]
        assert {"name", "sex", "birth_date"} <= patient.keys()
        assert {"record_number", "department", "payer", "prescriber"} <= after.sheet.keys()
        if after.sheet["sheet"] in ("narcotic", "psychotropic_2"):
            strict += 1
            assert patient["identity_number"]
    assert strict > 10


def _filled(tier: str, before: Written, after: Written) -> Iterator[tuple[str, bool]]:
    """Each field that could have been left out, and whether it is still there."""
    old, new = before.sheet, after.sheet
    was, now = old["patient"], new["patient"]
    child = age_days(before) < 14 * 365
    yield "weight_child" if child else "weight_adult", "weight" in now
    yield "allergies", now["allergies"]["status"] != "not_asked"
    for field, name in (
        ("pregnancy", "pregnancy"),
        ("lactation", "lactation"),
        ("renal", "egfr"),
        ("hepatic", "hepatic"),
    ):
        if name in was:
            yield field, name in now
    if was["chronic_entitlements"]:
        yield "chronic_entitlement", bool(now["chronic_entitlements"])
    if any(reason["for"] == "quantity" for reason in old["reasons"]):
        yield "quantity_reason", any(reason["for"] == "quantity" for reason in new["reasons"])
    yield "signature", bool(new["signatures"])
    yield "visit", "visit" in new
    kept = after.circumstances["prescriber"]
    yield "staff_register", kept is not None
    if kept is not None:
        yield "staff_rights", kept["rights"] is not None
        yield "specimen", kept["specimen_on_file"] is not None
    yield "history", after.circumstances["history"] is not None
    if len(old["diagnoses"]) == 1 and old["diagnoses"][0]["code"] is not None:
        yield "diagnosis_code", new["diagnoses"][0]["code"] is not None
    for one, other in zip(old["lines"], new["lines"], strict=True):
        for name in ("days", "footnote", "skin_test"):
            if name in one:
                yield name, name in other
        if "days" in other and one["days"] != 1:
            yield "days_right", other["days"] == one["days"]


@pytest.mark.parametrize("tier", TIERS)
def test_each_field_is_filled_in_as_often_as_the_table_says(tier):
    there, all_ = Counter(), Counter()
    for _, before, after in pairs(times=3, tiers=(tier,)):
        for field, kept in _filled(tier, before, after):
            all_[field] += 1
            there[field] += kept
    fills = {
        field: float(percent) / 100 for (field, at), percent in shipped_edition().formulary.fills.items() if at == tier
    }
    # A decoction's syndrome is one of several diagnoses; the others are counted one by one. Two are about whole sheets.
    assert set(all_) == set(fills) - {"syndrome", "prescriptions", "diagnoses_apart"}
    for field in all_:
        share = fills[field]
        count = all_[field]
        tolerance = 4.5 * sqrt(count * share * (1 - share)) + 1
        assert abs(there[field] - count * share) <= tolerance, (field, there[field], count, share)


def test_how_a_site_spells_a_route_a_frequency_or_a_unit_means_the_same():
    resolver = FactBuilder(shipped_edition().formulary).resolver(DAY.toordinal())

    def meant(line: dict) -> tuple:
        """What reviews count with; two words for once a day are one."""
        route, often = resolver.route(line.get("route")), resolver.frequency(line.get("frequency"))
        unit = resolver.unit(line.get("dose_unit"))
        where = route and (route.group, route.infusion, route.systemic, route.countable)
        return where, often and (often.times, often.period), unit and (unit.dimension, unit.factor)

    for _, tier, written, random in each_written():
        before = deepcopy(written.sheet["lines"])
        speak(written.sheet, tier, random)
        for one, other in zip(before, written.sheet["lines"], strict=True):
            assert meant(one) == meant(other), (one, other)
            assert only_less(one, other, but=("route", "frequency", "dose_unit"))


# The mix, against published figures of county, township and village institutions

ANTIBIOTIC = re.compile(
    r"头孢|西林|沙星|霉素|硝唑|磺胺|甲噁唑|异烟肼|利福|乙胺丁醇|吡嗪酰胺|环素|呋喃妥因|培南|康唑|制霉|磷霉"
)
LOCAL = re.compile(r"软膏|乳膏|滴眼|眼膏|滴耳|栓|凝胶|洗剂|阴道|膏|散$|滴鼻")


def lines_of(one: Generated):
    return one.sound.prescription.lines


def ordinary() -> list[Generated]:
    return [one for one in thousands() if one.sound.prescription.sheet != "herbal"]


def test_a_prescription_has_two_to_three_and_a_half_lines_on_average():
    lengths = [len(lines_of(one)) for one in ordinary()]
    assert 2 <= sum(lengths) / len(lengths) <= 3.5
    assert max(lengths) <= 6


def share_of_lines(name: str, value: object) -> float:
    builder = FactBuilder(shipped_edition().formulary)
    told = [
        case.known(name)
        for one in ordinary()[:800]
        for case in builder.build(*one.sound, one.sound.prescription.issued_at).cases["line"]
    ]
    return 100 * told.count(value) / len(told)


def test_half_to_three_quarters_of_the_lines_are_essential_medicines():
    assert 50 <= share_of_lines("essential", 1) <= 75


def test_a_third_to_three_fifths_of_the_lines_are_chinese_patent_medicines():
    assert 35 <= share_of_lines("kind", "patent") <= 60


def test_a_tenth_to_a_third_of_the_sheets_have_an_antibiotic():
    sheets = ordinary()
    with_one = sum(
        any(ANTIBIOTIC.search(line.generic) and not LOCAL.search(line.generic) for line in lines_of(one))
        for one in sheets
    )
    assert 10 <= 100 * with_one / len(sheets) <= 35


def test_two_to_fifteen_in_a_hundred_sheets_have_an_injection():
    sheets = ordinary()
    injected = re.compile(r"^注射用|注射液|注射剂")
    with_one = sum(any(injected.search(line.generic) for line in lines_of(one)) for one in sheets)
    assert 2 <= 100 * with_one / len(sheets) <= 15


def test_all_tiers_prescribe_and_only_what_they_may():
    tiers = Counter()
    allowed = {regimen.regimen: regimen.tiers for regimen in shipped_regimens()}
    members = shipped_edition().formulary.institutions
    for one in thousands():
        tier = members[one.sound.prescription.institution].tier
        tiers[tier] += 1
        assert tier in allowed[one.regimen]
    total = sum(tiers.values())
    for tier, share in (("village", 0.40), ("township", 0.35), ("county", 0.25)):
        assert abs(tiers[tier] - share * total) <= 4.5 * sqrt(total * share * (1 - share))
