"""What law and county decide about drugs, places and clauses: marks, permits, articles, demands, limits of payers."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator

from rx_review.library.rows.dated import Age, Flag, Maybe, Number, Row, Text, column, plain_number

MARKS: dict[str, tuple[str, str]] = {
    "precursor": ("易制毒", "a precursor of narcotics (药品类易制毒化学品)"),
    "radioactive": ("放射性药品", "a radioactive medicine"),
    "one_dose_only": ("仅限一次常用量", "a narcotic of which only one usual dose may be prescribed"),
    "inside_only": ("仅限院内使用", "to be used inside the institution only"),
    "second_level_hospital": ("仅限二级以上医院", "to be used in hospitals of the second level or above only"),
    "termination": ("终止妊娠药品", "for the termination of pregnancy, in licensed institutions only"),
    "special_storage": ("特殊储存", "needs special storage, and so leaves long-term prescriptions"),
    "long_term_allowed": ("长期处方白名单", "allowed on long-term prescriptions in spite of its storage or class"),
    "long_term_list": ("长期处方目录", "on the county's list of drugs for long-term prescriptions"),
    "key_monitored": ("重点监控", "on the national list of drugs under key monitoring"),
    "antineoplastic_ordinary": ("普通使用级抗肿瘤药物", "antineoplastic of the ordinary tier"),
    "antineoplastic_restricted": ("限制使用级抗肿瘤药物", "antineoplastic of the restricted tier"),
    "blood_product": ("血液制品", "a blood product"),
    "weekly_only": ("每周一次", "taken once a week in non-malignant disease"),
    "every_72_hours": ("每72小时一次", "a patch that acts for 72 hours"),
    "dose_in_units": ("按单位给药", "dosed in units of activity, never in millilitres"),
    "potassium_injection": ("钾盐注射液", "a concentrated potassium salt for infusion"),
    "dependence": ("易成瘾", "an opioid, benzodiazepine or the like, of which supplies must not pile up"),
    "negotiated": ("国谈药", "a drug whose price the insurer negotiated"),
    "first_prescription_outside_internet": ("不宜互联网首诊", "not to be begun over the internet"),
    "hospital_preparation": ("院内制剂", "a preparation of one institution"),
}  # fmt: skip
"""Marks of products that rules test as flags: Chinese and English; the vocabulary has a fact for each."""

PERMITS: dict[str, tuple[str, str]] = {
    "narcotic_card": ("麻醉药品印鉴卡", "card for buying narcotics and class-1 psychotropics"),
    "intravenous_antimicrobial": ("静脉输注抗菌药物核准", "approval to infuse antimicrobials"),
    "outpatient_infusion": ("门诊静脉输液核准", "approval to infuse outpatients"),
    "termination": ("终止妊娠技术许可", "licence for the termination of pregnancy"),
    "toxic": ("毒性药品使用", "may use medicinal toxics"),
    "radioactive": ("放射性药品使用许可", "licence for radioactive medicines"),
    "internet": ("互联网诊疗", "registered for care over the internet"),
    "antineoplastic": ("抗肿瘤药物使用", "may use antineoplastics"),
    "remote_area": ("艰苦边远地区", "lies in a hard or remote area, where assistants may practise alone"),
}
"""Permits of institutions: Chinese and English; the vocabulary has a fact for each."""

OUTLET_PERMITS: dict[str, tuple[str, str]] = {
    "psychotropic_2_retail": ("第二类精神药品零售", "chain outlet approved to sell class-2 psychotropics"),
    "toxic_retail": ("毒性药品零售", "outlet designated to sell medicinal toxics"),
}  # fmt: skip
"""Permits of retail pharmacies."""


def _mark(word: str) -> str:
    if word not in MARKS:
        raise ValueError(f"no such mark; marks are {', '.join(MARKS)}")
    return word


def _permit(word: str) -> str:
    if word not in (words := PERMITS | OUTLET_PERMITS):
        raise ValueError(f"no such permit; permits are {', '.join(words)}")
    return word


class Mark(Row):
    """What law, a list or the county marks a product as, on these dates."""

    table: ClassVar[str] = "marks"
    key: ClassVar[tuple[str, ...]] = ("target", "form", "strength", "mark")
    about: ClassVar[str] = "药品标记 · legal and administrative marks of products"

    target: Annotated[
        Text, column("对象", "哌替啶", "generic of drugs.csv, or class:CODE (every drug with such an active)")
    ]
    form: Annotated[Maybe, column("剂型", "injection", "key of forms.csv; empty = every form")] = None
    strength: Annotated[Maybe, column("规格", "2.5mg", "as in drugs.csv; empty = every strength")] = None
    mark: Annotated[Text, AfterValidator(_mark), column("标记", "inside_only", "one of the marks below")]


class Permit(Row):
    """Whether an institution or outlet has a permit; without a row that is unknown."""

    table: ClassVar[str] = "permits"
    key: ClassVar[tuple[str, ...]] = ("holder", "permit")
    about: ClassVar[str] = "许可与核准 · permits of institutions and outlets"

    holder: Annotated[Text, column("机构", "SAMPLE-T01", "key of institutions.csv or outlets.csv")]
    permit: Annotated[
        Text, AfterValidator(_permit), column("许可", "intravenous_antimicrobial", "one of the permits below")
    ]
    granted: Annotated[Flag, column("已取得", "true", "false: refused, withdrawn or never asked for")]


class Outlet(Row):
    """A pharmacy outside the community to which a prescription may be taken."""

    table: ClassVar[str] = "outlets"
    key: ClassVar[tuple[str, ...]] = ("outlet",)
    about: ClassVar[str] = "社会药店 · retail pharmacies"

    outlet: Annotated[Text, column("药店", "SAMPLE-P01", "the key others use")]
    name: Annotated[Text, column("名称", "示例大药房一店", "name")]


class Article(Row):
    """An article or clause of a law, rule or policy: what it asks, and why no rule can judge it where none does."""

    table: ClassVar[str] = "articles"
    key: ClassVar[tuple[str, ...]] = ("source", "place", "article")
    about: ClassVar[str] = "法条 · articles and clauses, traced to rules in rules/TRACE.md"

    place: Annotated[Text, column("次序", "019", "three digits that put articles in order")]
    article: Annotated[Text, column("条款", "第十九条", "as rules name it in `basis`")]
    gist_zh: Annotated[Text, column("要求", "一般处方不超过7日用量", "what it asks, in our words")]
    gist_en: Annotated[Text, column("要求（英）", "seven days as a rule", "the same in English")]
    reason_zh: Annotated[Maybe, column("无规则的理由", "", "why no rule judges it, or what of it none can")] = None
    reason_en: Annotated[Maybe, column("无规则的理由（英）", "", "the same in English")] = None


class Demand(Row):
    """Something inspectors ask of prescriptions, with the rules that see to it."""

    table: ClassVar[str] = "demands"
    key: ClassVar[tuple[str, ...]] = ("demand",)
    about: ClassVar[str] = "检查清单 · what inspectors ask, and the rules that answer"

    demand: Annotated[
        Text, column("编号", "C11", "L legality, N format, C controlled, T long-term, F, S, X, P practice")
    ]
    zh: Annotated[Text, column("要求", "第二类精神药品超过7日", "what is asked")]
    en: Annotated[Text, column("要求（英）", "class-2 psychotropic over seven days", "the same in English")]
    rules: Annotated[Maybe, column("规则", "RX-CTL-013", "ids, blanks between")] = None
    reason_zh: Annotated[Maybe, column("机器不能判断之处", "", "what of it no machine can judge, and why")] = None
    reason_en: Annotated[Maybe, column("机器不能判断之处（英）", "", "the same in English")] = None


class Topic(Row):
    """A folder of rules: what its rules are about, and with what authority they speak."""

    table: ClassVar[str] = "topics"
    key: ClassVar[tuple[str, ...]] = ("topic",)
    about: ClassVar[str] = "规则主题 · folders of rules"

    topic: Annotated[Text, column("主题", "controlled", "folder below rules/")]
    zh: Annotated[Text, column("名称", "特殊管理药品", "Chinese name")]
    en: Annotated[Text, column("名称（英）", "controlled medicines", "English name")]
    family: Annotated[
        Literal["law", "clinical", "payment"],
        column(
            "类别", "law", "law: law, regulation and county policy; clinical: label and guideline; payment: insurer"
        ),
    ]


class OffLabel(Row):
    """Use beyond the label that the P&T committee allows, with the patient's consent (医师法 art. 29)."""

    table: ClassVar[str] = "off_label"
    key: ClassVar[tuple[str, ...]] = ("generic", "topic", "condition")
    about: ClassVar[str] = "超说明书用药目录 · off-label uses that the committee allows"

    generic: Annotated[Text, column("通用名", "米索前列醇", "generic of drugs.csv")]
    topic: Annotated[
        Literal["age", "pregnancy", "lactation", "disease", "dose", "indication"],
        column("方面", "indication", "which finding it silences"),
    ]
    condition: Annotated[
        Maybe, column("诊断组", "", "group of diagnosis_groups.csv that must be present; empty = any diagnosis")
    ] = None
    decision: Annotated[Text, column("依据", "药事会2026-03号纪要", "minute of the committee that decided it")]


