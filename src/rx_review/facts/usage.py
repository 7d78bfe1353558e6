"""Facts about how a line is used: whether form, route, frequency and name go with what the drug is."""

from __future__ import annotations

import re

from rx_review.domain.prescription import Line
from rx_review.facts.case import Sheet
from rx_review.facts.resolve import Known, Resolver
from rx_review.library.lookup import fold
from rx_review.library.rows import Form, Route

_STRENGTH = re.compile(r"[0-9](?:%|m?g|ug|μg|ml|万?单位|万?iu|万?u)")
_FLAGS = (
    "sublingual_swallowed", "vein_forbidden", "injection_nebulised", "once_a_day_too_few", "nasal_decongestant",
)  # fmt: skip


def tell_usage(sheet: Sheet, line: Line, known: Known | None, topical: bool | None, resolver: Resolver) -> None:
    """Set the facts of a line's use; those of an unknown drug are unknown, or false where they speak of what is."""
    sheet.tell("irregular_name", line.generic is not None and fold(line.generic) in resolver.formulary.irregular_names)
    if known is None:
        sheet.tell("route_mismatch", None, "drug")
        sheet.values.update(dict.fromkeys(_FLAGS, 0), strength_written=1)
        return
    route, form = resolver.route(line.route), known.form
    sheet.tell("strength_written", known.herb is not None or line.product is not None or says_strength(line))
    herbal = known.kind in ("herb", "granule")
    if herbal:
        sheet.tell("route_mismatch", "none")
    elif route is None or form is None:
        sheet.tell("route_mismatch", None, "form" if route else "route")
    else:
        sheet.tell("route_mismatch", route_mismatch(form, route, "class:sublingual_only" in known.keys))
    into = route.into if route is not None else ""
    injected = form is not None and form.route == "injection"
    frequency = resolver.frequency(line.frequency)
    rare = frequency is not None and frequency.times is not None and frequency.period is not None
    sheet.values.update(
        sublingual_swallowed=int(into == "swallowed" and "class:sublingual_only" in known.keys),
        vein_forbidden=int(into == "vein" and injected and "class:not_intravenous" in known.keys),
        injection_nebulised=int(injected and route is not None and route.group == "inhaled"),
        once_a_day_too_few=int(
            rare
            and frequency is not None
            and (frequency.times or 0) <= (frequency.period or 0)
            and topical is False
            and "class:several_times_daily" in known.keys
        ),
        nasal_decongestant=int("class:nasal_decongestant" in known.keys),
    )


def says_strength(line: Line) -> bool:
    """Whether a line says its strength, in its field or in the name (0.9%氯化钠注射液, 阿莫西林胶囊(0.25g))."""
    return line.strength is not None or (line.generic is not None and _STRENGTH.search(fold(line.generic)) is not None)


def route_mismatch(form: Form, route: Route, sublingual_drug: bool) -> str:
    """How a form and a route do not go together; `none` if they do. Injections are given by many routes on purpose."""
    if form.route == "injection":
        return "none"
    made_for = form.only.split() if form.only else []
    if made_for and route.route in made_for:
        return "none"
    match route.into:
        case "swallowed":
            return "swallowed" if form.route in ("topical", "rectal", "inhaled", "other") else "none"
        case "eye_or_ear":
            return "eye_or_ear" if made_for or form.route in ("oral", "rectal", "inhaled") else "none"
        case "body_opening":
            return "body_opening" if form.solid and form.route == "oral" else "none"
        case "sublingual":
            tablet = form.solid and form.counts_as in ("tablet", "capsule", "sustained_tablet", "sustained_capsule")
            return "sublingual" if tablet and not sublingual_drug else "none"
        case "tube":
            return "tube" if form.release != "immediate" else "none"
    return "none"
