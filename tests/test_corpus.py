"""The corpus: whole prescriptions reviewed end to end, against the verdicts that pharmacists agreed to."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from tests.shipped import shipped_edition

from rx_review.domain.circumstances import NOTHING_KNOWN, Circumstances
from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import check_prescription, decode
from rx_review.domain.review import GOES_THROUGH, RANK, VERDICTS, Review
from rx_review.engine.review import review
from rx_review.library.edition import Edition

CORPUS = Path(__file__).parent / "corpus"
EXPECTED = CORPUS / "expected.txt"
_ROW = re.compile(r"\| ([A-Z]{3}-[0-9]{3}) \| (yes|no) \| (.+) \|")


@dataclass(frozen=True)
class Sheet:
    """A prescription of the corpus as it was written, with what is known around it."""

    tree: Mapping[str, Any]
    prescription: Prescription
    circumstances: Circumstances
    at: datetime


def _sheet(tree: Mapping[str, Any], circumstances: Circumstances, at: str | None) -> Sheet:
    prescription = check_prescription(tree)
    return Sheet(tree, prescription, circumstances, datetime.fromisoformat(at) if at else prescription.issued_at)


def _sheets() -> Iterator[Sheet]:
    for file in sorted(CORPUS.glob("*.json")):
        for tree in decode(file.read_text("utf-8")):
            yield _sheet(tree, NOTHING_KNOWN, None)
    for file in sorted((CORPUS.parent / "circumstances").glob("*.json")):
        whole = decode(file.read_text("utf-8"))
        circumstances = Circumstances.model_validate(whole["circumstances"])
        yield _sheet(whole["prescription"], circumstances, whole.get("at"))


@lru_cache(maxsize=1)
def edition() -> Edition:
    """The rules and the formulary of this checkout."""
    return shipped_edition()


@lru_cache(maxsize=1)
def answers() -> Mapping[str, tuple[Sheet, Review]]:
    """Every sheet of the corpus with its review, by number."""
    found: dict[str, tuple[Sheet, Review]] = {}
    for sheet in _sheets():
        number = sheet.prescription.number
        assert number not in found, f"{number} stands twice in the corpus"
        found[number] = sheet, review(sheet.prescription, sheet.circumstances, edition(), sheet.at)
    return dict(sorted(found.items()))


def in_one_line(answer: Review) -> str:
    """A review as `expected.txt` holds it."""
    places: dict[str, list[tuple[int, ...]]] = {}
    for finding in answer.findings:
        places.setdefault(finding.rule, []).append(finding.lines)
    words = [answer.prescription, answer.verdict, *([] if answer.complete else ["partial"])]
    for rule, lines in sorted(places.items()):
        where = ",".join("+".join(map(str, numbers)) for numbers in sorted(set(lines)))
        words.append(f"{rule}@{where}" if where else rule)
    for entry in sorted(answer.not_judged, key=lambda entry: entry.fact):
        stops = f"={entry.outcome}" if entry.outcome not in GOES_THROUGH else ""
        words.append(f"?{entry.fact}{stops}")
    return " ".join(words)


def _said() -> Mapping[str, tuple[bool, str]]:
    rows = _ROW.finditer((CORPUS / "README.md").read_text("utf-8"))
    return {row[1]: (row[2] == "yes", row[3]) for row in rows}


def _listed(faults: Iterable[str]) -> None:
    text = "\n".join(faults)
    if text:
        pytest.fail(text, pytrace=False)


def test_each_verdict_is_the_one_agreed(request: pytest.FixtureRequest) -> None:
    """No verdict, finding or gap changes unseen."""
    lines = [in_one_line(answer) for _, answer in answers().values()]
    if request.config.getoption("--update-expected", default=False):
        EXPECTED.write_text("\n".join(lines) + "\n", "utf-8")
    agreed = EXPECTED.read_text("utf-8").splitlines()
    said = _said()
    shown = []
    for line in difflib.unified_diff(agreed, lines, "agreed", "now", lineterm="", n=0):
        number = line[1:].partition(" ")[0]
        shown.append(f"{line}    # {said[number][1]}" if line.startswith("+") and number in said else line)
    if shown:
        shown.append("Read each line as a pharmacist; if all are right: pytest tests/test_corpus.py --update-expected")
    _listed(shown)


def test_the_list_names_each_sheet() -> None:
    """README.md and the files hold the same numbers."""
    assert sorted(_said()) == list(answers())


def test_no_shadow_rule_speaks() -> None:
    """What is in shadow is never shown."""
    shadow = {rule.id for rule in edition().rules if rule.status != "active"}
    _listed(
        f"{number}: {finding.rule} is in shadow"
        for number, (_, answer) in answers().items()
        for finding in answer.findings
        if finding.rule in shadow
    )


def test_reasonable_sheets_go_through() -> None:
    """None is returned or blocked, few are held, and they are four in five, as at a desk."""
    reasonable = [number for number, (yes, _) in _said().items() if yes]
    held = [number for number in reasonable if answers()[number][1].verdict == "hold"]
    assert len(reasonable) >= 0.8 * len(answers())
    assert len(held) <= 0.03 * len(reasonable), f"a pharmacist would be called for {', '.join(held)}"
    _listed(
        f"{in_one_line(answers()[number][1])}    # {_said()[number][1]}"
        for number in reasonable
        if RANK[answers()[number][1].verdict] >= RANK["return"]
    )


def test_faulty_sheets_are_noticed() -> None:
    """A sheet that was written with faults never passes without a word of warning."""
    _listed(
        in_one_line(answers()[number][1])
        for number, (reasonable, _) in _said().items()
        if not reasonable and RANK[answers()[number][1].verdict] < RANK["warn"]
    )


def test_the_verdict_is_the_gravest_finding() -> None:
    """Findings come gravest first; a gap counts only where it stops the sheet."""
    for _, answer in answers().values():
        ranks = [RANK[finding.severity] for finding in answer.findings]
        gaps = [RANK[entry.outcome] for entry in answer.not_judged if entry.outcome not in GOES_THROUGH]
        assert ranks == sorted(ranks, reverse=True)
        assert answer.verdict == VERDICTS[max([0, *ranks, *gaps])]
        assert answer.complete is (not answer.not_judged)
        assert "engine" not in {entry.fact for entry in answer.not_judged}


def test_each_way_to_pass_passes() -> None:
    """The edits shown to the doctor, applied to the sheet as it was sent, let it through."""
    shown = 0
    faults = []
    for number, (sheet, answer) in answers().items():
        assert answer.verdict not in GOES_THROUGH or not answer.counterfactuals
        for way in answer.counterfactuals:
            if way.kind != "change":
                continue
            shown += 1
            changed = check_prescription(patched(sheet.tree, way.edits))
            verdict = review(changed, sheet.circumstances, edition(), sheet.at, ways=False).verdict
            if verdict not in GOES_THROUGH or verdict != way.verdict:
                faults.append(f"{number}: {way.says['zh']} -> {verdict}, not {way.verdict}")
    assert shown
    _listed(faults)


def patched(tree: Mapping[str, Any], edits: Iterable[Mapping[str, Any]]) -> Any:
    """The tree after a JSON Patch of `add`, `replace` and `remove` (RFC 6902)."""
    whole = deepcopy(tree)
    # The edits too: a value that was put in place is changed by the edits after it.
    for edit in deepcopy(list(edits)):
        parts = [part.replace("~1", "/").replace("~0", "~") for part in edit["path"].split("/")[1:]]
        place: Any = whole
        for part in parts[:-1]:
            place = place[int(part)] if isinstance(place, list) else place[part]
        last: Any = parts[-1]
        if isinstance(place, list):
            last = len(place) if last == "-" else int(last)
            assert last < len(place) or (edit["op"] == "add" and last == len(place))
        else:
            assert edit["op"] == "add" or last in place, edit
        match edit["op"]:
            case "remove":
                del place[last]
            case "add" if isinstance(place, list):
                place.insert(last, edit["value"])
            case "add" | "replace":
                place[last] = edit["value"]
            case other:
                raise AssertionError(f"{other} is no operation of ours")
    return whole


@pytest.mark.parametrize(
    ("edits", "after"),
    [
        ([{"op": "add", "path": "/a/-", "value": 3}], {"a": [1, 2, 3]}),
        ([{"op": "add", "path": "/a/0", "value": 0}], {"a": [0, 1, 2]}),
        ([{"op": "replace", "path": "/a/1", "value": 9}], {"a": [1, 9]}),
        ([{"op": "remove", "path": "/a/0"}, {"op": "remove", "path": "/a/0"}], {"a": []}),
        ([{"op": "add", "path": "/b~1c", "value": "x"}], {"a": [1, 2], "b/c": "x"}),
        (
            [{"op": "add", "path": "/c", "value": [1]}, {"op": "add", "path": "/c/-", "value": 2}],
            {"a": [1, 2], "c": [1, 2]},
        ),
    ],
)
def test_patches_are_applied_as_the_standard_says(edits: list[Mapping[str, Any]], after: Mapping[str, Any]) -> None:
    """The test's own patcher; what it was given stays as it is."""
    given = deepcopy(edits)
    assert patched({"a": [1, 2]}, edits) == after
    assert edits == given
