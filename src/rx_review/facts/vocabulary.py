"""The closed vocabulary that rules may speak: each fact's type, unit, names, subject and what absence means.

Append-only: a fact never changes its meaning. `unknown` facts describe the state of the world, and a missing
one makes a rule undetermined; `not_written` facts describe the sheet, and absence is known: the value given
in `when_absent`. Facts of a prescription can be named by rules about its lines, concerns and pairs; facts of a
line by rules about its concerns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rx_review.domain.review import Subject

Kind = Literal["flag", "code", "number", "text"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One word of the vocabulary.

    `digits` are the decimals a number keeps: the engines see it as an integer times 10**digits. `text` facts
    appear in messages and cannot be tested. `values` closes a code; empty means keys of the formulary.
    """

    name: str
    subject: Subject
    kind: Kind
    zh: str
    en: str
    absence: Literal["unknown", "not_written"]
    when_absent: int | str = 0
    unit: str = ""
    digits: int = 0
    values: tuple[str, ...] = ()


def _flag(subject: Subject, name: str, zh: str, en: str, absence: str = "unknown") -> Fact:
    return Fact(name, subject, "flag", zh, en, _absence(absence), 0)


def _code(subject: Subject, name: str, zh: str, en: str, values: str = "", absent: str | None = None) -> Fact:
    absence: Literal["unknown", "not_written"] = "unknown" if absent is None else "not_written"
    return Fact(name, subject, "code", zh, en, absence, absent or "", values=tuple(values.split()))


def _number(
    subject: Subject, name: str, zh: str, en: str, unit: str, digits: int = 0, absence: str = "unknown"
) -> Fact:
    return Fact(name, subject, "number", zh, en, _absence(absence), 0, unit, digits)


def _text(subject: Subject, name: str, zh: str, en: str) -> Fact:
    return Fact(name, subject, "text", zh, en, "not_written", "")


def _absence(word: str) -> Literal["unknown", "not_written"]:
    return "unknown" if word == "unknown" else "not_written"


_WRITTEN = "not_written"

