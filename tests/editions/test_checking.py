"""An edition may be published only if all of it holds: it loads, lint finds nothing, every rule is proved."""

from datetime import date

import pytest
from tests.editions.conftest import RULE_FILE
from tests.shipped import shipped_edition

from rx_review import config
from rx_review.editions.checking import check_edition

TODAY = date(2026, 11, 22)


def checked(bundle, today=TODAY, cache=None):
    return check_edition(bundle / "rules", bundle / "formulary", today, cache)


def change(bundle, file, old, new):
    path = bundle / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_sound_edition_has_no_fault(sound, tmp_path):
    assert checked(sound) == []
    assert checked(sound, cache=tmp_path / "cache") == []
    assert list((tmp_path / "cache").glob("edition-*"))


def test_the_edition_that_is_shipped_has_no_fault(checkout):
    shipped_edition()
    assert checked(checkout, cache=config.cache_dir()) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("over: 14", "over: fourteen", "days_supplied"),
        ("severity: note", "severity: fatal", "quantity-over-fourteen-days.yaml:5: severity"),
        ("source: S", "source: T", "source T is not in sources.csv"),
        ("days_supplied: {over: 14}", "days_given: {over: 14}", "days_given"),
        ("remedies: [reduce", "remedies: [increase", "is no remedy"),
        ("but: {days_supplied: 14}", "but: {days_supplied: 20}", "Fourteen days: is fires, not silent"),
        ("says: 15 日", "says: 16 日", "Fifteen days: says 15 日"),
        ("    - {name: With a reason, but: {extended_reason: true}}\n", "", "unless.extended_reason left out"),
        ("days_supplied: 14}}", "days_supplied: 13}}", "no example notices"),
        ("status: active", "status: draft", "no rule is active"),
        ("status: active", "status: shadow", "no rule is active"),
    ],
)
def test_a_broken_rule_is_found(bundle, old, new, said):
    change(bundle, RULE_FILE, old, new)
    faults = checked(bundle)
    assert said in "\n".join(map(str, faults))
    assert len(faults) == len(set(faults))


def test_every_fault_is_told_at_once(bundle):
    change(bundle, RULE_FILE, "remedies: [reduce", "remedies: [increase")
    change(bundle, RULE_FILE, "but: {days_supplied: 14}", "but: {days_supplied: 20}")
    change(bundle, RULE_FILE, "says: 15 日", "says: 16 日")
    said = "\n".join(map(str, checked(bundle)))
    for fault in ("is no remedy", "is fires, not silent", "says 15 日"):
        assert fault in said


def test_what_does_not_load_is_told_at_once_too(bundle):
    change(bundle, RULE_FILE, "severity: note", "severity: fatal")
    (bundle / "formulary" / "units.csv").unlink()
    (bundle / "formulary" / "sites" / "his.yaml").write_text("name: his\n")
    said = "\n".join(map(str, checked(bundle)))
    for fault in ("severity", "units.csv: the table is missing", "sites/his.yaml"):
        assert fault in said


def test_a_review_that_is_overdue_on_the_day_of_publishing(sound):
    (fault,) = checked(sound, date(2099, 11, 2))
    assert "overdue since 2099-11-01" in str(fault)
    assert checked(sound, date(2099, 11, 1)) == []


def test_a_setting_finer_than_the_rules_count_is_found(bundle):
    change(bundle, RULE_FILE, "over: 14", "over: $most_days")
    header = (bundle / "formulary" / "parameters.csv").read_text(encoding="utf-8").splitlines()
    header.append("most_days,14,day,上限,limit,S,2020-01-01,,false,false")
    header[1:] = sorted(header[1:])
    (bundle / "formulary" / "parameters.csv").write_text("\n".join(header) + "\n", encoding="utf-8")
    assert checked(bundle) == []
    settings = bundle / "formulary" / "settings.csv"
    first = settings.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("parameter,institution,value,decision,source,from,until,checked")
    settings.write_text(f"{first}\nmost_days,,14.555,纪要,S,2026-01-01,,false,false\n", encoding="utf-8")
    (fault,) = checked(bundle)
    assert "14.555 has more than" in str(fault)


def test_folders_that_are_not_there(tmp_path):
    faults = checked(tmp_path)
    assert [fault.what for fault in faults] == ["no such folder"] * 2
    assert all(fault.zh and fault.do for fault in faults)


def test_an_empty_rules_folder_is_no_edition(bundle):
    (bundle / RULE_FILE).unlink()
    assert "no rule is active" in "\n".join(map(str, checked(bundle)))


def test_a_link_is_found_before_it_is_read(bundle):
    (bundle / "rules" / "linked.yaml").symlink_to("/etc/hostname")
    (fault,) = checked(bundle)
    assert "not a file of its own" in str(fault)
