"""Every decision can be decided again from what was stored of it, byte for byte."""

import ast
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.properties.sheets import AT, read, sheets
from tests.test_cases import CASES
from tests.test_corpus import _sheets as corpus_sheets
from tests.test_corpus import edition

from rx_review import config
from rx_review.domain.circumstances import NOTHING_KNOWN, Circumstances
from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import check_circumstances, check_prescription, decode
from rx_review.domain.review import Review, as_json
from rx_review.domain.values import county_day
from rx_review.engine.difference import explain_difference
from rx_review.engine.review import Decision, Reviewer, reviewer_for
from rx_review.engine.semantics import (
    DECISIONS_CODE,
    FACTS_CODE,
    PACKAGE,
    decisions_code,
    digest_of,
    semantics,
    sources,
)
from rx_review.engine.stored import (
    StoredError,
    decide_again,
    decision_from_json,
    decision_json,
    facts_from_json,
    facts_json,
)
from rx_review.errors import EnvironmentFault
from rx_review.facts.build import FactBuilder
from rx_review.facts.case import Case, Facts
from rx_review.library.edition import digest_of as edition_digest
from rx_review.library.lookup import Dated, span
from rx_review.library.rows import Setting
from rx_review.library.rulebook import read_rules
from rx_review.library.site import Site
from rx_review.library.site_fields import CARRIED

MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
ROOT = Path(__file__).resolve().parents[2]


class Asked(NamedTuple):
    """A sheet with what is known around it."""

    prescription: Prescription
    circumstances: Circumstances
    at: datetime


class Kept(NamedTuple):
    """What a store has of a decision."""

    asked: Asked
    facts: bytes
    decision: bytes


def _everything() -> Iterator[Asked]:
    for found in corpus_sheets():
        yield Asked(found.prescription, found.circumstances, found.at)
    for file in sorted(CASES.glob("*.json")):
        for tree in decode(file.read_text("utf-8")):
            sheet = check_prescription(tree["prescription"])
            at = datetime.fromisoformat(tree["at"]) if "at" in tree else sheet.issued_at
            yield Asked(sheet, check_circumstances(tree.get("circumstances", {})), at)


@lru_cache(maxsize=1)
def everything() -> tuple[tuple[Asked, Decision], ...]:
    """Every sheet of the corpus, of the circumstances and of the cases of law, decided once."""
    reviewer = reviewer_for(edition())
    return tuple((asked, reviewer.decide(*asked)) for asked in _everything())


def kept(asked: Asked, decided: Decision) -> Kept:
    return Kept(asked, facts_json(decided.facts), decision_json(decided.review))


@lru_cache(maxsize=1)
def all_kept() -> tuple[Kept, ...]:
    return tuple(kept(*each) for each in everything())


def again(reviewer: Reviewer, found: Kept, institution: str | None = None) -> Review:
    sheet = found.asked.prescription
    whose, day = institution or sheet.institution, county_day(sheet.issued_at)
    return decide_again(reviewer, sheet.number, sheet.revision, whose, day, facts_from_json(found.facts))


def spelled(facts: Facts) -> list[str]:
    """Each case with the types of its values, and the place of the one above it."""
    every = [case for cases in facts.cases.values() for case in cases]
    places = {id(case): place for place, case in enumerate(every)}

    def in_order(case: Case) -> Case:
        # What a site cannot send comes in no order of its own, and nothing goes by it.
        return case._replace(missing=dict(sorted(case.missing.items())), above=None)

    return [f"{in_order(case)} {case.above is not None and places[id(case.above)]}" for case in every]


# Facts and decisions come back.


def test_the_facts_of_every_sheet_come_back_as_they_were():
    for _, (_, facts) in everything():
        data = facts_json(facts)
        back = facts_from_json(data)
        assert back == facts
        assert spelled(back) == spelled(facts)
        assert facts_json(back) == data


def test_every_sheet_is_decided_again_from_its_stored_facts_byte_for_byte():
    # Another reviewer of the same edition, as a later process has it: nothing remembered helps.
    reviewer = Reviewer(edition())
    verdicts = set()
    for found, (_, decided) in zip(all_kept(), everything(), strict=True):
        answer = again(reviewer, found)
        assert decision_json(answer) == found.decision
        assert answer == decided.review
        verdicts.add(answer.verdict)
    assert verdicts == {"pass", "note", "warn", "hold", "return", "block"}


