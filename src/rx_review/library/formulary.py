"""The formulary as look-ups: what a review asks of the rows, answered by hash, by the day asked about."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from rx_review.library.lookup import Dated, fold
from rx_review.library.rows import (
    Contraindication,
    Drug,
    Essential,
    EssentialEdition,
    Form,
    Frequency,
    Herb,
    Incompatibility,
    Ingredient,
    Institution,
    Interaction,
    Limit,
    Listing,
    Mark,
    MemberCode,
    OffLabel,
    Parameter,
    PaymentLimit,
    Route,
    Setting,
    Solvent,
    Substitute,
    Unit,
    Winner,
)
from rx_review.library.site import Site


@dataclass(frozen=True, slots=True)
class Formulary:
    """Every look-up a review makes. Built once per edition; nothing in it changes."""

    drugs: Dated[str, Drug]
    drugs_of: Dated[str, Drug]
    written_names: Mapping[str, tuple[str, str | None]]
    irregular_names: frozenset[str]
    """Folded names that are brands, abbreviations, numbers, old or folk names."""
    herbs: Dated[str, Herb]
    composition: Dated[str, Ingredient]
    classes: Dated[str, str]
    class_names: Mapping[str, tuple[str, str, str]]
    essential: Dated[tuple[str, str], Essential]
    editions: Dated[str, EssentialEdition]
    listings: Dated[str, Listing]
    limits: Dated[str, Limit]
    contraindications: Dated[str, Contraindication]
    interactions: Dated[tuple[str, str], Interaction]
    incompatibilities: Dated[tuple[str, str], Incompatibility]
    partners: Mapping[str, frozenset[str]]
    allergens: Dated[str, str]
    skin_tests: Dated[str, str | None]
    groups: Mapping[str, tuple[str, ...]]
    group_names: Mapping[str, tuple[str, str]]
    broad_groups: frozenset[str]
    """Groups so wide that two diagnoses in one need have nothing in common."""
    diagnosis_codes: Mapping[str, str]
    """ICD-10 code of each exact Western name or everyday wording, folded."""
    categories: frozenset[str]
    """Three-character categories of ICD-10."""
    tcm_names: Mapping[str, str]
    """Folded names of TCM diseases and syndromes, with which of the two they are."""
    routes: Mapping[str, Route]
    units: Mapping[str, Unit]
    forms: Mapping[str, Form]
    frequencies: Mapping[str, Frequency]
    spellings: Mapping[tuple[str, str], str]
    parameters: Dated[str, Parameter]
    settings: Dated[tuple[str, str], Setting]
    statutory: frozenset[str]
    """Sources that bind everybody: laws and regulations."""
    institutions: Mapping[str, Institution]
    lines_of_command: Mapping[str, tuple[str, ...]]
    """Each institution with those above it, itself first."""
    mappings: Dated[tuple[str, str, str], MemberCode]
    with_own_codes: frozenset[str]
    """Institutions that have mappings."""
    with_own_settings: frozenset[str]
    """Institutions that have settings."""
    growth: tuple[tuple[int, Decimal], ...]
    """Ages in days and the lightest plausible weight from there on, in kg."""
    fills: Mapping[tuple[str, str], Decimal]
    sites: Mapping[str, Site]
    substitutes: Dated[str, Substitute]
    marks: Dated[str, Mark]
    permits: Dated[str, tuple[str, bool]]
    """Permits of each institution and outlet, and whether they were granted."""
    outlets: frozenset[str]
    off_label: Dated[str, OffLabel]
    indications: Dated[str, str]
    """Diagnosis groups that support a generic or class."""
    solvents: Dated[str, Solvent]
    winners: Dated[str, Winner]
    payment_limits: Dated[str, PaymentLimit]
    wordings: frozenset[tuple[str, str]]
    changes: tuple[int, ...]
    """Days on which some row begins or ends; between two of them every look-up gives the same answer."""

    def epoch(self, day: int) -> int:
        """The first day of the period around `day` in which nothing changes."""
        place = bisect_right(self.changes, day)
        return self.changes[place - 1] if place else 0

    def spelt(self, kind: str, written: str) -> str | None:
        """The dictionary key that a written route, unit, form or frequency means, or None. Exact after folding."""
        return self.spellings.get((kind, fold(written)))

    def parameter(self, name: str, day: int, institution: str = "") -> Decimal | None:
        """The value of `$name` on a day: the institution's own or of the nearest one above it, else the county's."""
        for scope in (*self.lines_of_command.get(institution, ()), ""):
            setting = self.settings.one((name, scope), day)
            if setting is not None:
                return setting.value
        return self.default(name, day)

    def default(self, name: str, day: int) -> Decimal | None:
        """The value of `$name` on a day where neither the county nor a member has set another."""
        row = self.parameters.one(name, day)
        return row.value if row else None

    def settings_of(self, institution: str) -> str:
        """The institution, if it or one above it has settings of its own; else empty, for all others alike."""
        scopes = self.lines_of_command.get(institution, ())
        return institution if any(scope in self.with_own_settings for scope in scopes) else ""

    def mapped(self, institution: str, kind: str, code: str, day: int) -> MemberCode | None:
        """What a member's own code means: by its own row, else by that of the nearest institution above it."""
        for scope in self.lines_of_command.get(institution, ()):
            row = self.mappings.one((scope, kind, fold(code)), day)
            if row is not None:
                return row
        return None

    def lightest(self, days: int) -> Decimal | None:
        """The lightest plausible weight at an age in days, in kg; None past the last row's reach."""
        place = bisect_right(self.growth, days, key=lambda row: row[0])
        return self.growth[place - 1][1] if place else None

    def classes_of(self, ingredient: str, day: int) -> tuple[str, ...]:
        """Classes of an ingredient on a day, in the table's order."""
        return self.classes.on(ingredient, day)

    def groups_of(self, code: str) -> tuple[str, ...]:
        """Diagnosis groups whose prefix the code begins with."""
        found: list[str] = []
        for end in range(2, len(code) + 1):
            found.extend(self.groups.get(code[:end], ()))
        return tuple(found)
