"""A member's own codes: what they mean, who inherits them, and what happens while nobody has mapped them."""

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.facts.small import facts, formulary, rows, sheet, told
from tests.shipped import shipped_edition

from rx_review.domain.circumstances import Circumstances, Gaps
from rx_review.domain.reading import read_prescription
from rx_review.domain.review import RANK
from rx_review.engine.review import Reviewer
from rx_review.facts.build import FactBuilder
from rx_review.facts.gaps import gaps_of
from rx_review.library.lookup import Dated, fold, span
from rx_review.library.rows import MemberCode

MEMBERS = rows(
    "institution name tier parent",
    """
    C1 县医院 county -
    T1 镇卫生院 township C1
    T2 另一镇卫生院 township C1
    V1 村卫生室 village T1
    V2 另一村卫生室 village T2
    X1 不归县里 village -
    """,
)
CODES = rows(
    "institution kind code name target form strength pack from",
    """
    C1 drug 100 - D03 - - - 2020-01-01
    C1 drug 200 - 布洛芬 tablet 0.2g 50 2020-01-01
    C1 drug 300 - 布洛芬 - - - 2020-01-01
    C1 drug 400 - 阿莫西林 - - - 2020-01-01
    C1 drug D05 - D22 - - - 2020-01-01
    C1 diagnosis ZY01 - J45.900 - - - 2020-01-01
    T1 drug 100 - D04 - - - 2020-01-01
    T1 drug 500 - D21 - - - 2026-11-01
    V2 drug 100 - D21 - - - 2020-01-01
    """,
)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory) -> FactBuilder:
    return FactBuilder(formulary(tmp_path_factory.mktemp("mapped"), institutions=MEMBERS, mappings=CODES))


def line(builder, institution="T1", *, issued="2026-11-01", **written):
    """The facts of one line written at a member."""
    found = facts(builder, written, institution=institution, issued_at=f"{issued}T09:30:00+08:00")
    return found["line"][0]


def known(builder, institution="T1", **written):
    read = read_prescription(json.dumps(sheet(written, institution=institution)))
    resolver = builder.resolver(date(2026, 11, 1).toordinal())
    return resolver.line(read.lines[0], resolver.place(institution).member)


@pytest.mark.parametrize(
    ("institution", "form"),
    [("C1", "tablet"), ("T1", "sustained_tablet"), ("T2", "tablet"), ("V1", "sustained_tablet")],
)
def test_a_members_own_row_beats_that_of_the_institution_above_it(mapped, institution, form):
    found = known(mapped, institution, product="100")
    assert (found.generic, found.form.form) == ("二甲双胍", form)


def test_a_village_may_have_a_row_of_its_own(mapped):
    assert known(mapped, "V2", product="100").generic == "格列本脲"
    assert known(mapped, "V2", product="300").generic == "布洛芬"


def test_who_does_not_belong_to_the_county_does_not_inherit_its_codes(mapped):
    case = line(mapped, "X1", product="100")
    assert (told(case, "drug_known"), told(case, "code_unmapped")) == (0, 1)


def test_a_mapping_holds_from_its_first_day(mapped):
    assert told(line(mapped, product="500", issued="2026-10-31"), "drug_known") == 0
    assert told(line(mapped, product="500", issued="2026-11-01"), "drug_known") == 1


def test_a_members_code_beats_ours_that_looks_the_same(mapped):
    assert known(mapped, "C1", product="D05").generic == "对乙酰氨基酚"
    assert known(mapped, "X1", product="D05").generic == "布洛芬"


def test_letters_and_widths_of_a_code_do_not_matter(mapped):
    assert known(mapped, "C1", product="d05").generic == "对乙酰氨基酚"


@pytest.mark.parametrize("product", ["100", "200", "300", "D05"])
def test_a_code_and_a_name_that_mean_different_drugs_are_an_unknown_drug(mapped, product):
    case = line(mapped, "C1", product=product, generic="华法林片")
    assert (told(case, "drug_known"), told(case, "code_unmapped")) == (0, 0)


