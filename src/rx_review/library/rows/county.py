"""What one county or one member says: its own codes, its own settings, how completely its sheets are filled in."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from rx_review.library.rows.dated import Maybe, Number, Row, Text, Tier, column, plain_number


class MemberCode(Row):
    """A member's own code for a drug or a diagnosis, and what it means here. Members below it use it too."""

    table: ClassVar[str] = "mappings"
    key: ClassVar[tuple[str, ...]] = ("institution", "kind", "code")
    about: ClassVar[str] = "对码 · members' own codes"

    institution: Annotated[Text, column("机构", "SAMPLE-C01", "key of institutions.csv; holds for those below it too")]
    kind: Annotated[Literal["drug", "diagnosis"], column("字典", "drug", "what the code stands for")]
    code: Annotated[Text, column("院内码", "10023", "as the member sends it")]
    name: Annotated[Maybe, column("院内名称", "络活喜", "as the member calls it")] = None
    target: Annotated[
        Text,
        column("指向", "W174-01", "code of drugs.csv, a generic of drugs.csv, a herb of herbs.csv, or an ICD-10 code"),
    ]
    form: Annotated[Maybe, column("剂型", "tablet", "key of forms.csv, where the target is a generic")] = None
    strength: Annotated[Maybe, column("规格", "5mg", "where the target is a generic")] = None
    pack: Annotated[Number, column("包装数", "7", "dose units in one pack of this product")] = None


class Setting(Row):
    """A county's or a member's own value of a parameter. A member may tighten what holds above it, never loosen it."""

    table: ClassVar[str] = "settings"
    key: ClassVar[tuple[str, ...]] = ("parameter", "institution")
    about: ClassVar[str] = "县与成员的参数 · settings that override a default"

    parameter: Annotated[Text, column("参数", "drugs_per_sheet", "key of parameters.csv")]
    institution: Annotated[
        Maybe, column("机构", "SAMPLE-V01", "key of institutions.csv, holds for those below it too; empty = the county")
    ] = None
    value: Annotated[Decimal, BeforeValidator(plain_number), Field(gt=0), column("值", "4", "in the parameter's unit")]
    decision: Annotated[Text, column("依据", "药事会2026-03号纪要", "minute of the committee that decided it")]


class Fill(Row):
    """How often a field is filled in by sites of a tier: what the generator of prescriptions leaves out.

    Two rows are about the sheets themselves: `prescriptions`, the tier's share of all, and `diagnoses_apart`, how often
    several diagnoses stand in fields of their own.
    """

    table: ClassVar[str] = "fills"
    key: ClassVar[tuple[str, ...]] = ("field", "tier")
    about: ClassVar[str] = "填写率 · how often sites fill a field in"

    field: Annotated[Text, column("字段", "weight_child", "a field of the prescription, see county/gaps.py")]
    tier: Annotated[Tier, column("层级", "village", "village, township or county")]
    percent: Annotated[Decimal, BeforeValidator(plain_number), column("填写率", "10", "of sheets, in percent")]
