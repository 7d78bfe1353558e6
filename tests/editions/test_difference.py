"""Between two editions: each rule, value, row and profile that differs is told once, and nothing else."""

import shutil

import pytest
from tests.editions.conftest import RULE_FILE, SOUND
from tests.facts.small import CORE, rows, write_formulary

from rx_review.editions.difference import Count, difference
from rx_review.errors import LibraryError

PARAMETERS = [*CORE["parameters"], *rows("parameter value unit zh en", "most_days 14 day 上限 limit")]


@pytest.fixture
def two(bundle, tmp_path):
    """Two equal editions, and a way to compare them."""
    write_formulary(bundle / "formulary", parameters=PARAMETERS)
    after = tmp_path / "after"
    shutil.copytree(bundle, after)

    def compare():
        return difference(*((top / "rules", top / "formulary") for top in (bundle, after)), None)

    return bundle, after, compare


def rewrite(top, old, new):
    text = (top / RULE_FILE).read_text(encoding="utf-8")
    assert old in text
    (top / RULE_FILE).write_text(text.replace(old, new), encoding="utf-8")


def test_equal_editions_do_not_differ(two):
    found = two[2]()
    assert found.before == found.after
    assert (found.rules, found.values, found.tables, found.sites) == ((), (), {}, {})


@pytest.mark.parametrize(
    ("old", "new", "how", "fields"),
    [
        ("over: 14", "over: 13", "version", ("when",)),
        ("severity: note", "severity: warn", "version", ("severity",)),
        ("status: active", "status: shadow", "standing", ("status",)),
        ("from: 2020-01-01", "from: 2021-01-01", "standing", ("effective",)),
        ("short: 超14日", "short: 超过14日", "wording", ("message",)),
        ("why: 一句话。", "why: 两句话。", "wording", ("why",)),
        ("next: 2099-11-01", "next: 2098-11-01", "wording", ("reviewed",)),
    ],
)
def test_a_changed_rule_says_what_changed(two, old, new, how, fields):
    _, after, compare = two
    rewrite(after, old, new)
    (rule,) = compare().rules
    assert (rule.id, rule.how, rule.fields) == ("RX-QTY-901", how, fields)
    assert (rule.versions[0] != rule.versions[1]) == (how == "version")


def test_a_comment_in_a_rule_is_another_edition_with_nothing_changed(two):
    _, after, compare = two
    rewrite(after, "id: RX-QTY-901", "# a word\nid: RX-QTY-901")
    found = compare()
    assert found.before != found.after
    assert (found.rules, found.values, found.tables) == ((), (), {})


def test_rules_that_only_one_of_them_has(two):
    before, after, compare = two
    for top, number in ((before, "902"), (after, "903")):
        text = SOUND.replace("RX-QTY-901", f"RX-QTY-{number}").replace("over-fourteen-days", f"over-{number}")
        (top / "rules" / "quantity" / f"quantity-over-{number}.yaml").write_text(text, encoding="utf-8")
    found = [(rule.id, rule.how, [v is None for v in rule.versions]) for rule in compare().rules]
    assert found == [("RX-QTY-902", "removed", [False, True]), ("RX-QTY-903", "added", [True, False])]


def test_rows_are_counted_by_table(two):
    _, after, compare = two
    topics = [*CORE["topics"], {"topic": "zeal", "zh": "热心", "en": "zeal", "family": "clinical"}]
    topics[0] = {**topics[0], "en": "amounts"}
    write_formulary(after / "formulary", parameters=PARAMETERS, topics=topics)
    assert compare().tables == {"topics": Count(added=1, changed=1)}


def test_values_are_told_with_their_day_and_who_set_them(two):
    before, after, compare = two
    members = rows("institution name tier parent", "C1 县院 county -")
    old = rows(
        "parameter institution value decision from", "most_days - 12 纪要 2026-06-01\nmost_days C1 7 纪要 2026-06-01"
    )
    new = rows(
        "parameter institution value decision from until",
        "most_days - 12 纪要 2026-06-01 2026-12-01\nmost_days - 10 纪要 2026-12-01 -",
    )
    raised = [*PARAMETERS[:-1], {**PARAMETERS[-1], "value": "15.0"}]
    write_formulary(before / "formulary", institutions=members, parameters=PARAMETERS, settings=old)
    write_formulary(after / "formulary", institutions=members, parameters=raised, settings=new)
    found = compare()
    told = {(v.institution, str(v.from_), v.how, v.before, v.after, v.set_by) for v in found.values}
    assert told == {
        (None, "2020-01-01", "changed", "14", "15.0", "default"),
        (None, "2026-06-01", "changed", "12", "12", "county"),
        (None, "2026-12-01", "added", None, "10", "county"),
        ("C1", "2026-06-01", "removed", "7", None, "member"),
    }
    assert found.tables == {"parameters": Count(changed=1), "settings": Count(1, 1, 1)}


def test_an_edition_that_does_not_hold_together_cannot_be_compared(two):
    _, after, compare = two
    (after / "formulary" / "units.csv").unlink()
    with pytest.raises(LibraryError, match=r"units\.csv"):
        compare()


def test_profiles_are_told_by_name(two, checkout):
    before, after, compare = two
    (source,) = list((checkout / "formulary" / "sites").glob("*.yaml"))[:1]
    (after / "formulary" / "sites").mkdir(exist_ok=True)
    shutil.copy(source, after / "formulary" / "sites")
    assert compare().sites == {source.stem: "added"}
    (before / "formulary" / "sites").mkdir(exist_ok=True)
    text = source.read_text(encoding="utf-8").replace("zh: ", "zh: 新", 1)
    (before / "formulary" / "sites" / source.name).write_text(text, encoding="utf-8")
    assert compare().sites == {source.stem: "changed"}