@pytest.mark.parametrize("generic", [None, "布洛芬", "布洛芬片", "消心痛灵", "本院叫法"])
def test_a_code_with_its_own_name_or_one_that_nobody_knows_is_what_it_is_mapped_to(mapped, generic):
    written = {"product": "200"} | ({"generic": generic} if generic else {})
    found = known(mapped, "C1", **written)
    assert (found.generic, found.form.form, found.pack) == ("布洛芬", "tablet", 50)


def test_what_the_mapping_says_of_form_and_pack_beats_what_is_written(mapped):
    found = known(mapped, "C1", product="200", form="乳膏", strength="5%", pack=10)
    assert (found.form.form, found.pack, found.drug.strength) == ("tablet", 50, "0.2g")


def test_what_the_mapping_does_not_say_is_taken_from_what_is_written(mapped):
    found = known(mapped, "C1", product="300", form="乳膏", strength="5%", pack=10)
    assert (found.form.form, found.pack) == ("cream", 10)


def test_a_name_beside_the_code_says_the_form_where_nothing_else_does(mapped):
    assert known(mapped, "C1", product="300").form is None
    assert known(mapped, "C1", product="300", generic="布洛芬乳膏").form.form == "cream"
    assert known(mapped, "C1", product="400", generic="阿莫仙").form.form == "capsule"


def test_an_unmapped_code_with_a_readable_name_is_understood(mapped):
    case = line(mapped, product="999", generic="布洛芬片", strength="0.2g")
    assert (told(case, "drug_known"), told(case, "code_unmapped")) == (1, 1)
    assert known(mapped, product="999", generic="布洛芬片").generic == "布洛芬"


def test_our_own_code_and_a_name_without_code_are_no_gap(mapped):
    assert told(line(mapped, product="D03"), "code_unmapped") == 0
    assert told(line(mapped, generic="布洛芬片"), "code_unmapped") == 0


def test_a_diagnosis_code_of_ones_own_means_what_it_is_mapped_to(mapped):
    for institution, establishes in (("C1", True), ("V1", True), ("X1", False)):
        read = read_prescription(json.dumps(sheet({"product": "D03"}, institution=institution)))
        resolver = mapped.resolver(read.issued_at.date().toordinal())
        found, unmapped = resolver.diagnosis("本院叫法", "ZY01", "western", resolver.place(institution).member)
        assert ("asthma" in found.groups) is establishes
        assert (unmapped is None) is establishes


def test_the_work_list_names_what_is_not_mapped_and_nothing_else(mapped):
    read = read_prescription(
        json.dumps(
            sheet(
                {"product": "100"}, {"product": "999", "generic": "布洛芬片"}, {"product": "998", "generic": "院制膏"},
                {"generic": "院制水"}, {"generic": "布洛芬片"}, {"product": "100", "generic": "华法林片"},
                institution="V1",
                diagnoses=[{"text": "哮喘", "code": "J45.900"}, {"text": "院病", "code": "ZY09"}, {"text": "怪病"},
                           {"text": "哮喘", "code": "ZY08"}, {"text": "取药"}, {"text": "院病", "code": "ZY01"}],
            )
        )
    )  # fmt: skip
    found = list(gaps_of(read, mapped.resolver(read.issued_at.date().toordinal())))
    assert [gap[1:] for gap in found] == [
        ("drug", "999", "布洛芬片", True), ("drug", "998", "院制膏", False), ("drug", "", "院制水", False),
        ("drug", "100", "华法林片", False), ("diagnosis", "ZY09", "院病", False), ("diagnosis", "", "怪病", False),
        ("diagnosis", "ZY08", "哮喘", True),
    ]  # fmt: skip
    assert {gap.institution for gap in found} == {"V1"}


parents = st.fixed_dictionaries({f"I{n}": st.sampled_from([None, *(f"I{m}" for m in range(4))]) for n in range(4)})