_PRESCRIPTION = (
    _code("prescription", "stage", "环节", "stage of the flow", "draft signed charge supply"),
    _code("prescription", "setting", "就诊类型", "setting", "outpatient emergency observation ward discharge internet"),
    _code("prescription", "sheet", "处方类别", "kind of sheet",
          "ordinary emergency paediatric narcotic psychotropic_2 toxic herbal none", "none"),
    _code("prescription", "tier", "机构层级", "tier of the prescribing institution", "village township county"),
    _code("prescription", "licence", "执业类别", "licence of the prescriber",
          "physician assistant rural_general_assistant rural_doctor"),
    _flag("prescription", "independent", "可独立执业", "assistant who may practise independently"),
    _flag("prescription", "countersigned", "已由执业医师签名", "countersigned by a physician", _WRITTEN),
    _flag("prescription", "prescriber_signed", "医师已签名", "signed by the prescriber", _WRITTEN),
    _flag("prescription", "altered_after_signing", "签名后有修改", "changed after the prescriber signed", _WRITTEN),
    _flag("prescription", "signed_by_another", "非处方医师本人签名",
          "the first revision carries a prescriber's signature of somebody else", _WRITTEN),
    _flag("prescription", "altered_by_another", "修改处由他人签名",
          "a later revision carries a prescriber's signature of somebody else", _WRITTEN),
    _flag("prescription", "reviewer_signed", "审核药师已签名", "signed by the pharmacist who reviewed", _WRITTEN),
    _flag("prescription", "checker_signed", "核对发药已签名", "signed by who checked or issued", _WRITTEN),
    _flag("prescription", "one_dispenser", "调剂各环节同一人", "two or more dispensing signatures, all by one person", _WRITTEN),
    _flag("prescription", "prescriber_dispenses", "医师自行调剂", "a dispensing signature is the prescriber's", _WRITTEN),
    _number("prescription", "dispensing_signatures", "后记签名数", "signatures of review, dispensing, check and issue",
            "signature", absence=_WRITTEN),
    _number("prescription", "header_missing", "前记缺项数", "fields of the heading that are missing", "field",
            absence=_WRITTEN),
    _text("prescription", "header_missing_names", "前记缺项", "names of the missing fields"),
    _flag("prescription", "diagnosis_written", "已写诊断", "a diagnosis is written", _WRITTEN),
    _flag("prescription", "diagnosis_vague", "诊断仅为含糊字句", "only wordings such as 取药, 体检", _WRITTEN),
    _flag("prescription", "diagnosis_unmapped", "诊断编码未对码",
          "a diagnosis can be read neither by its code, which is the member's own and not mapped, nor by its text", _WRITTEN),
    _flag("prescription", "diagnosis_gap_seen", "未对码诊断已列入对码清单", "those codes are already on the work-list", _WRITTEN),
    _text("prescription", "unmapped_diagnosis", "未对码的诊断编码", "the diagnosis codes that are not mapped"),
    _flag("prescription", "diagnosis_denied", "诊断均为排除", "every diagnosis that is written is denied", _WRITTEN),
    _flag("prescription", "syndrome_written", "已写证型", "a TCM syndrome is written", _WRITTEN),
    _flag("prescription", "chronic_diagnosis", "慢性病诊断",
          "a diagnosis of the chronic group; unknown while a diagnosis cannot be read"),
    _flag("prescription", "attention_deficit_child", "儿童注意缺陷多动障碍", "a patient under 18 with a diagnosis of attention deficit (F90)", _WRITTEN),
    _flag("prescription", "chronic_entitled", "门诊慢特病", "certified chronic entitlement", _WRITTEN),
    _number("prescription", "age_days", "日龄", "age in days on the day of issue", "day"),
    _number("prescription", "age_years", "年龄", "completed years on the day of issue", "year"),
    _flag("prescription", "age_in_months_or_days", "已写月龄或日龄",
          "months or days are written, or follow from the birth date", _WRITTEN),
    _flag("prescription", "age_contradicts", "年龄与出生日期不符", "written age and birth date differ by more than a year", _WRITTEN),
    _flag("prescription", "age_unreadable", "年龄写法无法识别", "an age that cannot be read, and no birth date", _WRITTEN),
    _code("prescription", "sex", "性别", "sex", "male female"),
    _flag("prescription", "pregnant", "妊娠", "pregnant; known false for men and outside the child-bearing ages"),
    _flag("prescription", "lactating", "哺乳期", "breast-feeding; known false for men and outside the child-bearing ages"),
    _flag("prescription", "weight_written", "已写体重", "the weight is written", _WRITTEN),
    _flag("prescription", "weight_needed", "需要体重", "a drug on the sheet has a bound by body weight", _WRITTEN),
    _flag("prescription", "weight_decides", "体重决定剂量是否超限",
          "a dose is within its bound by body weight or not according to a weight that is not written: it is over the bound for the "
          "lightest child of that age", _WRITTEN),
    _flag("prescription", "allergy_asked", "已问过敏史", "allergies were asked about", _WRITTEN),
    _number("prescription", "drug_count", "药品种数", "different western and patent medicines, solvents not counted",
            "drug", absence=_WRITTEN),
    _number("prescription", "herb_count", "饮片味数", "herbs and formula granules", "herb", absence=_WRITTEN),
    _number("prescription", "antibacterial_count", "抗菌药种数", "different systemic antibacterials", "drug", absence=_WRITTEN),
    _flag("prescription", "decoction_vague", "煎服法含糊", "the decoction's directions are words such as 遵医嘱", _WRITTEN),
    _flag("prescription", "herbs_with_other_drugs", "饮片与成药同方", "herbs share the sheet with other drugs", _WRITTEN),
    _flag("prescription", "tcm_injection_with_other_drugs", "中药注射剂与他药同方",
          "a TCM injection shares the sheet with a drug that is not its solvent", _WRITTEN),
    _flag("prescription", "narcotic_with_other_drugs", "麻精药品与他药同方",
          "a narcotic or class-1 psychotropic shares the sheet with another drug", _WRITTEN),
    _flag("prescription", "narcotic_on_sheet", "含麻醉或第一类精神药品", "a narcotic or class-1 psychotropic is on the sheet",
          _WRITTEN),
    _flag("prescription", "psychotropic_2_on_sheet", "含第二类精神药品", "a class-2 psychotropic is on the sheet", _WRITTEN),
    _flag("prescription", "identity_written", "已写身份证明编号", "the patient's identity number is written", _WRITTEN),
    _flag("prescription", "prescriber_is_patient", "为自己开具", "the prescriber is the patient"),
    _number("prescription", "valid_days", "有效天数", "days of validity written by the prescriber", "day",
            absence=_WRITTEN),
    _number("prescription", "days_past_validity", "过期天数", "calendar days since the last valid day; 0 = still valid",
            "day"),
    _flag("prescription", "long_term", "长期处方", "issued as a long-term prescription", _WRITTEN),
    _number("prescription", "packets", "剂数", "packets of the decoction", "packet", absence=_WRITTEN),
    _flag("prescription", "pain_programme", "癌痛慢痛登记患者", "registered for long-term opioids"),
)  # fmt: skip