@MANY
@given(sheets())
def test_any_sheet_is_decided_again_from_its_stored_facts(sheet):
    reviewer = reviewer_for(edition())
    asked = Asked(read(sheet), NOTHING_KNOWN, AT)
    found = kept(asked, reviewer.decide(*asked))
    assert decision_json(again(reviewer, found)) == found.decision
    assert facts_json(facts_from_json(found.facts)) == found.facts


def test_a_decision_is_what_answers_carry_but_for_the_ways_to_pass():
    for _, (answer, _) in everything():
        tree = as_json(answer)
        del tree["counterfactuals"]
        data = decision_json(answer)
        assert data == json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()
        assert decision_from_json(data) == answer


def test_stored_facts_are_plain_compact_json():
    for found in all_kept():
        tree = json.loads(found.facts)
        assert found.facts == json.dumps(tree, ensure_ascii=False, separators=(",", ":")).encode()


_DIGEST = """
from tests.engine.test_stored import digest_of_all
print(digest_of_all())
"""


def digest_of_all() -> str:
    """One digest of what is stored of some sheets, and of some whose systems lack much."""
    total = hashlib.sha256()
    reviewer = reviewer_for(edition())
    some = (kept(asked, reviewer.decide(*asked)) for asked in islice(_everything(), 0, None, 10))
    for found in (*some, *all_lacking()):
        total.update(found.facts)
        total.update(found.decision)
    return total.hexdigest()


@lru_cache(maxsize=1)
def lacking_everything() -> Reviewer:
    """As if no member's system could send anything beside the bare sheet."""
    formulary = edition().formulary
    members = {name: row.model_copy(update={"site": "one"}) for name, row in formulary.institutions.items()}
    site = Site.model_construct(lacks=frozenset(CARRIED))
    reviewer = Reviewer(replace(edition(), digest="lacking"))
    reviewer.facts = FactBuilder(replace(formulary, sites={"one": site}, institutions=members))
    return reviewer


def all_lacking() -> Iterator[Kept]:
    for asked in islice(_everything(), 30):
        yield kept(asked, lacking_everything().decide(*asked))


