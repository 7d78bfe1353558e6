"""The dictionaries and settings around them: sources, diagnoses, routes, units, parameters, members."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from rx_review.library.rows.dated import Flag, Maybe, Number, Row, Text, Tier, Until, column, plain_number


class Source(BaseModel):
    """A law, list, label or standard that rows and rules name."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    table: ClassVar[str] = "sources"
    key: ClassVar[tuple[str, ...]] = ("source",)
    about: ClassVar[str] = "法规、目录、说明书、标准 · every `source` in the formulary and in rules resolves here"

    source: Annotated[Text, column("来源", "MOH-2007-53", "the key others use")]
    title: Annotated[Text, column("题名", "处方管理办法", "official title")]
    number: Annotated[Maybe, column("文号", "卫生部令第53号", "official number")] = None
    issued: Annotated[Until, column("发布日", "2007-02-14", "day of issue")] = None
    kind: Annotated[
        Literal["law", "regulation", "notice", "list", "pharmacopoeia", "label", "guideline", "standard", "county"],
        column("类别", "regulation", "what kind of authority it is"),
    ]


class Diagnosis(Row):
    """A diagnosis category: ICD-10, TCM disease or TCM syndrome."""

    table: ClassVar[str] = "diagnoses"
    key: ClassVar[tuple[str, ...]] = ("code",)
    about: ClassVar[str] = "诊断类目 · diagnosis categories"

    code: Annotated[Text, column("类目", "J45", "code without the trailing dot")]
    zh: Annotated[Text, column("名称", "哮喘", "name")]
    kind: Annotated[
        Literal["western", "tcm_disease", "tcm_syndrome"], column("类别", "western", "which classification")
    ]


class Route(Row):
    """A route of administration."""

    table: ClassVar[str] = "routes"
    key: ClassVar[tuple[str, ...]] = ("route",)
    about: ClassVar[str] = "给药途径 · routes"

    route: Annotated[Text, column("途径", "iv_drip", "the key others use")]
    zh: Annotated[Text, column("中文", "静脉滴注", "Chinese name")]
    en: Annotated[Text, column("英文", "intravenous infusion", "English name")]
    group: Annotated[
        Literal["oral", "injection", "inhaled", "topical", "rectal", "other"],
        column("途径组", "injection", "what limits are written for"),
    ]
    infusion: Annotated[Flag, column("输液", "true", "given as an intravenous infusion")] = False
    systemic: Annotated[Flag, column("全身", "true", "meant to act in the whole body")]
    into: Annotated[
        Literal["", "swallowed", "sublingual", "tube", "eye_or_ear", "body_opening", "vein"],
        column("给入", "vein", "where it puts the drug, where not every form may go"),
    ] = ""
    countable: Annotated[
        Flag, column("可计天数", "true", "false: drops, creams, puffs; days of supply cannot be computed")
    ]


class Unit(Row):
    """A unit of dose or quantity."""

    table: ClassVar[str] = "units"
    key: ClassVar[tuple[str, ...]] = ("unit",)
    about: ClassVar[str] = "单位 · units"

    unit: Annotated[Text, column("单位", "mg", "as written on a lawful prescription")]
    zh: Annotated[Text, column("中文", "毫克", "Chinese name")]
    dimension: Annotated[
        Literal["mass", "volume", "activity", "count", "pack", "packet", "amount"],
        column("量纲", "mass", "count: 片 粒 支; pack: 盒; packet: 剂; amount: mmol"),
    ]
    factor: Annotated[Number, column("换算", "1000", "to the base: ug, ml, IU, one; empty = not convertible")] = None
    legal: Annotated[Flag, column("法定", "true", "unit that 处方管理办法 art. 7 allows")] = True


class Form(Row):
    """A dosage form and the form it counts as on the essential list."""

    table: ClassVar[str] = "forms"
    key: ClassVar[tuple[str, ...]] = ("form",)
    about: ClassVar[str] = "剂型 · dosage forms"

    form: Annotated[Text, column("剂型", "film_tablet", "the key others use")]
    zh: Annotated[Text, column("中文", "薄膜衣片", "Chinese name")]
    en: Annotated[Text, column("英文", "film-coated tablet", "English name")]
    counts_as: Annotated[Text, column("归属", "tablet", "form of the essential list it is read as")]
    route: Annotated[
        Literal["oral", "injection", "inhaled", "topical", "rectal", "other"],
        column("途径组", "oral", "route group it is made for"),
    ]
    release: Annotated[Literal["immediate", "sustained", "enteric"], column("释放", "immediate", "how it releases")] = (
        "immediate"
    )
    solid: Annotated[Flag, column("可数", "true", "counted in whole units")] = False
    only: Annotated[
        Maybe, column("专用途径", "eye", "keys of routes.csv, blanks between; empty = any of its group")
    ] = None
    coarse: Annotated[
        Flag, column("大类", "true", "many systems file other forms under it: a form that the name says beats it")
    ] = False