_LINE = (
    _text("line", "drug", "药品", "the drug as it is shown"),
    _flag("line", "drug_known", "药品可识别", "the drug is in our formulary", _WRITTEN),
    _flag("line", "code_unmapped", "院内码未对码", "a code of the member's own that is not mapped yet", _WRITTEN),
    _flag("line", "code_gap_seen", "未对码已列入对码清单", "that code is already on the work-list", _WRITTEN),
    _text("line", "unmapped_code", "未对码的院内码", "the code that is not mapped"),
    _code("line", "kind", "药品类别", "kind of drug", "western patent herb granule"),
    _code("line", "form_route", "剂型所属途径", "route the form is made for",
          "oral injection inhaled topical rectal other"),
    _code("line", "route_group", "途径组", "group of the route", "oral injection inhaled topical rectal other"),
    _flag("line", "route_unsuited", "剂型与途径不符", "the form is not made for the route"),
    _flag("line", "infusion_only", "只可稀释后静脉滴注", "an injection that must be diluted and infused, never pushed", _WRITTEN),
    _flag("line", "infusion", "静脉输液", "given as an intravenous infusion"),
    _flag("line", "dose_written", "已写单次用量", "a dose is written", _WRITTEN),
    _flag("line", "dose_unit_unlawful", "剂量单位不规范", "a dose unit is written that is not a lawful unit", _WRITTEN),
    _flag("line", "route_written", "已写途径", "a route is written", _WRITTEN),
    _flag("line", "frequency_written", "已写频次", "a frequency is written", _WRITTEN),
    _flag("line", "quantity_written", "已写总量", "a quantity with its unit is written", _WRITTEN),
    _flag("line", "usage_vague", "用法含糊", "directions such as 遵医嘱, 自用", _WRITTEN),
    _flag("line", "topical", "局部用药", "given to act where it is put", _WRITTEN),
    _number("line", "days_supplied", "可用天数", "days that the quantity lasts at the written dose", "day", 2),
    _number("line", "days_without_last_pack", "去末盒天数",
            "days without the last pack, if packs are not split; otherwise the same as days_supplied", "day", 2),
    _number("line", "days_written_alone", "所写天数",
            "days as written, where days_supplied cannot be computed; 0 = none", "day", 2, _WRITTEN),
    _number("line", "doses_supplied", "可用次数", "single doses that the quantity holds", "dose", 2),
    _code("line", "control", "麻精类别", "class of the product on the day of issue",
          "none narcotic psychotropic_1 psychotropic_2"),
    _code("line", "release", "释放", "how the form releases", "immediate sustained enteric"),
    _code("line", "antimicrobial", "抗菌分级", "antimicrobial tier", "none unrestricted restricted special"),
    _flag("line", "high_alert", "高警示药品", "high-alert medicine", _WRITTEN),
    _flag("line", "extended_reason", "已注明延长理由", "a reason for the longer supply is written", _WRITTEN),
    _flag("line", "choice_reason", "已注明选药理由", "a reason for the choice of drug is written", _WRITTEN),
    _flag("line", "catalogue_reason", "已注明目录外理由", "a reason for leaving the catalogue is written", _WRITTEN),
    _code("line", "listing", "目录状态", "the catalogue's word for this institution",
          "listed above_tier restricted not_listed"),
    _flag("line", "essential", "国家基本药物", "on the national list in force on the day of issue"),
    _flag("line", "essential_offered", "有可替代的基本药物", "the catalogue offers an essential medicine instead"),
    _text("line", "essential_name", "可选基本药物", "the essential medicine offered"),
    _flag("line", "specialist", "△药品", "the list asks for a specialist's guidance", _WRITTEN),
    _code("line", "footnote_missing", "脚注缺失", "footnote that is missing or wrong", "none ordinary critical"),
    _text("line", "footnote_due", "应注脚注", "the footnote that is due"),
    _flag("line", "toxic_herb", "毒性饮片", "raw piece on the list of toxic herbs", _WRITTEN),
    _flag("line", "skin_test_needed", "需皮试", "the label asks for a skin test"),
    _code("line", "route_mismatch", "剂型与途径不相宜",
          "how form and route do not go together: swallowed though made for skin, eye, rectum or lungs; into eye or ear, or a body "
          "opening, though not made for it; under the tongue, or through a tube, though the form does not allow it",
          "none swallowed eye_or_ear body_opening sublingual tube"),
    _flag("line", "sublingual_swallowed", "舌下药口服", "a drug that only works under the tongue is swallowed", _WRITTEN),
    _flag("line", "vein_forbidden", "不得静脉给药", "an injection that must never enter a vein is given into one", _WRITTEN),
    _flag("line", "injection_nebulised", "注射剂雾化", "an injection that is no inhalation solution is nebulised", _WRITTEN),
    _flag("line", "once_a_day_too_few", "一日一次不足", "a drug needed several times a day is given once a day or less", _WRITTEN),
    _flag("line", "nasal_decongestant", "鼻减充血剂", "a decongestant for the nose", _WRITTEN),
    _flag("line", "irregular_name", "名称不规范", "a brand, an abbreviation, a number, an old or folk name", _WRITTEN),
    _flag("line", "strength_written", "已写规格", "a strength is written, or the product code says it; always for herbs", _WRITTEN),
    _code("line", "skin_test", "皮试", "state of the skin test", "none ordered negative positive exempt", "none"),
)  # fmt: skip