def test_another_process_stores_the_same_bytes():
    """Whatever seed its hashes have."""
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    done = subprocess.run(
        [sys.executable, "-c", _DIGEST],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip() == digest_of_all(), done.stderr


def test_what_a_system_lacks_is_stored_and_decided_again():
    for found in all_lacking():
        assert b"not_carried" in found.facts
        assert decision_json(again(lacking_everything(), found)) == found.decision


# Whose settings, which edition.


def with_own_settings() -> Reviewer:
    """The county's edition; one township, and the villages below it, allow fewer drugs on a sheet."""
    row = Setting.model_validate(
        {
            "parameter": "drugs_per_sheet", "institution": "SAMPLE-T03", "value": "2", "decision": "药事会纪要",
            "source": "SAMPLE-COUNTY", "from": "2020-01-01", "until": "", "checked": "false", "recalled": "false",
        }
    )  # fmt: skip
    found = replace(
        edition().formulary,
        settings=Dated([(("drugs_per_sheet", "SAMPLE-T03"), span(row, row))]),
        with_own_settings=frozenset({"SAMPLE-T03"}),
    )
    return Reviewer(replace(edition(), digest="own", formulary=found))


def test_a_member_s_own_settings_hold_when_its_sheets_are_decided_again():
    reviewer, plain = with_own_settings(), reviewer_for(edition())
    tighter = 0
    for asked, _ in everything()[::7]:
        moved = asked._replace(prescription=asked.prescription.model_copy(update={"institution": "SAMPLE-T03"}))
        found = kept(moved, reviewer.decide(*moved))
        assert decision_json(again(reviewer, found)) == found.decision
        elsewhere = again(reviewer, found, "SAMPLE-T04")
        assert elsewhere.findings == again(plain, found).findings
        tighter += decision_json(elsewhere) != found.decision
    assert tighter > 3


def changed_edition(top: Path):
    """The edition after one rule's file was changed: more than seven days are now blocked."""
    shutil.copytree(config.rules_dir(), top / "rules")
    (file,) = (top / "rules").glob("*/quantity-over-seven-days.yaml")
    text = file.read_text("utf-8")
    assert "severity: return\n" in text
    file.write_text(text.replace("severity: return\n", "severity: block\n"), "utf-8")
    # Reading all the others again would give what the edition has, a quarter of a minute later.
    folder = top / "one" / file.parent.name
    folder.mkdir(parents=True)
    shutil.copy(file, folder)
    (rule,) = read_rules(top / "one")
    digest = edition_digest(top / "rules", config.formulary_dir())
    return replace(edition(), digest=digest, rules=tuple(rule if r.id == rule.id else r for r in edition().rules)), rule


def test_a_changed_rule_changes_nothing_under_the_old_edition_and_is_told_under_the_new(tmp_path):
    changed, rule = changed_edition(tmp_path)
    before, after = Reviewer(edition()), Reviewer(changed)
    told = 0
    fired = [found for found in all_kept() if rule.id.encode() in found.decision]
    for found in (*fired, *all_kept()[::10]):
        assert decision_json(again(before, found)) == found.decision
        lines = explain_difference(found.decision, decision_json(again(after, found)))
        assert lines[0] == lines_of_edition(changed) or lines[1] == lines_of_edition(changed)
        fires = any(finding.rule == rule.id for finding in decision_from_json(found.decision).findings)
        about = [line for line in lines if line.startswith(rule.id)]
        assert bool(about) is fires
        told += any("级别 return → block | " in line and line.endswith(" severity return -> block") for line in about)
    assert told >= 3


def lines_of_edition(changed) -> str:
    old, new = edition().name, changed.name
    return f"规则与药品资料版本 {old} → {new} | edition {old} -> {new}"


# What is damaged is refused.


@lru_cache(maxsize=1)
def some_facts() -> bytes:
    """Facts with every kind of case, and something missing."""
    wanted = [b'"pair":[{', b'"above":1', b'"missing"']
    return next(found.facts for found in all_kept() if all(word in found.facts for word in wanted))


def damage(change) -> bytes:
    tree = json.loads(some_facts())
    change(tree, tree["cases"])
    return json.dumps(tree).encode()


DAMAGED = {
    "a later format": lambda tree, cases: tree.update(format=2),
    "something more": lambda tree, cases: tree.update(more=1),
    "no subject": lambda tree, cases: cases.pop("pair"),
    "another subject": lambda tree, cases: cases.update(purchase=[]),
    "no prescription": lambda tree, cases: cases["prescription"].clear(),
    "two prescriptions": lambda tree, cases: cases["prescription"].append(cases["prescription"][0]),
    "no facts": lambda tree, cases: cases["line"][0].pop("own"),
    "no ingredients": lambda tree, cases: cases["line"][0].pop("ingredients"),
    "a key more": lambda tree, cases: cases["line"][0].update(subject="line"),
    "a fact nobody knows": lambda tree, cases: cases["line"][0]["own"].update(days_suplied=7),
    "a fact of another subject": lambda tree, cases: cases["line"][0]["own"].update(topic="age"),
    "a flag of two": lambda tree, cases: cases["line"][0]["own"].update(drug_known=2),
    "a flag in words": lambda tree, cases: cases["line"][0]["own"].update(drug_known="yes"),
    "true": lambda tree, cases: cases["line"][0]["own"].update(drug_known=True),
    "a fraction": lambda tree, cases: cases["line"][0]["own"].update(doses_supplied=7.5),
    "a whole fraction": lambda tree, cases: cases["line"][0]["own"].update(doses_supplied=7.0),
    "less than nothing": lambda tree, cases: cases["line"][0]["own"].update(doses_supplied=-1),
    "more than can be compared": lambda tree, cases: cases["line"][0]["own"].update(doses_supplied=2**53),
    "nothing": lambda tree, cases: cases["line"][0]["own"].update(doses_supplied=None),
    "a code nobody knows": lambda tree, cases: cases["line"][0]["own"].update(kind="eastern"),
    "a number for a code": lambda tree, cases: cases["line"][0]["own"].update(kind=1),
    "a text as a fact": lambda tree, cases: cases["line"][0]["own"].update(drug="阿莫西林"),
    "known and missing": lambda tree, cases: cases["line"][0].update(missing={"drug_known": "drug"}),
    "missing for no cause": lambda tree, cases: cases["line"][0].update(missing={"stock": "because"}),
    "missing and nobody knows it": lambda tree, cases: cases["line"][0].update(missing={"stok": "stock"}),
    "a text nobody knows": lambda tree, cases: cases["line"][0]["texts"].update(drugs="x"),
    "a text of numbers": lambda tree, cases: cases["line"][0]["texts"].update(drug=1),
    "a text in one language": lambda tree, cases: cases["line"][0]["texts"].update(drug={"zh": "x"}),
    "a text in three": lambda tree, cases: cases["line"][0]["texts"].update(drug={"zh": "x", "en": "x", "bo": "x"}),
    "line numbers in words": lambda tree, cases: cases["line"][0].update(lines=["1"]),
    "a question in one language": lambda tree, cases: cases["concern"][0].update(ask={"zh": "x"}),
    "a concern about no line": lambda tree, cases: cases["concern"][0].pop("above"),
    "a concern about a line too far": lambda tree, cases: cases["concern"][0].update(above=len(cases["line"])),
    "a concern about a line before the first": lambda tree, cases: cases["concern"][0].update(above=-1),
    "a line under a line": lambda tree, cases: cases["line"][0].update(above=0),
    "concerns without lines": lambda tree, cases: cases["line"].clear(),
}


@pytest.mark.parametrize("change", DAMAGED.values(), ids=DAMAGED)
def test_damaged_facts_are_refused_with_the_place(change):
    assert facts_from_json(damage(lambda tree, cases: None)) == facts_from_json(some_facts())
    with pytest.raises(StoredError) as caught:
        facts_from_json(damage(change))
    assert all(fault.where.startswith("stored facts: /") and fault.what and fault.zh for fault in caught.value.faults)
    assert len(caught.value.faults) <= 20


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b'{"format":1}', b"[" * 5_000])
def test_what_is_no_json_of_ours_is_refused(data):
    for reader in (facts_from_json, decision_from_json):
        with pytest.raises(StoredError):
            reader(data)
    with pytest.raises(StoredError):
        explain_difference(all_kept()[0].decision, data)


