"""What doctors write as diagnoses is read as a careful pharmacist would: over the shipped names and groups.

`diagnosis_texts.csv` says what each text must establish, what it leaves possible, and what it must not touch. `none`
means that nothing at all may be established (or possible); an empty cell asks nothing.
"""

import csv
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shipped import shipped_edition, shipped_regimens

from rx_review.facts.diagnosis import ReadDiagnosis, read_diagnosis
from rx_review.library.formulary import Formulary
from rx_review.library.lookup import fold

ROOT = Path(__file__).resolve().parents[2]

with Path(__file__).with_name("diagnosis_texts.csv").open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))

# The same sentence a doctor may put around any name.
DENIED = ("排除{}", "否认{}", "无{}病史", "{}(-)", "已排除{}", "未见{}", "无{}", "{}已排除")
DOUBTED = ("{}?", "{}？", "疑似{}", "{}待排", "{}可能", "考虑{}", "不除外{}", "不能排除{}", "{}待查")
PAST = ("{}病史", "{}史", "既往{}", "既往有{}病史")
FAMILY = ("{}家族史", "父亲{}", "母亲患{}")

# Between two diseases, or inside a name that speaks of two.
LIST = re.compile("[,、;/+和及与或伴并]|为主要")


@cache
def shipped() -> Formulary:
    return shipped_edition().formulary


def read(text: str, code: str | None = None, kind: str = "western") -> ReadDiagnosis:
    return read_diagnosis(text, code, kind, shipped())


def groups_of(name: str) -> frozenset[str]:
    known = shipped()
    return frozenset(known.groups_of(known.diagnosis_codes[name]))


def is_a_name(text: str) -> bool:
    return fold(text) in shipped().diagnosis_codes


@cache
def single_names() -> list[str]:
    """Names of one thing that put a patient into a group; most names are in none, and would prove nothing."""
    return sorted(name for name in shipped().diagnosis_codes if groups_of(name) and not LIST.search(name))


# Deferred: the formulary is read when a test runs, not when it is collected.
NAMES = st.deferred(lambda: st.sampled_from(single_names()))
PREFIXES = st.deferred(lambda: st.sampled_from(sorted(prefix for prefix in shipped().groups if len(prefix) > 2)))


def cell(row: dict[str, str], column: str) -> frozenset[str]:
    return frozenset(group for group in row[column].split("|") if group)


def faults(row: dict[str, str], got: ReadDiagnosis) -> list[str]:
    """What is wrong with a reading, one sentence each."""
    wrong = []
    for column, found in (("established", got.groups), ("possible", got.possible)):
        wanted = cell(row, column)
        # Wide groups, which symptoms are in too, name no disease.
        if wanted == {"none"} and found - shipped().broad_groups:
            wrong.append(f"{column} should be empty, is {sorted(found)}")
        if missing := wanted - found - {"none"}:
            wrong.append(f"{column} lacks {sorted(missing)}, is {sorted(found)}")
    if touched := cell(row, "absent") & (got.groups | got.possible):
        wrong.append(f"must not touch {sorted(touched)}")
    for column in ("read", "vague", "syndrome"):
        if row[column] and (row[column] == "true") != getattr(got, column):
            wrong.append(f"{column} should be {row[column]}")
    return wrong


def told(row: dict[str, str]) -> str:
    return f"{row['text']!r} code={row['code'] or '-'} kind={row['kind']}"


@pytest.mark.parametrize("row", ROWS, ids=told)
def test_a_written_diagnosis_is_read_as_a_careful_pharmacist_reads_it(row):
    got = read(row["text"], row["code"] or None, row["kind"])
    wrong = faults(row, got)
    assert not wrong, f"{told(row)}: {'; '.join(wrong)} ({row['why']})"


def test_the_table_has_no_row_twice_and_names_only_groups_that_exist():
    keys = [(row["text"], row["code"], row["kind"]) for row in ROWS]
    assert len(set(keys)) == len(keys)
    groups = set(shipped().group_names) | {"none"}
    assert (
        not {name for row in ROWS for column in ("established", "possible", "absent") for name in cell(row, column)}
        - groups
    )


