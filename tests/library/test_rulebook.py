"""A rule file that is wrong is refused by file and line; what YAML readers disagree on is refused as well."""

import pytest
from tests.library.conftest import RULE
from tests.shipped import shipped_edition

from rx_review.errors import LibraryError
from rx_review.library.rulebook import read_rules

FILE = "quantity/quantity-over-fourteen-days.yaml"


def faults(folder) -> list[str]:
    with pytest.raises(LibraryError) as caught:
        read_rules(folder)
    assert all(fault.where and fault.what and fault.do for fault in caught.value.faults)
    return [str(fault) for fault in caught.value.faults]


def spoil(folder, old: str, new: str) -> int:
    """Replace a text that stands once in the rule; the number of its line."""
    assert RULE.count(old) == 1
    (folder / FILE).write_text(RULE.replace(old, new), encoding="utf-8")
    return RULE[: RULE.index(old)].count("\n") + 1


def test_a_good_rule(rules):
    (rule,) = read_rules(rules)
    assert (rule.id, rule.name, rule.about) == ("RX-QTY-901", "quantity-over-fourteen-days", "line")
    assert [str(clause) for clause in rule.clauses] == ["days_supplied over 14", "extended_reason is True"]
    assert len(rule.version) == 12


SPOILT = [
    ("over: 14", "over: 014", ":16: 014 means different things to YAML readers; quote it"),
    ("over: 14", "over: 1:30", ":16: 1:30 means different things to YAML readers"),
    ("over: 14", "over: 1e3", ":16: 1e3 means different things"),
    ("over: 14", "over: 0x1F", ":16: 0x1F means different things"),
    ("over: 14", "over: .inf", ":16: .inf means different things"),
    ("{is: true}", "{is: yes}", ":18: yes means different things"),
    ("{is: true}", "{is: Off}", ":18: Off means different things"),
    ("owner: 审方组", "owner: no", ":9: no means different things"),
    ("why: 一句话。", "on: 一句话。", ":14: on means different things"),
    ("owner: 审方组", "owner: &who 审方组", ":9: anchors, aliases and tags hide what the file says; write it out"),
    ("owner: 审方组", "owner: !!str 审方组", ":9: anchors, aliases and tags hide"),
    ("owner: 审方组", "owner: 审方组\nowner: 别人", ":10: not YAML: found duplicate key"),
    ("owner: 审方组", "ownr: 审方组", ":9: ownr: no such key; did you mean owner?"),
    ("owner: 审方组", "owner: 审方组\nzzz: 1", ":10: zzz: no such key; keys are id, name"),
    ("owner: 审方组\n", "", "owner: Field required"),
    ("name: quantity-over-fourteen-days", "name: some-other-name", ":2: name is some-other-name; the file is"),
    ("name: quantity-over-fourteen-days", "name: Quantity_Over", ":2: name: String should match"),
    ("id: RX-QTY-901", "id: QTY-1", ":1: id: String should match"),
    ("severity: note", "severity: fatal", ":5: severity: Input should be"),
    ("about: line", "about: patient", ":4: about: Input should be"),
    ("over: 14", "above: 14", ":15: when: days_supplied: above is no operator; use is, is_not"),
    ("{over: 14}", "14", ":15: when: days_supplied: write {operator: value}"),
    ("{over: 14}", "{over: null}", ":15: when: days_supplied: None is neither a number"),
    ("{over: 14}", "{is_one_of: [14]}", ":15: when: days_supplied: is_one_of takes a list of two or more"),
    ("{over: 14}", "{over: $Days}", ":15: when: days_supplied: $Days is no parameter name"),
    ("{over: 14}", "{over: {fct: x}}", ":15: when: days_supplied: another fact is written {fact: name}"),
    ("next: 2027-11-01", "next: 2026-11-01", "reviewed.next must be later than reviewed.date"),
    ("until: null", "until: 2019-01-01", "effective.until must be later than effective.from"),
    ("short: 超14日", f"short: {'超' * 61}", ":20: message.short: String should have at most 60 characters"),
    ("why: 一句话。", "why: [", "not YAML"),
    ("why: 一句话。", "why: 一句话。\n---\nid: x", "not YAML"),
    ("why: 一句话。", "\twhy: 一句话。", "not YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), SPOILT, ids=[case[2][:50] for case in SPOILT])
def test_a_fault_is_named_by_file_and_line(rules, old, new, said):
    spoil(rules, old, new)
    found = faults(rules)
    assert all(fault.startswith(FILE) for fault in found)
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a rule; begin with `id:`"),
        (b"- a\n", "not a rule"),
        (b"\xff", "not UTF-8 at byte 0"),
        (b"text", "not a rule"),
    ],
)
def test_a_file_that_is_no_rule(rules, content, said):
    (rules / FILE).write_bytes(content)
    (found,) = faults(rules)
    assert said in found


