"""Which way each parameter tightens, worked out from the rules that use it, and whether members' settings only tighten.

A parameter on the right of `over` in `when` is stricter when it is lower; of `at_most`, when it is higher; in
`unless` the other way round. One that tightens both ways, that is compared for equality, or that is read by code
and not by rules, is the county's alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rx_review.domain.review import RANK
from rx_review.engine.language import NEGATED, Condition, check_rule
from rx_review.errors import Fault
from rx_review.library.edition import Edition
from rx_review.library.formulary import Formulary
from rx_review.library.rows import Setting

Stricter = Literal["lower", "higher", "mixed", "unused"]

_DIRECTION: Mapping[str, Stricter] = {
    "over": "lower", "at_least": "lower", "under": "higher", "at_most": "higher", "is": "mixed", "is_not": "mixed",
}  # fmt: skip

READ_BY_CODE: Mapping[str, tuple[str, ...]] = {
    "adult_age_years": ("engine/remedy.py",),
    "after_review_hours": ("desk/prescriber.py",),
    "dismissal_days": ("desk/settling.py",),
    "escalation_minutes": ("desk/timing.py",),
    "escalation_urgent_minutes": ("desk/timing.py",),
    "findings_shown": ("engine/review.py",),
    "history_days": ("desk/reviewing.py", "facts/supplies.py"),
    "lease_minutes": ("desk/pharmacist.py",),
    "pregnancy_age_from_years": ("facts/resolve.py",),
    "pregnancy_age_until_years": ("facts/resolve.py",),
    "release_minutes": ("desk/cashier.py",),
    "renal_result_days": ("facts/concern.py",),
    "rescue_record_hours": ("desk/outcome.py",),
    "review_seconds": ("desk/answer.py",),
    "reviewer_years": ("desk/qualified.py", "facts/registers.py"),
    "unit_error_times": ("engine/remedy.py",),
}
"""Parameters that facts, answers or the desk are computed with; a test compares this list with the source."""


@dataclass(frozen=True, slots=True)
class Use:
    """How the rules use a parameter: which way is stricter, the rules, by id, and the decimals that they compare."""

    stricter: Stricter
    rules: tuple[str, ...]
    digits: int | None = None
    by_gravest: Stricter = "unused"
    """Which way is stricter by the gravest rules alone: what a milder rule loses there, a graver one gains."""

    @property
    def members_may_set(self) -> bool:
        """Whether a member's own value can be told to be at least as strict."""
        return self.stricter in ("lower", "higher")


def uses(edition: Edition) -> Mapping[str, Use]:
    """How each parameter of an edition is used; rules that do not run (draft, retired) are left aside."""
    conditions = [
        condition
        for rule in edition.rules
        if rule.status in ("active", "shadow") and (condition := check_rule(rule)[0]) is not None
    ]
    return {name: _use(name, conditions) for name in sorted(edition.formulary.parameters)}


def _use(name: str, conditions: Iterable[Condition]) -> Use:
    found: dict[Stricter, set[str]] = defaultdict(set)
    by_severity: dict[int, set[Stricter]] = defaultdict(set)
    digits: list[int] = []
    for condition in conditions:
        for side, tests in ((True, condition.when), (False, condition.unless)):
            for test in tests:
                if test.parameter == name:
                    operator = test.operator if side else NEGATED[test.operator]
                    found[_DIRECTION[operator]].add(condition.rule.id)
                    by_severity[RANK[condition.rule.severity]].add(_DIRECTION[operator])
                    digits.append(test.fact.digits)
    rules = tuple(sorted(rule for named in found.values() for rule in named))
    gravest = by_severity[max(by_severity)] if by_severity else set()
    by_gravest: Stricter = next(iter(gravest)) if len(gravest) == 1 else "mixed" if gravest else "unused"
    mixed = name in READ_BY_CODE or len(found) > 1
    stricter: Stricter = "mixed" if mixed else next(iter(found), "unused")
    return Use(stricter, rules, min(digits, default=None), by_gravest)


def settings_faults(edition: Edition) -> list[Fault]:
    """Every setting that is finer than the rules compare, and every member's that loosens or is the county's alone."""
    formulary = edition.formulary
    rows = [row for key in formulary.settings for row in formulary.settings.all(key)]
    used = uses(edition) if rows else {}
    faults = [fault for row in rows for fault in _finer(row, used[row.parameter])]
    faults += [fault for row in rows if row.institution is None for fault in _statutory(row, used, formulary)]
    members = [row for row in rows if row.institution is not None]
    return faults + [fault for row in members for fault in _setting_faults(row, used[row.parameter], formulary)]


def _statutory(row: Setting, used: Mapping[str, Use], formulary: Formulary) -> Iterator[Fault]:
    """A county may not loosen what a law or regulation says either: the gravest rules tell which way that is."""
    default = formulary.parameters.one(row.parameter, row.from_.toordinal())
    stricter = used[row.parameter].by_gravest
    if default is None or default.source not in formulary.statutory or stricter not in ("lower", "higher"):
        return
    if _looser(row.value, default.value, stricter):
        yield Fault(
            f"settings.csv: {row.parameter}, county, from {row.from_}",
            f"{row.value} is looser than {default.value}, which {default.source} says",
            "take the row out; if the law has changed, write a new dated row in parameters.csv",
            f"{row.value} 比 {default.source} 规定的 {default.value} 宽松；"
            "请删去此行，法规已改的在 parameters.csv 另写一行",
        )


def _finer(row: Setting, use: Use) -> Iterator[Fault]:
    """The engines compare whole numbers of the fact's last decimal: 2.5 signatures would silently be 2."""
    if use.digits is not None and row.value.scaleb(use.digits) % 1:
        yield Fault(
            f"settings.csv: {row.parameter}, {row.institution or 'county'}, from {row.from_}",
            f"{row.value} has more than {use.digits} decimals", "round it to what is counted",
            f"{row.value} 的小数超过 {use.digits} 位；请取到可以计数的位数",
        )  # fmt: skip


def _setting_faults(row: Setting, use: Use, formulary: Formulary) -> Iterator[Fault]:
    where = f"settings.csv: {row.parameter}, {row.institution}, from {row.from_}"
    if not use.members_may_set:
        reason = "no rule uses it" if use.stricter == "unused" else "which way is stricter cannot be told"
        yield Fault(
            where, f"only the county may set it: {reason}", "take the row out, or set it for the county",
            "只能由县级设定；请删去此行或改为县级设定",
        )  # fmt: skip
        return
    for day in _days(row, formulary):
        above = _above(row, formulary, day)
        if above is not None and _looser(row.value, above, use.stricter):
            yield Fault(
                where, f"{row.value} is looser than {above}, which holds above it",
                f"set {above} or {'less' if use.stricter == 'lower' else 'more'}: members may tighten, never loosen",
                f"{row.value} 比上级的 {above} 宽松；成员只能收紧，不能放宽",
            )  # fmt: skip
            return


def _days(row: Setting, formulary: Formulary) -> Iterator[int]:
    """The first day of the row, and each later one on which something above it may change."""
    first, end = row.from_.toordinal(), row.until.toordinal() if row.until else None
    yield first
    yield from (day for day in formulary.changes if day > first and (end is None or day < end))


def _above(row: Setting, formulary: Formulary, day: int) -> Decimal | None:
    scopes = formulary.lines_of_command.get(row.institution or "", ())
    return formulary.parameter(row.parameter, day, scopes[1] if len(scopes) > 1 else "")


def _looser(value: Decimal, above: Decimal, stricter: Stricter) -> bool:
    return value > above if stricter == "lower" else value < above