class Indication(Row):
    """A group of diagnoses that supports the use of a drug or class; with any row, one of them is needed."""

    table: ClassVar[str] = "indications"
    key: ClassVar[tuple[str, ...]] = ("target", "group")
    about: ClassVar[str] = "适应证 · diagnoses that support a drug; only of what is listed here is one asked"

    target: Annotated[Text, column("对象", "class:ppi", "generic of drugs.csv, or class:CODE")]
    group: Annotated[Text, column("诊断组", "acid_disease", "group of diagnosis_groups.csv")]


class Solvent(Row):
    """A solvent the label allows; with any row, only those are allowed in one infusion with the drug."""

    table: ClassVar[str] = "solvents"
    key: ClassVar[tuple[str, ...]] = ("target", "solvent")
    about: ClassVar[str] = "溶媒 · solvents that the label allows"

    target: Annotated[Text, column("对象", "泮托拉唑", "generic of drugs.csv")]
    solvent: Annotated[Text, column("溶媒", "氯化钠", "generic of a solvent in drugs.csv")]
    volume_from: Annotated[Number, column("体积下限", "100", "ml; empty = not said")] = None
    volume_until: Annotated[Number, column("体积上限", "250", "ml, inclusive; empty = not said")] = None
    strict: Annotated[Flag, column("禁用其他", "true", "the label forbids others; false: it only names these")] = False


