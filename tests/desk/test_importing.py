"""Registers from files: what would change, what is refused and where, and that all of it is written or nothing."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.databases import database_kind, database_meeting, database_upgrade, database_url, new_database
from tests.facts.small import rows, write_formulary
from tests.library.conftest import RULE

from rx_review.desk import importing
from rx_review.desk.actor import Actor
from rx_review.desk.centre import Centre
from rx_review.desk.exporting import export_file
from rx_review.desk.importing import import_file, import_files
from rx_review.desk.register_merging import merge
from rx_review.desk.registers import DOCUMENTS, put
from rx_review.domain.county import Mandate, Member, PharmacistPart, StaffEntry, StaffPart, StandingDecision
from rx_review.domain.prescription import Licence
from rx_review.domain.problems import Refusal
from rx_review.domain.registers import Posting, Right, RightKind, Title
from rx_review.engine.review import Reviewer
from rx_review.errors import InputError
from rx_review.intake.register_files import read_register_files
from rx_review.intake.register_writing import rows_of_decisions, rows_of_members, rows_of_staff, write_registers
from rx_review.library.edition import load_edition
from rx_review.store import county
from rx_review.store.database import Database
from rx_review.store.keys import create_keys
from rx_review.store.tables import AuditRow
from rx_review.store.vault import Vault

__all__ = ["database_kind", "database_meeting", "database_upgrade", "database_url", "new_database"]

AT = datetime(2026, 11, 22, 2, tzinfo=UTC)
COUNTY = Actor("person", "root", frozenset({"administrator", "lead"}))
HOSPITAL = Actor("person", "hr", frozenset({"administrator"}), frozenset({"T1"}))
HEAD = "人员编号,姓名,机构编码,执业资格,医师职称,签名留样\n"
MEMBERS = "机构编码,机构名称,只观察的规则\nC1,县院,无\nT1,镇院,全部\n"


@pytest.fixture(scope="module")
def reviewer(tmp_path_factory) -> Reviewer:
    """An edition of one rule and three institutions."""
    top = tmp_path_factory.mktemp("edition")
    (top / "rules" / "quantity").mkdir(parents=True)
    (top / "formulary").mkdir()
    text = RULE.replace("status: draft", "status: active")
    (top / "rules" / "quantity" / "quantity-over-fourteen-days.yaml").write_text(text, encoding="utf-8")
    members = rows("institution name tier parent", "C1 县院 county -\nT1 镇院 township C1\nV1 村 village T1")
    write_formulary(top / "formulary", institutions=members)
    return Reviewer(load_edition(top / "rules", top / "formulary", None))


@pytest.fixture
def centre(database_url, tmp_path, reviewer):
    """A centre with two members."""
    database = Database(database_url)
    made = Centre(database, Vault(create_keys(tmp_path / "keys")), reviewer)
    with database.write() as connection:
        county.found(connection, "某县", date(2026, 1, 1))
    told = import_file(made, COUNTY, "成员机构.csv", MEMBERS.encode(), AT, False)
    assert [each["key"] for each in told["added"]] == ["C1", "T1"]
    yield made
    database.close()


def staff(centre: Centre, text: str, *, actor: Actor = COUNTY, name: str = "人员.csv", dry_run: bool = False) -> dict:
    return import_file(centre, actor, name, text.encode(), AT, dry_run)


def kept(centre: Centre, register: str = "staff") -> dict:
    with centre.database.read() as connection:
        return {row[0]: (row.version, json.loads(row.document)) for row in county.entries(connection, register)}


def audited(centre: Centre) -> list[str]:
    with centre.database.read() as connection:
        table = AuditRow.__table__
        return [
            json.loads(row.body)["key"]
            for row in connection.execute(table.select().order_by(table.c.id))
            if row.action == "put staff"
        ]


def keys(told: dict, part: str) -> list[str]:
    return [each["key"] for each in told[part]]


def test_people_are_added_changed_and_left_and_only_what_changed_is_written(centre):
    staff(centre, HEAD + "D1,张三,C1,执业医师,主治医师,是\nD2,李四,C1,执业医师,,否\n")
    told = staff(centre, HEAD + "D1,张三,C1,执业医师,主任医师,\nD2,李四,C1,执业医师,,否\nD3,王五,T1,乡村医生,无,是\n")
    assert (keys(told, "added"), keys(told, "changed"), keys(told, "unchanged")) == (["D3"], ["D1"], ["D2"])
    assert told["changed"][0]["changes"] == [
        {"field": "prescriber.specimen_on_file", "old": True, "new": None},
        {"field": "prescriber.title", "old": "attending", "new": "chief"},
    ]
    assert {key: version for key, (version, _) in kept(centre).items()} == {"D1": 2, "D2": 1, "D3": 1}
    assert audited(centre) == ["D1", "D2", "D1", "D3"]


def test_a_dry_run_says_the_same_and_keeps_nothing(centre):
    text = HEAD + "D1,张三,C1,执业医师,主治医师,是\n"
    tried = staff(centre, text, dry_run=True)
    assert (kept(centre), audited(centre)) == ({}, [])
    assert {**staff(centre, text), "dry_run": True} == tried
    assert keys(tried, "added") == ["D1"]


def test_a_dry_run_finds_what_only_the_writing_would_refuse(centre):
    with pytest.raises(InputError) as refused:
        staff(centre, HEAD + "D1,张三,V1,执业医师,,\n", dry_run=True)
    assert [(fault.where, fault.what) for fault in refused.value.faults] == [
        ("人员.csv!C2 机构编码", "D1: V1 is not enrolled")
    ]


def test_one_fault_anywhere_and_nothing_is_written(centre):
    with pytest.raises(InputError) as refused:
        staff(centre, HEAD + "D1,张三,C1,执业医师,,\nD2,李四,V1,执业医师,,\nD3,王五,C1,医生,,\nD1,张三,C1,执业医师,,\n")
    assert [fault.where for fault in refused.value.faults] == [
        "人员.csv!D4 执业资格", "人员.csv!A5 人员编号", "人员.csv!C3 机构编码"]  # fmt: skip
    assert (kept(centre), audited(centre)) == ({}, [])


def test_whoever_is_not_in_the_file_is_listed_and_stays(centre):
    staff(centre, HEAD + "D1,张三,C1,执业医师,,\nD2,李四,C1,执业医师,,\nD9,赵六,T1,乡村医生,,\n")
    told = staff(centre, HEAD + "D1,张三,C1,执业医师,,\n")
    # D9 is of a member that the file does not speak of.
    assert told["absent"] == [{"register": "staff", "key": "D2", "name": "李四"}]
    assert set(kept(centre)) == {"D1", "D2", "D9"}


def test_a_column_that_is_not_there_leaves_what_the_register_says(centre):
    staff(centre, HEAD + "D1,张三,C1,执业医师,主任医师,是\n")
    told = staff(centre, "人员编号,姓名,机构编码,药师,调剂年限\nD1,张三,C1,是,12\n")
    assert [change["field"] for change in told["changed"][0]["changes"]] == ["pharmacist.years"]
    assert kept(centre)["D1"][1]["prescriber"]["title"] == "chief"


def test_rights_of_a_sheet_are_all_the_rights_of_that_person_and_of_no_other(centre):
    staff(centre, HEAD + "D1,张三,C1,执业医师,,\nD2,李四,C1,执业医师,,\nD3,王五,C1,执业医师,,\n")
    head = "人员编号,权限,起始日\n"
    staff(centre, head + "D1,处方权,2026-01-01\nD1,中药饮片,2026-01-01\nD2,处方权,2026-01-01\n", name="处方权.csv")
    told = staff(centre, head + "D1,处方权,2026-01-01\nD3,无,\n", name="处方权.csv")
    assert keys(told, "changed") == ["D1", "D3"]
    rights = {key: document["prescriber"].get("rights") for key, (_, document) in kept(centre).items()}
    assert [right["kind"] for right in rights["D1"]] == ["prescribe"]
    assert [right["kind"] for right in rights["D2"]] == ["prescribe"]
    assert rights["D3"] == []


def test_rows_in_another_order_change_nothing(centre):
    staff(centre, HEAD + "D1,张三,C1,执业医师,,\n")
    head, one, two = "人员编号,权限,起始日\n", "D1,处方权,2026-01-01\n", "D1,中药饮片,2026-01-01\n"
    staff(centre, head + one + two, name="处方权.csv")
    assert keys(staff(centre, head + two + one, name="处方权.csv"), "unchanged") == ["D1"]


def test_rights_of_nobody_and_of_nobody_who_prescribes_are_refused(centre):
    staff(centre, "人员编号,姓名,机构编码,药师\nP1,周七,C1,是\n")
    with pytest.raises(InputError) as refused:
        staff(centre, "人员编号,权限,起始日\nD9,处方权,2026-01-01\nP1,处方权,2026-01-01\n", name="处方权.csv")
    assert [(fault.where, fault.what) for fault in refused.value.faults] == [
        ("处方权.csv!A2 人员编号", "neither the file nor the register has D9 among the staff"),
        ("处方权.csv!3", "the person has no licence"),
    ]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("D1,甲,C1,,主任医师,,,", "a prescriber without a licence"),
        ("D1,甲,C1,无,主任医师,,,", "no licence, but a value that only prescribers have"),
        ("D1,甲,C1,,,,否,12", "no pharmacist, but a value that only pharmacists have"),
        ("D1,甲,C1,,,,,", "neither prescriber nor pharmacist"),
        ("D1,甲,C1,无,,,否,", "neither prescriber nor pharmacist"),
    ],
)
def test_a_person_must_be_something_and_nothing_against_it(row, what):
    read = read_register_files([("人员.csv", f"{HEAD.strip()},药师,调剂年限\n{row}\n".encode())])
    merged = merge(read, {"member": {}, "staff": {}, "standing_decision": {}})
    assert [fault.what for fault in read.faults + merged.faults] == [what]


def test_a_part_that_the_row_leaves_empty_stays_and_one_that_it_denies_goes(centre):
    head = "人员编号,姓名,机构编码,执业资格,药师\n"
    staff(centre, head + "D1,张三,C1,执业医师,是\n")
    assert keys(staff(centre, head + "D1,张三,C1,,\n"), "unchanged") == ["D1"]
    staff(centre, head + "D1,张三,C1,无,\n")
    assert "prescriber" not in kept(centre)["D1"][1]


def test_members_and_their_first_people_come_in_one_step(centre):
    told = import_files(
        centre,
        COUNTY,
        [("人员.csv", (HEAD + "D1,张三,V1,乡村医生,,\n").encode()), ("成员.csv", f"{MEMBERS}V1,村,全部\n".encode())],
        AT,
        False,
    )
    assert keys(told, "added") == ["V1", "D1"]
    assert kept(centre, "member")["V1"][1]["observes"] == ["*"]


def test_rules_and_institutions_that_nobody_knows_are_named_at_their_cells(centre):
    with pytest.raises(InputError) as refused:
        staff(centre, "机构编码,机构名称,只观察的规则\nX9,某院,无\nC1,县院,quantity、RX-NO-1\n", name="成员机构.csv")
    assert {fault.where for fault in refused.value.faults} == {
        "成员机构.csv!A2 机构编码",
        "成员机构.csv!C3 只观察的规则",
    }
    assert any("RX-NO-1" in fault.what for fault in refused.value.faults)


def test_a_fault_of_a_member_is_not_said_again_for_each_of_its_people(centre):
    files = [
        ("人员.csv", (HEAD + "D1,张三,V1,乡村医生,,\n").encode()),
        ("成员.csv", "机构编码,机构名称\nV1,村\n".encode()),
    ]
    with pytest.raises(InputError) as refused:
        import_files(centre, COUNTY, files, AT, False)
    assert [fault.what for fault in refused.value.faults] == ["what a new member only observes is not said"]


def test_decisions_of_the_committee_are_read(centre):
    text = (
        "决议编号,会议纪要号,决议日期,起始日,有效期至,可自动通过,适用机构,仅限判断完整\n"
        "J1,2026-3,2026/10/30,2026-11-01,2027-10-31,通过、提示,全部,是\n"
    )
    assert keys(staff(centre, text, name="决议.csv"), "added") == ["J1"]
    decision = StandingDecision.model_validate(kept(centre, "standing_decision")["J1"][1])
    assert (decision.until, decision.passes, decision.members) == (date(2027, 11, 1), ("pass", "note"), ())


def test_an_administrator_of_one_member_writes_only_its_people(centre):
    staff(centre, HEAD + "D1,张三,C1,执业医师,,\n")
    assert keys(staff(centre, HEAD + "D2,李四,T1,乡村医生,,\n", actor=HOSPITAL), "added") == ["D2"]
    for row in ("D1,张三,T1,执业医师,,", "D3,王五,C1,执业医师,,"):
        with pytest.raises(InputError, match="no such thing, or not yours"):
            staff(centre, HEAD + row + "\n", actor=HOSPITAL)
    with pytest.raises(Refusal) as refused:
        staff(centre, MEMBERS.replace("镇院", "新名"), actor=HOSPITAL, name="成员机构.csv")
    assert refused.value.code == "forbidden"
    with pytest.raises(Refusal) as refused:
        staff(centre, HEAD, actor=Actor("person", "d", frozenset({"prescriber"})))
    assert refused.value.code == "forbidden"


def test_whoever_wrote_between_reading_and_writing_is_not_overwritten(centre, monkeypatch):
    staff(centre, HEAD + "D1,张三,C1,执业医师,,\n")
    other = StaffEntry(institution="C1", name="张三", prescriber=StaffPart(licence="assistant"))

    def merged_meanwhile(read, current):
        put(centre, COUNTY, "staff", "D1", other, 1, AT)
        return merge(read, current)

    monkeypatch.setattr(importing, "merge", merged_meanwhile)
    with pytest.raises(Refusal) as refused:
        staff(centre, HEAD + "D1,张三,C1,执业医师,主任医师,\nD2,李四,C1,执业医师,,\n")
    assert refused.value.code == "version-changed"
    assert (set(kept(centre)), kept(centre)["D1"][1]["prescriber"]["licence"]) == ({"D1"}, "assistant")


def test_what_is_exported_comes_back_without_a_change(centre):
    staff(centre, HEAD + "0012,张三,C1,执业医师,主任医师,\nD2,李四,C1,执业医师,,否\n")
    staff(centre, "人员编号,权限,起始日\n0012,麻醉药品处方权,2026-01-01\nD2,无,\n", name="处方权.csv")
    staff(
        centre, "机构编码,机构名称,值班电话,委托书编号,委托起始日\nC1,县院,0571-12,W1,2026-01-01\n", name="成员机构.csv"
    )
    for what in ("staff", "members", "decisions"):
        told = import_file(centre, COUNTY, "出.xlsx", export_file(centre, COUNTY, what), AT, False)
        assert (told["added"], told["changed"], told["absent"]) == ([], [], [])
    assert len(audited(centre)) == 4
    shown = read_register_files([("出.xlsx", export_file(centre, HOSPITAL, "staff"))])
    assert not shown.rows["staff"]


# --- the round trip, of anything a register may hold ------------------------------------------------

codes = st.from_regex(r"[0-9A-Za-z][0-9A-Za-z._/\-]{0,9}", fullmatch=True).filter(
    lambda code: code.casefold() not in ("none", "all", "unknown")
)
names = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Cn", "Zl", "Zp")), min_size=1, max_size=12
).filter(lambda name: name == name.strip())
days = st.dates(date(1900, 1, 1), date(2090, 1, 1))
truths = st.none() | st.booleans()


def one_of(literal):
    return st.sampled_from(literal.__args__)


def periods(model, **more):
    return st.builds(
        lambda start, length, **found: model(
            **{"from": start, "until": length and date.fromordinal(start.toordinal() + length), **found}
        ),
        days,
        st.none() | st.integers(1, 3000),
        **more,
    )


prescribers = st.builds(
    StaffPart,
    licence=one_of(Licence),
    independent=truths,
    title=st.none() | one_of(Title),
    status=st.sampled_from([None, "active", "restricted", "cancelled", "expired"]),
    trainee=st.sampled_from([None, "none", "probation", "visiting"]),
    registered_at=st.none() | st.lists(codes, max_size=3, unique=True).map(tuple),
    postings=st.lists(periods(Posting, institution=codes), max_size=2).map(tuple),
    rights=st.none() | st.lists(periods(Right, kind=one_of(RightKind)), max_size=3).map(tuple),
    specimen_on_file=truths,
    tcm=truths,
)
pharmacists = st.builds(
    PharmacistPart,
    title=st.sampled_from([None, "none", "junior", "pharmacist", "chief_pharmacist"]),
    years=st.none() | st.integers(0, 70),
    review_trained=truths,
    narcotic_dispensing=truths,
)
people = st.one_of(
    st.builds(StaffEntry, institution=codes, name=names, prescriber=prescribers, pharmacist=st.none() | pharmacists),
    st.builds(StaffEntry, institution=codes, name=names, pharmacist=pharmacists),
)
members = st.builds(
    Member,
    name=names,
    phone=st.none() | names,
    mandate=st.none() | periods(Mandate, number=names),
    observes=st.just(("*",)) | st.lists(st.sampled_from(["quantity", "RX-QTY-901", "law"]), unique=True).map(tuple),
)
decisions = periods(
    StandingDecision,
    minutes=names,
    decided_on=days,
    passes=st.lists(st.sampled_from(["pass", "note", "warn"]), min_size=1, unique=True).map(tuple),
    members=st.lists(codes, max_size=3, unique=True).map(tuple),
    complete_only=st.booleans(),
    text=st.none() | names,
)


@settings(max_examples=40)
@given(
    st.dictionaries(codes, people, max_size=4),
    st.dictionaries(codes, members, max_size=3),
    st.dictionaries(codes, decisions, max_size=3),
)
def test_whatever_a_register_holds_is_the_same_after_a_spreadsheet(staff, members, decisions):
    data = write_registers(
        rows_of_staff(staff.items()) | rows_of_members(members.items()) | rows_of_decisions(decisions.items())
    )
    read = read_register_files([("出.xlsx", data)])
    merged = merge(read, {"member": {}, "staff": {}, "standing_decision": {}})
    assert read.faults + merged.faults == []
    assert read.left_alone == []
    found = {register: {} for register in DOCUMENTS}
    for each in merged.wanted:
        found[each.register][each.key] = each.document
    assert found == {"member": members, "staff": staff, "standing_decision": decisions, "registration": {}}
