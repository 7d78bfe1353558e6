"""Our vocabulary as a site profile names it: every field of a prescription, its kind, and what an HIS may lack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from rx_review.domain.prescription import Licence, ReasonFor, Role, Setting, Sheet, Stage

Kind = Literal["code", "text", "number", "count", "day", "instant", "choice", "truth", "age", "list"]
Part = Literal["fields", "lines", "diagnoses", "signatures", "reasons"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of ours. `at` is where it stands in our JSON, dots between keys; `carried` its name in `lacks`."""

    name: str
    kind: Kind
    zh: str
    en: str
    at: str
    options: tuple[str, ...] = ()
    carried: str | None = None


def _fields(rows: Iterable[tuple[str, Kind, str, str, str | None]]) -> Mapping[str, Field]:
    places = {
        "patient.egfr": "patient.egfr.value",
        "patient.egfr_on": "patient.egfr.on",
        "patient.crcl": "patient.crcl.value",
        "patient.crcl_on": "patient.crcl.on",
        "patient.allergies": "patient.allergies.items",
        "patient.allergy_status": "patient.allergies.status",
    }
    return {
        name: Field(
            name, kind, zh, en, places.get(name, name), _OPTIONS.get(name, ()) if kind == "choice" else (), lack
        )
        for name, kind, zh, en, lack in rows
    }


_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "stage": get_args(Stage),
    "setting": get_args(Setting),
    "sheet": get_args(Sheet),
    "prescriber.licence": get_args(Licence),
    "patient.sex": ("male", "female", "unknown"),
    "patient.pregnancy": ("pregnant", "not_pregnant"),
    "patient.allergy_status": ("none", "known", "not_asked"),
    "patient.hepatic": ("normal", "mild", "moderate", "severe"),
    "kind": ("western", "patent", "herb", "granule", "tcm_disease", "tcm_syndrome"),
    "skin_test": ("ordered", "negative", "positive", "exempt"),
    "role": get_args(Role),
    "for": get_args(ReasonFor),
}

SHEET = _fields(
    (
        ("number", "code", "处方编号", "number of the sheet", None),
        ("revision", "count", "修改次数", "revision, from 1", None),
        ("stage", "choice", "所处环节", "stage of the sheet", None),
        ("setting", "choice", "就诊类型", "outpatient, emergency, ward …", None),
        ("sheet", "choice", "处方类别", "kind of sheet", None),
        ("institution", "code", "开方机构", "member where it is prescribed", None),
        ("collection_site", "code", "取药机构", "member where it is collected", None),
        ("visit", "code", "就诊流水号", "visit", "visit"),
        ("record_number", "code", "门诊/住院病历号", "record number", "record_number"),
        ("department", "text", "科别", "department", "department"),
        ("payer", "text", "费别", "payer", "payer"),
        ("issued_at", "instant", "开具时间", "instant of issue", None),
        ("valid_days", "count", "有效天数", "days the sheet is valid", None),
        ("long_term", "truth", "长期处方", "long-term prescription", None),
        ("assessed", "truth", "长期处方评估已记录", "the assessment for a long-term prescription", "long_term_record"),
        ("first_visit", "truth", "首诊", "first visit for this illness", None),
        ("rescue", "truth", "抢救用药", "given in a rescue", None),
        ("consultation", "code", "会诊记录号", "consultation that approved a special-tier drug", "consultation"),
        ("amount", "number", "处方金额", "what the sheet costs, yuan", None),
        ("prescriber.id", "code", "医师工号", "prescriber's code", None),
        ("prescriber.name", "text", "医师姓名", "prescriber's name", None),
        ("prescriber.identity_number", "code", "医师身份证号", "prescriber's identity number", None),
        ("prescriber.licence", "choice", "执业类别", "prescriber's licence", None),
        ("prescriber.title", "text", "医师职称", "prescriber's title", None),
        ("prescriber.independent", "truth", "可独立执业", "an assistant who may practise alone", None),
        ("patient.id", "code", "患者编号", "patient's code", None),
        ("patient.name", "text", "患者姓名", "patient's name", "patient_name"),
        ("patient.sex", "choice", "性别", "sex", None),
        ("patient.birth_date", "day", "出生日期", "day of birth", None),
        ("patient.age_written", "age", "年龄", "age as written: 45岁, 8月, 12天", None),
        ("patient.weight", "number", "体重 kg", "weight, kg", "weight"),
        ("patient.height", "number", "身高 cm", "height, cm", None),
        ("patient.pregnancy", "choice", "妊娠", "pregnancy", "pregnancy"),
        ("patient.gestation", "count", "孕周", "completed weeks of gestation", "pregnancy"),
        ("patient.lactation", "truth", "哺乳", "breast-feeding", "lactation"),
        ("patient.allergies", "list", "过敏原", "allergens", "allergies"),
        ("patient.allergy_status", "choice", "过敏史有无", "what was asked about allergies", "allergies"),
        ("patient.egfr", "number", "eGFR", "eGFR, ml/min/1.73m2", "renal"),
        ("patient.egfr_on", "day", "eGFR 日期", "day of the eGFR sample", "renal"),
        ("patient.crcl", "number", "肌酐清除率", "creatinine clearance, ml/min", "renal"),
        ("patient.crcl_on", "day", "肌酐清除率日期", "day of the clearance sample", "renal"),
        ("patient.hepatic", "choice", "肝功能分级", "hepatic function", "hepatic"),
        ("patient.chronic_entitlements", "list", "门诊慢特病", "chronic disease entitlements", None),
        ("patient.identity_number", "code", "身份证明编号", "patient's identity number", "identity_number"),
        ("patient.agent.name", "text", "代办人姓名", "agent's name", "agent"),
        ("patient.agent.identity_number", "code", "代办人身份证号", "agent's identity number", "agent"),
        ("patient.guardian", "text", "监护人", "guardian who is present", "guardian"),
        ("decoction.packets", "count", "剂数", "packets of herbs", "decoction"),
        ("decoction.frequency", "text", "饮片频次", "packets a day", "decoction"),
        ("decoction.usage", "text", "饮片用法", "how the decoction is taken", "decoction"),
    )
)

