"""Cases of law: whole prescriptions with what registers say, each of which deserves a rule or nearly does."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.test_corpus import answers as corpus_answers
from tests.test_corpus import edition

from rx_review.domain.reading import check_circumstances, check_prescription, decode
from rx_review.domain.review import Review
from rx_review.engine.review import review

CASES = Path(__file__).parent / "cases"


class Judged(NamedTuple):
    """A case as it is written, and its review."""

    tree: Mapping[str, Any]
    answer: Review

    @property
    def fired(self) -> set[str]:
        return {finding.rule for finding in self.answer.findings}


@lru_cache(maxsize=1)
def judged() -> Mapping[str, Judged]:
    """Every case with its review, by number."""
    found: dict[str, Judged] = {}
    for file in sorted(CASES.glob("*.json")):
        for tree in decode(file.read_text("utf-8")):
            sheet = check_prescription(tree["prescription"])
            assert sheet.number not in found, f"{sheet.number} stands twice"
            at = datetime.fromisoformat(tree["at"]) if "at" in tree else sheet.issued_at
            known = check_circumstances(tree.get("circumstances", {}))
            found[sheet.number] = Judged(tree, review(sheet, known, edition(), at))
    return found


def listed(faults: list[str]) -> None:
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


def test_each_case_is_judged_as_it_deserves() -> None:
    """The verdict, every rule that it deserves, and none that it only nearly does."""
    faults = []
    for number, case in judged().items():
        tree, why = case.tree, case.tree["why"]
        if case.answer.verdict != tree["verdict"]:
            faults.append(f"{number}: {case.answer.verdict}, not {tree['verdict']}: {sorted(case.fired)}    # {why}")
        if missed := set(tree.get("deserves", ())) - case.fired:
            faults.append(f"{number}: deserves {sorted(missed)}, got {sorted(case.fired)}    # {why}")
        if wrong := set(tree.get("nearly", ())) & case.fired:
            faults.append(f"{number}: only nearly deserves {sorted(wrong)}    # {why}")
    listed(faults)


def test_each_case_says_what_it_is_about() -> None:
    """It names rules that exist, and says why."""
    known = {rule.id for rule in edition().rules}
    faults = []
    for number, case in judged().items():
        named = [*case.tree.get("deserves", ()), *case.tree.get("nearly", ())]
        if not named or not set(named) <= known or not case.tree["why"].strip():
            faults.append(f"{number}: names {named}")
    listed(faults)


def test_each_active_rule_fires_on_a_whole_prescription() -> None:
    """A rule that fires on no whole prescription is dead, or the cases have a gap."""
    fired = {finding.rule for _, answer in corpus_answers().values() for finding in answer.findings}
    for case in judged().values():
        fired |= case.fired
    listed(
        [
            f"{rule.id} {rule.name} fires nowhere"
            for rule in edition().rules
            if rule.status == "active" and rule.id not in fired
        ]
    )


def test_each_official_code_has_two_cases_that_deserve_it_and_two_that_nearly_do() -> None:
    """Both sides of the line, for each problem code of 处方点评."""
    codes = {rule.id: rule.code for rule in edition().rules if rule.code}
    deserve: dict[str, set[str]] = defaultdict(set)
    nearly: dict[str, set[str]] = defaultdict(set)
    for number, (_, answer) in corpus_answers().items():
        for finding in answer.findings:
            deserve[codes.get(finding.rule, "")].add(number)
    for number, case in judged().items():
        for rule in case.tree.get("deserves", ()):
            deserve[codes.get(rule, "")].add(number)
        for rule in case.tree.get("nearly", ()):
            nearly[codes.get(rule, "")].add(number)
    rows = (Path(__file__).parents[1] / "formulary" / "comment_codes.csv").read_text("utf-8").splitlines()[1:]
    listed(
        [
            f"{code}: {len(deserve[code])} deserve it, {len(nearly[code])} nearly"
            for code in (row.partition(",")[0] for row in rows)
            if len(deserve[code]) < 2 or len(nearly[code]) < 2
        ]
    )


def test_a_case_is_one_object_of_known_keys() -> None:
    keys = {"why", "verdict", "deserves", "nearly", "at", "circumstances", "prescription"}
    for file in sorted(CASES.glob("*.json")):
        for tree in json.loads(file.read_text("utf-8")):
            assert set(tree) <= keys, (file.name, set(tree) - keys)