@given(NAMES, st.sampled_from(DENIED + FAMILY))
def test_what_is_denied_or_the_family_s_is_neither_known_nor_suspected(name, sentence):
    if is_a_name(sentence.format(name)):
        return  # 无先兆偏头痛 is a name of its own
    got = read(sentence.format(name))
    assert not got.groups & groups_of(name), sentence.format(name)
    if sentence in FAMILY:
        assert not got.possible & groups_of(name), sentence.format(name)


@given(NAMES, st.sampled_from(DOUBTED + PAST))
def test_what_is_suspected_or_past_is_possible_and_never_established(name, sentence):
    written = sentence.format(name)
    if is_a_name(written) or (is_a_name(name.removeprefix("无")) and name.startswith("无")):
        return  # 昏迷待查 is a name of its own, and 无先兆偏头痛病史 may deny 先兆偏头痛
    got = read(written)
    assert not got.groups, written
    assert groups_of(name) <= got.possible, written


def parts() -> st.SearchStrategy[str]:
    """One diagnosis with whatever is said around it."""
    return st.builds(
        lambda sentence, name: sentence.format(name),
        st.sampled_from(("{}", "{}", "{}", *DENIED, *DOUBTED, *PAST, *FAMILY)),
        NAMES,
    )


@given(st.lists(parts(), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_diagnoses_between_semicolons_do_not_change_each_other(written, random):
    shuffled = random.sample(written, len(written))
    first, second = read("；".join(written)), read("；".join(shuffled))
    assert first == second, (written, shuffled)
    alone = [read(part) for part in written]
    assert first.groups == frozenset().union(*(one.groups for one in alone)), written
    assert first.possible == frozenset().union(*(one.possible for one in alone)) - first.groups, written


def wide(text: str) -> str:
    """The same text as an input method in full-width mode writes it."""
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


def narrow(text: str) -> str:
    return "".join(chr(ord(one) - 0xFEE0) if "！" <= one <= "～" else one for one in text)


@given(st.lists(parts(), min_size=1, max_size=3).map("；".join))
def test_width_and_case_say_nothing(text):
    got = read(text)
    for other in (wide(text), narrow(text), text.upper(), text.lower(), text.swapcase()):
        assert read(other) == got, other


def test_width_and_case_say_nothing_in_any_row():
    different = [
        (told(row), other)
        for row in ROWS
        for other in (wide(row["text"]), narrow(row["text"]), row["text"].upper(), row["text"].lower())
        if read(other, row["code"] or None, row["kind"]) != read(row["text"], row["code"] or None, row["kind"])
    ]
    assert not different


@given(PREFIXES, st.data())
def test_a_code_is_the_same_code_in_every_dialect(prefix, data):
    """Point or none, filler, case and the dagger say nothing about the disease."""
    known = frozenset(shipped().groups_of(prefix))
    category, point, rest = prefix.partition(".")
    six = f"{prefix}00" if point else f"{category}.x00"
    forms = [prefix, prefix.lower(), category + rest, six, f"{prefix}+", f"{six}x002", f"{six}+G63.2*", f"{prefix}†"]
    written = data.draw(st.sampled_from(forms))
    assert known <= read("阿巴", written).groups, written


@given(PREFIXES.filter(lambda prefix: prefix[0] in "AB"), st.sampled_from(["", ".01", ".01.01", ".01.02."]))
def test_a_tcm_code_never_becomes_an_icd_code(prefix, tail):
    for kind in ("tcm_disease", "tcm_syndrome"):
        got = read("阿巴病", prefix + tail, kind)
        assert not got.groups | got.possible, (prefix + tail, kind)


def test_every_diagnosis_of_the_county_s_regimens_is_read_without_its_code():
    """A village writes the words alone: they must say as much as all codes that come with them."""
    codes: dict[tuple[str, str], set[str | None]] = {}
    for regimen in shipped_regimens():
        for named in regimen.diagnoses:
            codes.setdefault((named.text, named.kind), set()).add(named.code)
    assert codes
    wrong = []
    for (text, kind), written in codes.items():
        got = read(text, None, kind)
        shared = frozenset.intersection(*(read("阿巴", code).groups if code else frozenset() for code in written))
        if not got.read or not shared <= got.groups or (kind == "tcm_syndrome") != got.syndrome:
            wrong.append(f"{text} ({kind}): {got}, its codes say {sorted(shared)}")
    assert not wrong, "\n".join(wrong)
