"""What is known about their safe use: limits, interactions, contraindications, herbs."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator

from rx_review.library.rows.dated import Age, Flag, Maybe, Number, Row, Text, column, plain_number


class Limit(Row):
    """A bound on dose or days from the label or the pharmacopoeia."""

    table: ClassVar[str] = "limits"
    key: ClassVar[tuple[str, ...]] = ("target", "route", "form", "age_from", "age_until", "measure", "per", "unit")
    about: ClassVar[str] = "剂量与疗程上限 · dose and duration bounds"

    target: Annotated[Text, column("对象", "布洛芬", "ingredient, class:CODE or herb:NAME")]
    route: Annotated[Maybe, column("途径组", "oral", "route group; empty = any systemic")] = None
    form: Annotated[Maybe, column("剂型", "sustained_tablet", "key of forms.csv; empty = any")] = None
    age_from: Annotated[Age, column("年龄自", "18y", "inclusive; empty = from birth")] = None
    age_until: Annotated[Age, column("年龄至", "65y", "exclusive; empty = no end")] = None
    measure: Annotated[
        Literal["single_dose", "daily_dose", "weekly_dose", "days"], column("指标", "daily_dose", "what is bounded")
    ]
    maximum: Annotated[Decimal, BeforeValidator(plain_number), column("上限", "2.4", "greatest allowed value")]
    unit: Annotated[
        Text, column("单位", "g", "key of units.csv, or day; a drug dosed in mg and in units has a row for each")
    ]
    per: Annotated[Literal["", "kg"], column("每", "kg", "kg: multiplied by body weight")] = ""
    high_alert: Annotated[Flag, column("高警示", "false", "unknown patient data holds the prescription")] = False


class Interaction(Row):
    """Two ingredients or classes that should not meet."""

    table: ClassVar[str] = "interactions"
    key: ClassVar[tuple[str, ...]] = ("a", "b")
    about: ClassVar[str] = "相互作用 · interactions; a before b in code-point order"

    a: Annotated[Text, column("甲", "class:nitrate", "ingredient or class:CODE")]
    b: Annotated[Text, column("乙", "西地那非", "ingredient or class:CODE")]
    grade: Annotated[Literal["contraindicated", "major", "moderate"], column("级别", "contraindicated", "how bad")]
    scope: Annotated[Literal["systemic", "any"], column("范围", "systemic", "systemic: both given systemically")] = (
        "systemic"
    )
    consequence_zh: Annotated[Text, column("后果", "可致严重低血压", "what happens")]
    consequence_en: Annotated[Text, column("后果（英）", "severe hypotension", "what happens")]
    advice_zh: Annotated[Maybe, column("建议", "停用其一", "what to do")] = None
    advice_en: Annotated[Maybe, column("建议（英）", "stop one of them", "what to do")] = None


class Contraindication(Row):
    """A patient group in which an ingredient, class or herb is contraindicated or needs care."""

    table: ClassVar[str] = "contraindications"
    key: ClassVar[tuple[str, ...]] = ("target", "topic", "condition", "age_from", "age_until", "form")
    about: ClassVar[str] = "禁忌与慎用 · contraindications and cautions"

    target: Annotated[Text, column("对象", "class:fluoroquinolone", "ingredient, class:CODE or herb:NAME")]
    topic: Annotated[
        Literal["age", "pregnancy", "lactation", "disease", "sex", "renal", "hepatic", "allergy"],
        column("方面", "age", "which patient fact decides"),
    ]
    condition: Annotated[
        Maybe,
        column(
            "条件",
            "asthma",
            "disease: group of diagnosis_groups.csv; allergy: allergen; sex: male or female; "
            "pregnancy: empty, or first, second, third for one trimester; hepatic: mild, moderate or severe and worse",
        ),
    ] = None
    age_from: Annotated[Age, column("年龄自", "", "inclusive, for topic age")] = None
    age_until: Annotated[Age, column("年龄至", "18y", "exclusive, for topic age")] = None
    under: Annotated[Number, column("低于", "30", "for topic renal: eGFR below, ml/min/1.73m2")] = None
    form: Annotated[Maybe, column("剂型", "", "key of forms.csv; empty = any")] = None
    grade: Annotated[Literal["contraindicated", "caution"], column("级别", "contraindicated", "how bad")]
    scope: Annotated[Literal["systemic", "any"], column("范围", "systemic", "any: topical use too")] = "systemic"
    ask_zh: Annotated[Maybe, column("追问", "患者是否妊娠？", "asked when unknown; then the prescription is held")] = (
        None
    )
    ask_en: Annotated[Maybe, column("追问（英）", "Is she pregnant?", "the same question")] = None
    consequence_zh: Annotated[Text, column("后果", "可影响软骨发育", "why")]
    consequence_en: Annotated[Text, column("后果（英）", "may harm cartilage", "why")]


class Incompatibility(Row):
    """Herbs that classical texts keep apart, or injections that must not be mixed."""

    table: ClassVar[str] = "incompatibilities"
    key: ClassVar[tuple[str, ...]] = ("kind", "a", "b")
    about: ClassVar[str] = "配伍禁忌 · 十八反, 十九畏, 注射剂配伍"

    kind: Annotated[
        Literal["eighteen_antagonisms", "nineteen_fears", "infusion"],
        column("类别", "eighteen_antagonisms", "十八反, 十九畏, or mixing in one infusion"),
    ]
    a: Annotated[Text, column("甲", "附子", "herb, ingredient or class:CODE; a before b in code-point order")]
    b: Annotated[Text, column("乙", "半夏", "the other")]
    grade: Annotated[Literal["contraindicated", "major", "moderate"], column("级别", "major", "how bad")]
    consequence_zh: Annotated[Text, column("后果", "十八反", "why")]
    consequence_en: Annotated[Text, column("后果（英）", "eighteen antagonisms", "why")]


class Herb(Row):
    """A decoction piece: pharmacopoeia range, footnote, legal toxicity."""

    table: ClassVar[str] = "herbs"
    key: ClassVar[tuple[str, ...]] = ("herb",)
    about: ClassVar[str] = "中药饮片 · decoction pieces"

    herb: Annotated[Text, column("饮片", "附片", "name of the piece")]
    family: Annotated[Text, column("药材", "附子", "herb whose incompatibilities and cautions it shares")]
    minimum: Annotated[Number, column("用量下限", "3", "g a day")] = None
    maximum: Annotated[Number, column("用量上限", "15", "g a day")] = None
    footnote: Annotated[
        Literal["", "先煎", "后下", "包煎", "烊化", "另煎", "冲服"], column("脚注", "先煎", "how it is decocted")
    ] = ""
    footnote_critical: Annotated[Flag, column("脚注必需", "true", "toxic if decocted wrongly")] = False
    toxic: Annotated[Flag, column("毒性", "false", "raw piece on the list of toxic herbs")] = False
    control: Annotated[
        Literal["", "narcotic"], column("麻精类别", "narcotic", "poppy husk; other pieces are not controlled")
    ] = ""


class Allergen(Row):
    """What a recorded allergy names."""

    table: ClassVar[str] = "allergens"
    key: ClassVar[tuple[str, ...]] = ("allergen",)
    about: ClassVar[str] = "过敏原 · recorded allergens"

    allergen: Annotated[Text, column("过敏原", "青霉素", "as recorded")]
    target: Annotated[Text, column("指向", "class:penicillin", "ingredient or class:CODE")]


class SkinTest(Row):
    """A drug that needs a skin test before it is given."""

    table: ClassVar[str] = "skin_tests"
    key: ClassVar[tuple[str, ...]] = ("target", "route")
    about: ClassVar[str] = "皮试药品 · drugs with a skin test"

    target: Annotated[Text, column("对象", "class:penicillin", "ingredient or class:CODE")]
    route: Annotated[Maybe, column("途径组", "injection", "empty = any")] = None


class Growth(Row):
    """The lightest weight to be expected of healthy children from an age on."""

    table: ClassVar[str] = "growth"
    key: ClassVar[tuple[str, ...]] = ("days",)
    about: ClassVar[str] = "儿童体重下限 · lightest plausible weights of children"

    days: Annotated[int, column("日龄", "730", "age in days from which it holds, until the next row's")]
    lightest: Annotated[
        Decimal, BeforeValidator(plain_number), column("体重", "9.5", "third percentile of the lighter sex, kg")
    ]


class DiagnosisGroup(Row):
    """A named set of ICD-10 prefixes, or of diagnosis names matched exactly."""

    table: ClassVar[str] = "diagnosis_groups"
    key: ClassVar[tuple[str, ...]] = ("group", "prefix")
    about: ClassVar[str] = "诊断组 · groups of ICD-10 codes"

    group: Annotated[Text, column("组", "asthma", "the key others use")]
    zh: Annotated[Text, column("中文", "支气管哮喘", "Chinese name")]
    en: Annotated[Text, column("英文", "asthma", "English name")]
    prefix: Annotated[Text, column("ICD-10 前缀", "J45", "three or more characters")]
    broad: Annotated[Flag, column("宽泛", "false", "so wide that two diagnoses in it need have nothing in common")] = (
        False
    )
