"""From what a line says to what it means: drug, form, route, units, frequency, by exact look-up."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any

from rx_review.domain.prescription import Line
from rx_review.facts.diagnosis import ReadDiagnosis, icd_categories, is_tcm_code, read_diagnosis
from rx_review.facts.naming import without_marks
from rx_review.facts.place import Place, permits_of
from rx_review.facts.strength import (
    of_strength,
    read_strength,
    read_volume,
    split_strength,
    strength_in_brackets,
)
from rx_review.library.formulary import Formulary
from rx_review.library.lookup import fold
from rx_review.library.rows import Drug, Form, Frequency, Herb, MemberCode, Route, Unit

# bid×7天: how often, and for how long, which the days say.
_FOR_DAYS = re.compile(r"[×x*](?:[1-9][0-9]?)(?:天|日|d)?$")

_TYPE = re.compile(r"\((?:i{1,3}|iv|v)\)$")

# More different lines than most counties write in a week, and a bound on memory for those that write more.
_REMEMBERED = 16_384


@dataclass(frozen=True, slots=True)
class Component:
    """An active of the drug; `amount` in one dose unit where the composition says so."""

    name: str
    amount: Decimal | None
    unit: str | None
    hidden: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What a written drug is. Where rows disagree about a property, the property is None: unknown."""

    kind: str
    generic: str
    form: Form | None
    drug: Drug | None
    herb: Herb | None
    candidates: tuple[Drug, ...]
    components: tuple[Component, ...]
    keys: frozenset[str]
    """Ingredients and `class:CODE` of each, herbs and their families: what clinical rows are looked up by."""
    actives: Mapping[str, tuple[str, ...]]
    """The actives that each key stands for."""
    amount: Decimal | None
    amount_unit: str | None
    volume: Decimal | None
    dose_unit: str | None
    pack: Decimal | None
    control: str | None = ""
    """Control class that all candidate rows share; empty = none, None = they differ."""
    is_solvent: bool = False
    """Whether it is an infusion vehicle; a rehydration salt contains the same, and is none."""

    def actives_of(self, key: str) -> tuple[str, ...]:
        """Actives of this drug that a key (an ingredient, `class:CODE`, `herb:NAME`) stands for."""
        return self.actives.get(key, ())

    def agreed(self, name: str) -> Any:
        """A property that all candidate rows share, or None."""
        return _agreed(self.candidates, name)