LINES = _fields(
    (
        ("line", "count", "行号", "number on the sheet; else counted", None),
        ("product", "code", "院内药品编码", "product code", None),
        ("generic", "text", "药品名称", "name as written", None),
        ("kind", "choice", "药品类别", "western, patent, herb, granule", None),
        ("form", "text", "剂型", "form", None),
        ("strength", "text", "规格", "strength", None),
        ("pack", "number", "包装数", "dose units in one pack", None),
        ("producer", "text", "生产企业", "who holds the marketing authorisation", None),
        ("dose", "number", "单次剂量", "one dose", None),
        ("dose_unit", "text", "剂量单位", "unit of the dose", None),
        ("route", "text", "给药途径", "route", "route"),
        ("frequency", "text", "频次", "frequency", "frequency"),
        ("days", "number", "天数", "days as written", "days"),
        ("quantity", "number", "数量", "quantity supplied", "quantity"),
        ("quantity_unit", "text", "数量单位", "unit of the quantity", "quantity"),
        ("group", "count", "组号", "lines of one infusion share it", None),
        ("footnote", "text", "脚注", "footnote of a herb", "footnote"),
        ("skin_test", "choice", "皮试", "skin test", "skin_test"),
        ("usage", "text", "用法说明", "directions in words", None),
    )
)

DIAGNOSES = _fields(
    (
        ("text", "list", "诊断", "diagnosis as written", None),
        ("code", "list", "诊断编码", "its code", None),
        ("kind", "choice", "诊断类别", "western, tcm_disease, tcm_syndrome", None),
    )
)

SIGNATURES = _fields(
    (
        ("role", "choice", "签名角色", "who signs", None),
        ("person", "code", "签名人", "who it is", None),
        ("at", "instant", "签名时间", "when", None),
        ("revision", "count", "所签版本", "revision signed; else the sheet's", None),
    )
)

REASONS = _fields(
    (
        ("for", "choice", "理由针对", "what is departed from", None),
        ("text", "text", "理由", "why", None),
        ("signed_again", "truth", "再次签名", "signed again", None),
    )
)

PARTS: Mapping[Part, Mapping[str, Field]] = {
    "fields": SHEET, "lines": LINES, "diagnoses": DIAGNOSES, "signatures": SIGNATURES, "reasons": REASONS,
}  # fmt: skip
"""The fields that each part of a profile may map."""

CARRIED: frozenset[str] = frozenset(
    {"signatures", "reasons", "consents"}
    | {field.carried for fields in PARTS.values() for field in fields.values() if field.carried is not None}
)
"""What an HIS may be unable to carry at all: the names that `lacks` may hold."""


def full_name(part: Part, name: str) -> str:
    """A field as `zero_is_unknown` and the tables name it: `patient.weight`, `lines.dose`."""
    return name if part == "fields" else f"{part}.{name}"


def carried_by(part: Part, name: str) -> str | None:
    """The name in `lacks` that the field belongs to, if any."""
    return part if part in ("signatures", "reasons") else PARTS[part][name].carried