class Winner(Row):
    """A producer whose product won the volume-based purchase for this county and these dates."""

    table: ClassVar[str] = "winners"
    key: ClassVar[tuple[str, ...]] = ("generic", "form", "strength", "producer")
    about: ClassVar[str] = "集采中选 · winners of volume-based purchasing"

    generic: Annotated[Text, column("通用名", "氨氯地平", "as in drugs.csv")]
    form: Annotated[Text, column("剂型", "tablet", "key of forms.csv")]
    strength: Annotated[Text, column("规格", "5mg", "as in drugs.csv")]
    producer: Annotated[Text, column("企业", "示例制药甲", "as lines name it")]


class PaymentLimit(Row):
    """A limit of the insurer's on what it pays for: never a matter of safety."""

    table: ClassVar[str] = "payment_limits"
    key: ClassVar[tuple[str, ...]] = ("generic", "form", "limit", "condition", "age_from", "age_until")
    about: ClassVar[str] = "医保限定支付 · what the insurer pays for"

    generic: Annotated[Text, column("通用名", "小儿肺热咳喘口服液", "generic of drugs.csv")]
    form: Annotated[Maybe, column("剂型", "", "key of forms.csv; empty = every form")] = None
    limit: Annotated[
        Literal["sex", "age", "level", "setting", "days", "scheme"],
        column("限定", "age", "what is limited: sex, age, hospital level, kind of visit, days, insurance scheme"),
    ]
    condition: Annotated[
        Maybe,
        column(
            "条件", "",
            "sex: male or female; level: secondary or tertiary and above; setting: ward or emergency_or_ward; "
            "scheme: work_injury or maternity",
        ),
    ] = None  # fmt: skip
    age_from: Annotated[Age, column("年龄自", "", "inclusive, for age")] = None
    age_until: Annotated[Age, column("年龄至", "14y", "exclusive, for age")] = None
    days: Annotated[
        Decimal | None, BeforeValidator(plain_number), column("天数", "", "for days: the most paid for")
    ] = None
