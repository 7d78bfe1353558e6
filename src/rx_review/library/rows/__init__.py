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
    ClassMember,
    ClassName,
    CommentCode,
    Contraindication,
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
    Ingredient,
    Institution,
    Interaction,
    Limit,
    Listing,
    MemberCode,
    Name,
    Parameter,
    Route,
    Setting,
    SkinTest,
    Source,
    Spelling,
    Substitute,
    Unit,
    Wording,
)


def columns(model: type[Row] | type[Source]) -> tuple[str, ...]:
    """Header of a table's file: its own columns, then source, from, until, checked, recalled."""
    shared = set(Row.model_fields) if issubclass(model, Row) else set()
    names = [*(n for n in model.model_fields if n not in shared), *(n for n in Row.model_fields if n in shared)]
    return tuple(model.model_fields[name].alias or name for name in names)


__all__ = [
    "TABLES",
    "Allergen",
    "ClassMember",
    "ClassName",
    "CommentCode",
    "Contraindication",
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
    "Ingredient",
    "Institution",
    "Interaction",
    "Limit",
    "Listing",
    "MemberCode",
    "Name",
    "Parameter",
    "Route",
    "Row",
    "Setting",
    "SkinTest",
    "Source",
    "Spelling",
    "Substitute",
    "Unit",
    "Wording",
    "columns",
]