class Resolver:
    """Look-ups of one edition on one day, remembered: a county writes the same few thousand drugs again and again."""

    def __init__(self, formulary: Formulary, day: int) -> None:
        self.formulary = formulary
        self.day = day
        self.drug = lru_cache(maxsize=16_384)(self._drug)
        self.route = lru_cache(maxsize=4_096)(self._route)
        self.unit = lru_cache(maxsize=4_096)(self._unit)
        self.payer = lru_cache(maxsize=1_024)(lambda written: formulary.spelt("payer", written))
        self.frequency = lru_cache(maxsize=4_096)(self._frequency)
        self.place = lru_cache(maxsize=4_096)(self._place)
        self.diagnosis = lru_cache(maxsize=16_384)(self._diagnosis)
        self.maternal_ages = tuple(
            None if (years := formulary.parameter(name, day)) is None else f"{int(years)}y"
            for name in ("pregnancy_age_from_years", "pregnancy_age_until_years")
        )
        self.understood: dict[Hashable, Any] = {}

    def remember(self, key: Hashable, found: Any) -> None:
        """Keep what a line means. When full, forget the half that was learnt first."""
        if len(self.understood) >= _REMEMBERED:
            for old in list(islice(self.understood, _REMEMBERED // 2)):
                del self.understood[old]
        self.understood[key] = found

    def line(self, line: Line, member: str = "") -> Known | None:
        """The drug of a line written at that member, or None if it is not in the formulary."""
        return self.drug(line.product, line.generic, line.form, line.strength, line.pack, line.kind, member)

    def _route(self, written: str | None) -> Route | None:
        code = self.formulary.spelt("route", written) if written else None
        return self.formulary.routes[code] if code else None

    def _unit(self, written: str | None) -> Unit | None:
        code = self.formulary.spelt("unit", written) if written else None
        return self.formulary.units[code] if code else None

    def _frequency(self, written: str | None) -> Frequency | None:
        if not written:
            return None
        spelt = self.formulary.spelt
        code = spelt("frequency", written) or spelt("frequency", _FOR_DAYS.sub("", fold(written)))
        return self.formulary.frequencies[code] if code else None

    def _diagnosis(self, text: str, code: str | None, kind: str, member: str) -> tuple[ReadDiagnosis, str | None]:
        """What a diagnosis says, and its code if that is one of the member's own that nobody has mapped."""
        row = self.formulary.mapped(member, "diagnosis", code, self.day) if code and member else None
        meant = row.target if row is not None else code
        ours = meant is None or kind != "western" or icd_categories(meant) != () or is_tcm_code(meant)
        return read_diagnosis(text, meant, kind, self.formulary), None if ours else code

    def _place(self, institution: str) -> Place:
        formulary = self.formulary
        row = formulary.institutions.get(institution)
        site = formulary.sites.get(row.site) if row is not None and row.site else None
        scopes = formulary.lines_of_command.get(institution, ())
        own = any(scope in formulary.with_own_codes for scope in scopes)
        lacks = site.lacks if site is not None else frozenset()
        permits = permits_of(row.level if row else None, formulary.permits.on(institution, self.day), row is not None)
        return Place(row.tier if row else None, institution if own else "", lacks, permits)

    def _drug(
        self,
        product: str | None,
        generic: str | None,
        form: str | None,
        strength: str | None,
        pack: Decimal | None,
        kind: str | None,
        member: str = "",
    ) -> Known | None:
        if product is not None and member:
            own = self.formulary.mapped(member, "drug", product, self.day)
            if own is not None:
                return self._mapped(own, generic, form, strength, pack, kind)
        if product is not None and (row := self.formulary.drugs.one(product, self.day)):
            named = self._named(generic)[0] if generic else None
            # A code and a name that mean different drugs: which one was meant is unknown.
            return self._known(row.generic, row.form, (row,), None, pack) if named in (None, row.generic) else None
        if generic is None:
            return None
        name, named_form = self._named(generic)
        if name is None:
            bare, inside = strength_in_brackets(generic)
            unmarked = bare if inside else without_marks(generic, self.formulary)
            return self.drug(None, unmarked, form, strength or inside, pack, kind) if unmarked else None
        herb = self.formulary.herbs.one(name, self.day)
        if herb is not None and kind in (None, "herb", "granule"):
            return self._herb(herb, kind or "herb")
        written = self._form(form, named_form)
        rows = self.formulary.drugs_of.on(name, self.day)
        if rows and written is not None:
            rows, written = self._of_form(rows, written)
        printed, packed = split_strength(strength)
        exact = of_strength(rows, printed)
        if not rows:
            return None
        return self._known(name, written, exact or rows, None if exact else printed, pack or packed)

    def _mapped(
        self,
        own: MemberCode,
        generic: str | None,
        form: str | None,
        strength: str | None,
        pack: Decimal | None,
        kind: str | None,
    ) -> Known | None:
        """The drug of a member's own code; what the mapping says of form, strength and pack beats what is written."""
        if self.formulary.drugs.one(own.target, self.day) is not None:
            return self.drug(own.target, generic, form, strength, own.pack or pack, kind)
        named = self._named(generic)[0] if generic else None
        if named not in (None, own.target):
            return None
        # A name that means the same may say the form too.
        name = own.target if named is None else generic
        return self.drug(None, name, own.form or form, own.strength or strength, own.pack or pack, kind)

    def unmapped(self, line: Line, member: str) -> bool:
        """Whether a line carries a code that is neither ours nor mapped: a gap of ours, not a fault of the doctor's."""
        if line.product is None or self.formulary.drugs.one(line.product, self.day) is not None:
            return False
        return not member or self.formulary.mapped(member, "drug", line.product, self.day) is None

    def _named(self, written: str) -> tuple[str | None, str | None]:
        """Generic and form of a written name; a type such as (II) after it only tells producers apart."""
        plain = fold(written)
        names = self.formulary.written_names
        found = names.get(plain) or names.get(_TYPE.sub("", plain))
        return found if found is not None else (None, None)

    def _form(self, form: str | None, named: str | None) -> str | None:
        """The form that the field says, unless it is only a class of forms and the name says which of them."""
        spelt = self.formulary.spelt("form", form) if form else None
        if spelt is None or named is None:
            return spelt or named
        return named if self.formulary.forms[spelt].coarse else spelt

    def _of_form(self, rows: tuple[Drug, ...], form: str) -> tuple[tuple[Drug, ...], str | None]:
        """Rows of a form, else of those that count as it; under a class of forms, whatever is made for its route."""
        forms = self.formulary.forms
        same = tuple(row for row in rows if row.form == form)
        same = same or tuple(row for row in rows if forms[row.form].counts_as == forms[form].counts_as)
        if same or not forms[form].coarse:
            return same, form
        # 速效救心丸 filed as 丸剂 is a dropping pill; 沙丁胺醇气雾剂 is inhaled, and vaginal suppositories are 栓.
        alike = tuple(
            row
            for row in rows
            if forms[row.form].route == forms[form].route or forms[row.form].zh.endswith(forms[form].zh)
        )
        return alike, None

    def _herb(self, herb: Herb, kind: str) -> Known:
        keys = frozenset((herb.herb, herb.family, f"herb:{herb.herb}", f"herb:{herb.family}"))
        part = (Component(herb.herb, None, None, False),)
        actives = {key: (herb.herb,) for key in keys}
        return Known(kind, herb.herb, None, None, herb, (), part, keys, actives, None, None, None, None, None)

    def _known(
        self, generic: str, form: str | None, rows: tuple[Drug, ...], printed: str | None, pack: Decimal | None
    ) -> Known:
        forms = {row.form for row in rows}
        code = form or (forms.pop() if len(forms) == 1 else None)
        strength = read_strength(printed) if printed is not None else None
        if printed is None:
            amount, amount_unit = self._agreed_amount(rows)
        else:
            amount, amount_unit = (strength.amount, strength.base) if strength else (None, None)
        components = tuple(
            Component(row.ingredient, row.amount, row.amount_unit, row.hidden)
            for row in self.formulary.composition.on(generic, self.day)
        )
        actives: dict[str, tuple[str, ...]] = {}
        for part in components:
            classes = (f"class:{word}" for word in self.formulary.classes_of(part.name, self.day))
            for key in (part.name, f"herb:{part.name}", *classes):
                actives[key] = (*actives.get(key, ()), part.name)
        single = rows[0] if len(rows) == 1 and printed is None else None
        return Known(
            rows[0].kind,
            generic,
            self.formulary.forms[code] if code else None,
            single,
            None,
            rows,
            components,
            frozenset(actives),
            actives,
            amount,
            amount_unit,
            _agreed(rows, "volume") if printed is None else strength.volume if strength else read_volume(printed),
            _agreed(rows, "dose_unit"),
            pack or _agreed(rows, "pack"),
            _agreed(rows, "control"),
            "class:solvent" in actives and code is not None and self.formulary.forms[code].route == "injection",
        )

    @staticmethod
    def _agreed_amount(rows: tuple[Drug, ...]) -> tuple[Decimal | None, str | None]:
        found = {(row.amount, row.amount_unit) for row in rows}
        return found.pop() if len(found) == 1 else (None, None)


def _agreed(rows: tuple[Drug, ...], name: str) -> Any:
    found = {getattr(row, name) for row in rows}
    return found.pop() if len(found) == 1 else None