_CONCERN = (
    _code("concern", "topic", "方面", "what the concern is about",
          "allergy allergy_cross age pregnancy lactation disease sex renal hepatic single_dose daily_dose weekly_dose days herb_dose"),
    _code("concern", "grade", "级别", "how bad", "contraindicated caution bound"),
    _flag("concern", "applies", "适用", "the patient is in the group; unknown while a patient fact is missing"),
    _number("concern", "observed", "实际值", "what is prescribed, in the bound's unit", "", 6),
    _number("concern", "bound", "上限", "what the label or the pharmacopoeia allows", "", 6),
    _number("concern", "percent_of_bound", "占上限百分比", "observed as a percentage of the bound, rounded up", "%"),
    _flag("concern", "by_weight", "按体重计", "the bound is per kg of body weight", _WRITTEN),
    _flag("concern", "toxic", "毒性", "the drug or herb is toxic or high-alert", _WRITTEN),
    _flag("concern", "excused", "已注明理由并再次签名", "a reason was written and the prescriber signed again", _WRITTEN),
    _text("concern", "condition", "条件", "the group, allergen or age band"),
    _text("concern", "consequence", "后果", "what may happen"),
    _text("concern", "unit", "单位", "unit of observed and bound"),
)  # fmt: skip

_PAIR = (
    _code("pair", "topic", "方面", "what the pair is about",
          "interaction duplicate_ingredient duplicate_class herbs infusion"),
    _code("pair", "grade", "级别", "how bad", "contraindicated major moderate"),
    _code("pair", "tradition", "出处", "which tradition keeps the herbs apart",
          "none eighteen_antagonisms nineteen_fears", "none"),
    _flag("pair", "applies", "适用", "both lines are known to be in the pair"),
    _flag("pair", "same_drug", "同一药品", "both lines are the same generic and form", _WRITTEN),
    _flag("pair", "breakthrough", "缓释加必要时", "one line is sustained release, the other the same drug as needed", _WRITTEN),
    _flag("pair", "hidden", "隐含成分", "the shared ingredient hides in a compound", _WRITTEN),
    _flag("pair", "shared_plain_herb", "共有普通饮片", "what they share is a herb that is not toxic", _WRITTEN),
    _flag("pair", "across_sheets", "跨处方", "the second line is on another sheet of the visit", _WRITTEN),
    _flag("pair", "excused", "已注明理由并再次签名", "a reason was written and the prescriber signed again", _WRITTEN),
    _text("pair", "drug_a", "药品甲", "the first drug"),
    _text("pair", "drug_b", "药品乙", "the second drug"),
    _text("pair", "shared", "共同成分或类别", "what they share"),
    _text("pair", "consequence", "后果", "what may happen"),
    _text("pair", "advice", "建议", "what to do"),
)  # fmt: skip