def test_quoted_they_are_words(rules):
    spoil(rules, "owner: 审方组", 'owner: "no"')
    assert read_rules(rules)[0].owner == "no"


def test_keys_stand_in_one_order(rules):
    moved = RULE.replace("owner: 审方组\n", "").replace("about: line\n", "owner: 审方组\nabout: line\n")
    (rules / FILE).write_text(moved, encoding="utf-8")
    (found,) = faults(rules)
    assert "keys are out of order; write them as id, name, title" in found


def test_ids_and_names_are_taken_once(rules):
    twin = RULE.replace("quantity-over-fourteen-days", "another-name")
    (rules / "quantity" / "another-name.yaml").write_text(twin, encoding="utf-8")
    assert any("RX-QTY-901 is taken by" in fault for fault in faults(rules))
    other = RULE.replace("RX-QTY-901", "RX-QTY-902")
    (rules / "quantity" / "another-name.yaml").unlink()
    (rules / "other").mkdir()
    (rules / "other" / "quantity-over-fourteen-days.yaml").write_text(other, encoding="utf-8")
    assert any("quantity-over-fourteen-days is taken by" in fault for fault in faults(rules))


def test_the_other_spelling_of_the_ending_is_not_overlooked(rules):
    (rules / "quantity" / "forgotten.yml").write_text(RULE, encoding="utf-8")
    assert faults(rules) == ["quantity/forgotten.yml: a rule file ends in .yaml; rename it"]


def test_faults_of_every_file_are_told_at_once(rules):
    spoil(rules, "severity: note", "severity: fatal")
    (rules / "quantity" / "b.yaml").write_text("- x\n")
    found = faults(rules)
    assert len(found) == 2
    assert {fault.split(":")[0] for fault in found} == {FILE, "quantity/b.yaml"}


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("why: 一句话。", "why: 另一句话。", True),
        ("short: 超14日", "short: 超", True),
        ("owner: 审方组", "owner: 别人", True),
        ("severity: note", "severity: warn", False),
        ("when_unknown: note", "when_unknown: hold", False),
        ("over: 14", "over: 15", False),
        ("over: 14", "at_least: 14", False),
        ("over: 14", "over: $p", False),
        ("over: 14", "over: {fact: valid_days}", False),
        ("{is: true}", "{is: false}", False),
    ],
)
def test_the_version_is_of_what_a_rule_decides(rules, old, new, same):
    before = read_rules(rules)[0].version
    spoil(rules, old, new)
    assert (read_rules(rules)[0].version == before) is same


def test_a_parameter_is_not_another_fact_of_the_same_name(rules):
    spoil(rules, "over: 14", "over: $valid_days")
    one = read_rules(rules)[0].version
    spoil(rules, "over: 14", "over: {fact: valid_days}")
    assert read_rules(rules)[0].version != one


def test_the_shipped_rules_can_be_read():
    rules = shipped_edition().rules
    assert len(rules) >= 50
    assert [rule.id for rule in rules] == sorted(rule.id for rule in rules)
