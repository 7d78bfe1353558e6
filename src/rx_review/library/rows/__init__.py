"""The row models of `formulary/`: one class a table, one field a column.

A cell is text; the model turns it into its type and refuses what does not fit. The column dictionary
`formulary/README.md` is generated from these classes, so a column's meaning is written here and nowhere else.
"""

from __future__ import annotations

from rx_review.library.rows.clinical import (
    Allergen,
    Contraindication,
    DiagnosisGroup,
    Growth,
    Herb,
    Incompatibility,
    Interaction,
    Limit,
    SkinTest,
)
from rx_review.library.rows.county import Fill, MemberCode, Setting
from rx_review.library.rows.dated import Row
from rx_review.library.rows.drugs import (
    ClassMember,
    ClassName,
    Drug,
    Essential,
    EssentialEdition,
    Ingredient,
    Listing,
    Name,
    Substitute,
)
from rx_review.library.rows.legal import (
    MARKS,
    PERMITS,
    Article,
    Demand,
    Indication,
    Mark,
    OffLabel,
    Outlet,
    PaymentLimit,
    Permit,
    Solvent,
    Winner,
)
from rx_review.library.rows.reference import (
    CommentCode,
    Diagnosis,
    Form,
    Frequency,
    Institution,
    Parameter,
    Route,
    Source,
    Spelling,
    Unit,
    Wording,
)

TABLES: tuple[type[Row] | type[Source], ...] = (
    Allergen,
    Article,
    ClassMember,
    ClassName,
    CommentCode,
    Contraindication,
    Demand,
    Diagnosis,
    DiagnosisGroup,
    Drug,
    Essential,
    EssentialEdition,
    Fill,
    Form,
    Frequency,
    Growth,
    Herb,
    Incompatibility,
    Indication,
    Ingredient,
    Institution,
    Interaction,
    Limit,
    Listing,
    Mark,
    MemberCode,
    Name,
    OffLabel,
    Outlet,
    Parameter,
    PaymentLimit,
    Permit,
    Route,
    Setting,
    SkinTest,
    Solvent,
    Source,
    Spelling,
    Substitute,
    Unit,
    Winner,
    Wording,
)


def columns(model: type[Row] | type[Source]) -> tuple[str, ...]:
    """Header of a table's file: its own columns, then source, from, until, checked, recalled."""
    shared = set(Row.model_fields) if issubclass(model, Row) else set()
    names = [*(n for n in model.model_fields if n not in shared), *(n for n in Row.model_fields if n in shared)]
    return tuple(model.model_fields[name].alias or name for name in names)


__all__ = [
    "MARKS",
    "PERMITS",
    "TABLES",
    "Allergen",
    "Article",
    "ClassMember",
    "ClassName",
    "CommentCode",
    "Contraindication",
    "Demand",
    "Diagnosis",
    "DiagnosisGroup",
    "Drug",
    "Essential",
    "EssentialEdition",
    "Fill",
    "Form",
    "Frequency",
    "Growth",
    "Herb",
    "Incompatibility",
    "Indication",
    "Ingredient",
    "Institution",
    "Interaction",
    "Limit",
    "Listing",
    "Mark",
    "MemberCode",
    "Name",
    "OffLabel",
    "Outlet",
    "Parameter",
    "PaymentLimit",
    "Permit",
    "Route",
    "Row",
    "Setting",
    "SkinTest",
    "Solvent",
    "Source",
    "Spelling",
    "Substitute",
    "Unit",
    "Winner",
    "Wording",
    "columns",
]