@settings(max_examples=300)
@given(st.integers(0, 10**6), st.integers(1, 255), st.booleans())
def test_a_flipped_or_lost_byte_is_refused_or_is_seen(place, flip, lose):
    data = bytearray(some_facts())
    place %= len(data)
    if lose:
        del data[place]
    else:
        data[place] ^= flip
    try:
        found = facts_from_json(bytes(data))
    except StoredError:
        return
    # Another word or number in a right place: the digest of the row sees it, and so does who compares.
    assert facts_json(found) != some_facts() or json.loads(data) == json.loads(some_facts())


def test_facts_of_two_reviews_are_not_stored_as_one():
    one, other = (facts_from_json(found.facts).cases for found in all_kept()[:2])
    whole = facts_from_json(some_facts()).cases
    with pytest.raises(StoredError, match="line 0"):
        facts_json(Facts({**one, "line": other["line"]}))
    with pytest.raises(StoredError, match="concern 0"):
        facts_json(Facts({**whole, "line": tuple(line._replace() for line in whole["line"])}))


# Which code.


def imported(path: Path) -> set[Path]:
    """The modules of the package that a module imports when it runs, wherever it says so."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("rx_review"):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                place = PACKAGE.joinpath(*name.split(".")[1:])
                found |= {file for file in (place.with_suffix(".py"), place / "__init__.py") if file.exists()}
    return found


def reached(start: set[str]) -> set[str]:
    """Every module reached from these, by its path in the package."""
    seen: set[Path] = set()
    todo = {PACKAGE / name for name in start}
    while todo:
        seen |= todo
        todo = {other for path in todo for other in imported(path)} - seen
    return {path.relative_to(PACKAGE).as_posix() for path in seen}


def covered(patterns) -> set[str]:
    return {path.relative_to(PACKAGE).as_posix() for path in sources(PACKAGE, patterns)}


SAYS_NOTHING = {"errors.py", "__init__.py", "domain/wording.py"}
"""Words of refusals decide nothing."""


def test_semantics_covers_everything_that_facts_are_computed_with():
    start = {"facts/build.py", "domain/reading.py", "library/indexing.py", "library/site_reader.py"}
    # How rules look and what verdicts there are is the deciding code's affair, and covered there.
    elsewhere = {"domain/review.py", "library/rule.py"}
    # What a site's profile may say is refused or taken; it changes no value.
    lint_only = {"library/site_lint.py", "library/site_dates.py"}
    left = reached(start) - covered(FACTS_CODE) - elsewhere - lint_only - SAYS_NOTHING
    assert {path for path in left if not path.endswith("__init__.py")} == set()
    assert elsewhere <= covered(DECISIONS_CODE)


def test_decisions_code_covers_everything_that_decides():
    start = {"engine/stored.py", "engine/review.py", "library/rulebook.py"}
    advice = {"engine/counterfactual.py", "engine/remedy.py", "engine/reasons.py"}
    # Refuses settings before anything is decided; reads the bundle and names it.
    before = {"engine/polarity.py", "library/edition.py"}
    known = covered(FACTS_CODE) | covered(DECISIONS_CODE) | advice | before | SAYS_NOTHING
    left = reached(start) - known - reached({"library/site_reader.py"})
    assert {path for path in left if not path.endswith("__init__.py")} == set()


def test_the_two_hashes_are_of_different_code():
    assert covered(FACTS_CODE) & covered(DECISIONS_CODE) == set()
    assert len({semantics(), decisions_code()}) == 2
    assert semantics() == digest_of(PACKAGE, FACTS_CODE)
    assert decisions_code() == digest_of(PACKAGE, DECISIONS_CODE)


def test_a_changed_moved_or_added_source_changes_the_hash(tmp_path):
    def write(**files: str) -> str:
        folder = tmp_path / "p"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name, text in files.items():
            (folder / f"{name}.py").write_text(text, "utf-8")
        return digest_of(folder, ("*.py", "a*.py"))

    assert write(a="x", b="y") == write(b="y", a="x")
    assert len({write(a="x", b="y"), write(a="xb", b="y"), write(a="x", c="y"), write(a="x", b="y", c="")}) == 4


def test_a_package_without_its_source_is_said_so(tmp_path):
    with pytest.raises(EnvironmentFault, match="no source for facts"):
        digest_of(tmp_path, FACTS_CODE)


# How two decisions differ.


def test_decisions_that_are_alike_differ_in_nothing():
    assert [line for found in all_kept() for line in explain_difference(found.decision, found.decision)] == []


@MANY
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_decisions_that_differ_are_told_apart_in_both_languages(one, other):
    one, other = (all_kept()[number % len(all_kept())].decision for number in (one, other))
    lines = explain_difference(one, other)
    assert bool(lines) is (one != other)
    assert all(line.count(" | ") >= 1 and line.isprintable() for line in lines)
    assert len(explain_difference(other, one)) == len(lines)


def test_each_kind_of_difference_is_told():
    found = next(k for k in all_kept() if all(w in k.decision for w in (b'"block"', b'"drug"', b'"hepatic"')))
    old = decision_from_json(found.decision)
    first, *rest = old.findings
    gap, *gaps = old.not_judged

    def told(new: Review) -> list[str]:
        return explain_difference(found.decision, decision_json(new))

    where = f"{first.rule} 第{'、'.join(map(str, first.lines))}行" if first.lines else first.rule
    assert told(replace(old, verdict="pass")) == [f"结论 {old.verdict} → pass | verdict {old.verdict} -> pass"]
    (gone,) = told(replace(old, findings=tuple(rest)))
    assert gone.startswith(f"{where} 不再出现：{first.message.zh} | ")
    assert gone.endswith(f" is gone: {first.message.en}")
    (come,) = explain_difference(decision_json(replace(old, findings=tuple(rest))), found.decision)
    assert "新出现" in come
    assert "has appeared" in come
    (words,) = told(replace(old, findings=(replace(first, message=replace(first.message, zh="另一句")), *rest)))
    assert f"{first.message.zh} → 另一句" in words
    (fact,) = told(replace(old, findings=(replace(first, facts={**first.facts, "stock": True}), *rest)))
    assert fact.startswith(f"{where} 事实 stock - → true | ")
    (judged,) = told(replace(old, not_judged=tuple(gaps)))
    assert judged.startswith(f"已能判断：{gap.label['zh']}")
    (worse,) = told(replace(old, not_judged=(replace(gap, outcome="block"), *gaps)))
    assert worse.endswith(f"outcome {gap.outcome} -> block")
    if len(rest) > 0 and rest[0] != first:
        (order,) = told(replace(old, findings=(*rest, first)))
        assert "another order" in order
    (form,) = explain_difference(found.decision, json.dumps(json.loads(found.decision)).encode())
    assert "another form" in form


def test_the_day_of_issue_decides_which_rules_hold():
    """It is asked for, not taken from the facts."""
    found = next(k for k in all_kept() if b'"severity"' in k.decision)
    sheet = found.asked.prescription
    facts = facts_from_json(found.facts)
    early = decide_again(
        reviewer_for(edition()), sheet.number, sheet.revision, sheet.institution, date(1980, 1, 1), facts
    )
    assert early.findings == ()