@settings(max_examples=25)
@given(parents, st.dictionaries(st.sampled_from([f"I{n}" for n in range(4)]), st.sampled_from(["D03", "D21", "D25"])))
def test_a_code_means_what_the_nearest_institution_above_says(tmp_path_factory, above, said):
    members = [
        {"institution": name, "name": name, "tier": "village", "parent": parent or ""} for name, parent in above.items()
    ]
    codes = [{"institution": name, "kind": "drug", "code": "7", "target": target} for name, target in said.items()]
    made = formulary(tmp_path_factory.mktemp("chain"), institutions=members, mappings=codes)
    for name in above:
        walked, at = [], name
        while at is not None and at not in walked:
            walked.append(at)
            at = above[at]
        nearest = next((said[scope] for scope in walked if scope in said), None)
        row = made.mapped(name, "drug", "7", date(2026, 1, 1).toordinal())
        assert (row and row.target) == nearest


# What a review says of a gap, with the rules as they are shipped.

GAP_RULES = {"RX-MAP-001", "RX-MAP-002", "RX-MAP-003", "RX-MAP-004"}
AMOXICILLIN = {
    "generic": "阿莫西林胶囊", "strength": "0.25g*24粒", "dose": 0.5, "dose_unit": "g", "route": "口服",
    "frequency": "tid", "quantity": 1, "quantity_unit": "盒",
}  # fmt: skip
SHEET = {
    "number": "G1", "setting": "outpatient", "sheet": "ordinary", "institution": "SAMPLE-T01",
    "issued_at": "2026-11-02T09:30:00+08:00", "record_number": "M1", "department": "内科", "payer": "自费",
    "prescriber": {"id": "D1", "licence": "physician"},
    "patient": {"name": "王某", "sex": "male", "birth_date": "1980-01-01", "allergies": {"status": "none"}},
    "diagnoses": [{"text": "急性扁桃体炎", "code": "J03.900"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def reviewer() -> Reviewer:
    """The edition as it is shipped, with one code of SAMPLE-C01 mapped."""
    own = MemberCode.model_validate(
        {"institution": "SAMPLE-C01", "kind": "drug", "code": "100", "target": "阿莫西林", "form": "capsule",
         "strength": "0.25g", "pack": "24", "source": "MEMBER-CODES", "from": "2020-01-01"}
    )  # fmt: skip
    formulary = replace(
        shipped_edition().formulary,
        mappings=Dated([((own.institution, own.kind, fold(own.code)), span(own, own))]),
        with_own_codes=frozenset({own.institution}),
    )
    return Reviewer(replace(shipped_edition(), formulary=formulary, digest="member-codes"))


def answer(reviewer, *lines, seen=(), seen_diagnoses=(), **fields):
    """Review a sheet of these lines when these codes are on the work-list."""
    written = [{"line": number, **one} for number, one in enumerate(lines, 1)]
    read = read_prescription(json.dumps({**SHEET, **fields, "lines": written}))
    gaps = Gaps(as_of=read.issued_at, drugs=tuple(seen), diagnoses=tuple(seen_diagnoses))
    return reviewer.review(read, Circumstances(gaps=gaps), read.issued_at)


def said(review) -> dict[str, str]:
    return {found.rule: found.severity for found in review.findings if found.rule in GAP_RULES}


ODD = AMOXICILLIN | {"generic": "院制清咽胶囊", "product": "Y-31"}


def test_a_code_that_nobody_mapped_is_held_the_first_time_and_noted_afterwards(reviewer):
    first, later = answer(reviewer, ODD), answer(reviewer, ODD, seen=["Y-31"])
    assert (said(first), first.verdict) == ({"RX-MAP-001": "hold"}, "hold")
    assert said(later) == {"RX-MAP-002": "note"}
    assert RANK[later.verdict] < RANK["hold"]


def test_a_line_that_was_not_judged_never_counts_as_complete(reviewer):
    for seen in ((), ("Y-31",)):
        for lines in ((ODD,), (AMOXICILLIN, ODD), (ODD, ODD)):
            found = answer(reviewer, *lines, seen=seen)
            assert found.complete is False
            (entry,) = (entry for entry in found.not_judged if entry.fact == "drug")
            assert set(entry.lines) == {n for n, one in enumerate(lines, 1) if one is ODD}


def test_a_gap_of_ours_never_goes_back_to_the_doctor(reviewer):
    found = answer(reviewer, AMOXICILLIN, ODD)
    assert not {"return", "block"} & {finding.severity for finding in found.findings if 2 in finding.lines}


def test_seeing_one_code_lets_no_other_pass(reviewer):
    other = ODD | {"product": "Y-32"}
    assert said(answer(reviewer, ODD, other, seen=["Y-31"])) == {"RX-MAP-001": "hold", "RX-MAP-002": "note"}


def test_a_fault_on_another_line_stays_found_beside_a_gap(reviewer):
    month = AMOXICILLIN | {"quantity": 10}
    alone = answer(reviewer, month)
    assert alone.verdict == "return"
    for seen in ((), ("Y-31",)):
        assert answer(reviewer, month, ODD, seen=seen).verdict == "return"


def test_a_code_that_nobody_mapped_beside_a_name_that_is_known_is_judged_like_the_name(reviewer):
    month = AMOXICILLIN | {"quantity": 10}
    for plain in (AMOXICILLIN, month):
        by_name, with_code = answer(reviewer, plain), answer(reviewer, plain | {"product": "Y-33"})
        assert said(with_code) == {}
        assert (with_code.verdict, with_code.complete) == (by_name.verdict, by_name.complete)
        assert [f.rule for f in with_code.findings] == [f.rule for f in by_name.findings]


def test_a_mapped_code_is_judged_like_the_drug_that_it_means(reviewer):
    for quantity in (1, 10):
        plain = AMOXICILLIN | {"quantity": quantity}
        code = {name: cell for name, cell in plain.items() if name not in ("generic", "strength")} | {"product": "100"}
        by_name, by_code = answer(reviewer, plain), answer(reviewer, code)
        assert by_code.verdict == by_name.verdict
        assert [f.rule for f in by_code.findings] == [f.rule for f in by_name.findings]


OWN_DIAGNOSES = [{"text": "院内病种甲", "code": "ZY0231"}, {"text": "院内病种乙", "code": "ZY0232"}]


def test_a_diagnosis_code_that_nobody_mapped_is_held_the_first_time_and_noted_afterwards(reviewer):
    first = answer(reviewer, AMOXICILLIN, diagnoses=OWN_DIAGNOSES[:1])
    later = answer(reviewer, AMOXICILLIN, diagnoses=OWN_DIAGNOSES[:1], seen_diagnoses=["ZY0231"])
    assert (said(first), first.verdict) == ({"RX-MAP-003": "hold"}, "hold")
    assert said(later) == {"RX-MAP-004": "note"}
    assert RANK[later.verdict] < RANK["hold"]


def test_of_two_diagnosis_codes_both_must_have_been_seen(reviewer):
    for codes, rule in ((["ZY0231"], "RX-MAP-003"), (["ZY0231", "ZY0232"], "RX-MAP-004")):
        found = answer(reviewer, AMOXICILLIN, diagnoses=OWN_DIAGNOSES, seen_diagnoses=codes)
        assert set(said(found)) == {rule}


def test_without_the_work_list_every_gap_is_held(reviewer):
    read = read_prescription(json.dumps({**SHEET, "diagnoses": OWN_DIAGNOSES, "lines": [{"line": 1, **ODD}]}))
    found = reviewer.review(read, Circumstances(), read.issued_at)
    assert said(found) == {"RX-MAP-001": "hold", "RX-MAP-003": "hold"}