BY_SUBJECT: Mapping[Subject, Mapping[str, Fact]] = {
    "prescription": {f.name: f for f in _PRESCRIPTION},
    "line": {f.name: f for f in (*_PRESCRIPTION, *_LINE)},
    "concern": {f.name: f for f in (*_PRESCRIPTION, *_LINE, *_CONCERN)},
    "pair": {f.name: f for f in (*_PRESCRIPTION, *_PAIR)},
}
"""What a rule about each subject may name."""

OWN: Mapping[Subject, tuple[Fact, ...]] = {
    "prescription": _PRESCRIPTION,
    "line": _LINE,
    "concern": _CONCERN,
    "pair": _PAIR,
}
"""What each subject adds to those above it."""

CAUSES: Mapping[str, tuple[str, str]] = {
    "allergen": ("过敏原名称无法识别", "a recorded allergen that we cannot read"),
    "allergies": ("过敏史", "allergies"),
    "birth_date": ("出生日期或年龄", "birth date or age"),
    "composition": ("药品组成", "composition of the drug"),
    "decoction": ("剂数与每日剂数", "packets and packets a day"),
    "diagnosis_certain": (
        "诊断是否成立（待查、既往史或编码与文字不一致）",
        "whether a diagnosis holds: suspected, past, or its code and text differ",
    ),
    "diagnosis_code": ("诊断编码或可识别的诊断名称", "a diagnosis code, or a diagnosis that can be read"),
    "dose": ("单次用量或单位", "dose or its unit"),
    "drug": ("药品", "the drug"),
    "egfr": ("肾功能（eGFR）", "renal function (eGFR)"),
    "essential_edition": ("该日基本药物目录", "essential list of that day"),
    "form": ("剂型", "dosage form"),
    "frequency": ("频次（或必要时用药不可计）", "frequency, or as needed, which cannot be counted"),
    "gestation": ("孕周", "weeks of gestation"),
    "hepatic": ("肝功能分级", "hepatic class"),
    "identity": ("医师与患者的身份证明编号", "identity numbers of prescriber and patient"),
    "institution": ("机构", "the institution"),
    "lactation": ("是否哺乳", "breast-feeding"),
    "limit": ("药品资料中没有剂量上限", "no dose limit in the formulary"),
    "line_not_carried": (
        "该机构的系统不能传送此项，请药师核对原处方",
        "what the site's system cannot send: look at the sheet itself",
    ),
    "pregnancy_suspected": ("疑似妊娠，是否妊娠", "whether a suspected pregnancy holds"),
    "not_carried": ("该机构的系统不能传送的内容", "what the site's system cannot send"),
    "multi_dose": ("多次用量的瓶或笔，天数不可计", "a multi-dose vial or pen, whose days cannot be counted"),
    "pack": ("规格或包装数", "strength or pack size"),
    "patient_register": ("患者登记", "patient register"),
    "pregnancy": ("是否妊娠", "pregnancy"),
    "prescriber": ("医师执业类别", "licence of the prescriber"),
    "quantity": ("总量或单位", "quantity or its unit"),
    "route": ("给药途径", "route"),
    "sex": ("性别", "sex"),
    "strength": ("规格", "strength"),
    "weight": ("体重", "body weight"),
}
"""What can be missing when a fact is unknown, in Chinese and English; the doctor or the HIS can supply it."""