class Frequency(Row):
    """How often a dose is given."""

    table: ClassVar[str] = "frequencies"
    key: ClassVar[tuple[str, ...]] = ("frequency",)
    about: ClassVar[str] = "频次 · frequencies"

    frequency: Annotated[Text, column("频次", "tid", "the key others use")]
    zh: Annotated[Text, column("中文", "每日三次", "Chinese name")]
    times: Annotated[Number, column("次数", "3", "doses in the period; empty = not computable")] = None
    period: Annotated[Number, column("周期天数", "1", "days in the period; empty = not computable")] = None


class Spelling(Row):
    """A local spelling of a route, unit, form or frequency, or an everyday wording of a diagnosis."""

    table: ClassVar[str] = "spellings"
    key: ClassVar[tuple[str, ...]] = ("kind", "spelling")
    about: ClassVar[str] = "写法 · local spellings, matched exactly after case folding"

    kind: Annotated[
        Literal["route", "unit", "form", "frequency", "diagnosis", "payer"],
        column("字典", "route", "which dictionary; payer: self, medical, work_injury or maternity"),
    ]
    spelling: Annotated[Text, column("写法", "静滴", "as an HIS sends it")]
    code: Annotated[Text, column("指向", "iv_drip", "key of that dictionary")]


class Parameter(Row):
    """A number that the county may set."""

    table: ClassVar[str] = "parameters"
    key: ClassVar[tuple[str, ...]] = ("parameter",)
    about: ClassVar[str] = "参数 · settable numbers, `$name` in rules"

    parameter: Annotated[Text, column("参数", "outpatient_days", "`$name` in rules")]
    value: Annotated[Decimal, BeforeValidator(plain_number), column("值", "7", "the number")]
    unit: Annotated[Text, column("单位", "day", "what it counts")]
    zh: Annotated[Text, column("中文", "门诊处方用量上限", "what it is")]
    en: Annotated[Text, column("英文", "outpatient supply limit", "what it is")]


class Institution(Row):
    """A member of the community."""

    table: ClassVar[str] = "institutions"
    key: ClassVar[tuple[str, ...]] = ("institution",)
    about: ClassVar[str] = "成员机构 · members (a sample county)"

    institution: Annotated[Text, column("机构", "SAMPLE-T01", "the key others use")]
    name: Annotated[Text, column("名称", "示例镇卫生院", "name")]
    tier: Annotated[Tier, column("层级", "township", "village, township or county")]
    parent: Annotated[Maybe, column("上级", "SAMPLE-C01", "institution it is managed by")] = None
    level: Annotated[
        Literal["", "none", "primary", "secondary", "tertiary"],
        column("医院级别", "primary", "hospital level; none = not graded, as clinics are; empty = unknown"),
    ] = ""
    site: Annotated[
        Maybe, column("接口", "village-rows", "how its system sends: a file of sites/; empty = our own form")
    ] = None


class CommentCode(Row):
    """An official problem code of 处方点评."""

    table: ClassVar[str] = "comment_codes"
    key: ClassVar[tuple[str, ...]] = ("code",)
    about: ClassVar[str] = "处方点评代码 · official problem codes"

    code: Annotated[Text, column("代码", "1-12", "official code")]
    class_: Annotated[
        Literal["不规范", "不适宜", "超常"], Field(alias="class"), column("类别", "不规范", "which of three kinds")
    ]
    zh: Annotated[Text, column("内容", "门诊处方超过7日用量", "what it says, in our words")]
    en: Annotated[Text, column("内容（英）", "over seven days", "the same in English")]


class Wording(Row):
    """A wording that says nothing: vague directions, or a diagnosis that is none."""

    table: ClassVar[str] = "wordings"
    key: ClassVar[tuple[str, ...]] = ("kind", "wording")
    about: ClassVar[str] = "含糊字句 · wordings that say nothing"

    kind: Annotated[
        Literal["usage", "diagnosis", "mark"],
        column("类别", "usage", "where it is written; mark: in brackets around a drug's name"),
    ]
    wording: Annotated[Text, column("字句", "遵医嘱", "matched exactly")]
