"""What another program writes for a profile comes back as the prescription it was written from."""

import csv
import io
import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.domain.invented import prescriptions

from rx_review.domain.prescription import Prescription
from rx_review.intake import read_site

CHINA = timezone(timedelta(hours=8))
ABSENT = {
    "",
    "-",
    "--",
    "/",
    "不详",
    "未知",
    "未测",
    "未问",
    "未查",
    "未询问",
    "无",
    "否认",
    "无过敏史",
    "否认药物过敏史",
}
DAYS_BEHIND = st.sampled_from(["", "天"])
NONE = frozenset("、，,；;")
VILLAGE = [
    "处方号", "开方日期", "开方时间", "机构代码", "姓名", "性别", "出生日期", "年龄", "年龄单位", "体重", "过敏史",
    "费别", "医生工号", "医生", "诊断", "药品名称", "规格", "单次用量", "用法", "频次", "天数", "数量", "单位", "皮试",
    "备注",
]  # fmt: skip


def writable(text: object, without: frozenset[str] = frozenset()) -> bool:
    """Whether a text means itself in the sample profiles."""
    said = str(text)
    return said == said.strip() and "".join(said.split()) not in ABSENT and not without & set(said)


def number(value: object, ways: st.DataObject) -> str:
    """A number in one of the ways in which HIS write it."""
    plain = format(Decimal(str(value)), "f")
    forms = [plain, plain + (".0" if "." not in plain else "0"), "0" + plain]
    if plain.startswith("0."):
        forms.append(plain[1:])
    forms.append(plain.translate({48 + n: 0xFF10 + n for n in range(10)}))
    return ways.draw(st.sampled_from(forms))


def only(tree: dict, *names: str) -> dict:
    return {name: tree[name] for name in names if tree.get(name) is not None}


def positive(line: dict, *names: str) -> dict:
    """The amounts that are above zero: the profile takes 0 for not given."""
    return {name: line[name] for name in names if line.get(name) is not None and float(line[name]) > 0}


def village(sent: dict, ways: st.DataObject) -> tuple[bytes, dict]:
    """The rows of a sheet in GB18030, and the prescription that they can carry."""
    patient, prescriber = sent["patient"], sent.get("prescriber", {})
    issued = datetime.fromisoformat(sent["issued_at"]).astimezone(CHINA).replace(microsecond=0)
    kept = only(patient, "name", "birth_date", "weight")
    if patient.get("sex") in ("male", "female"):
        kept["sex"] = patient["sex"]
    allergies = patient.get("allergies")
    if allergies is not None:
        kept["allergies"] = allergies
        assume(all(writable(item, NONE) for item in allergies.get("items", ())))
    texts = [diagnosis["text"] for diagnosis in sent.get("diagnoses", ())]
    assume(all(writable(text, NONE) for text in texts))
    assume(writable(kept.get("name", "x")))
    assume(writable(sent.get("payer", "x")))
    said = {"none": "否认", "not_asked": "未问", "known": "、".join((allergies or {}).get("items", ()))}
    head = {
        "处方号": sent["number"], "开方日期": f"{issued:%Y}-{issued.month}-{issued.day}",
        "开方时间": f"{issued.hour}:{issued:%M:%S}", "机构代码": sent["institution"], "姓名": kept.get("name", ""),
        "性别": {"male": ways.draw(st.sampled_from(["男", "1"])), "female": "女"}.get(kept.get("sex"), "0"),
        "出生日期": kept.get("birth_date", "1900-01-01").replace("-", ways.draw(st.sampled_from(["-", "/", ""]))),
        "体重": number(kept["weight"], ways) if "weight" in kept else "0",
        "过敏史": said[allergies["status"]] if allergies else "", "费别": sent.get("payer", ""),
        "医生工号": prescriber.get("id", ""), "诊断": "；".join(texts),
    }  # fmt: skip
    assume(kept.get("birth_date") != "1900-01-01")
    rows, lines = [], []
    for place, line in enumerate(sent["lines"], 1):
        amounts = positive(line, "dose", "days", "quantity")
        words = only(line, "generic", "strength", "route", "frequency", "quantity_unit", "skin_test")
        assume(all(writable(words[name]) for name in words))
        unit = only(line, "dose_unit") if "dose" in amounts else {}
        tested = {"negative": "阴性", "positive": "阳性", "exempt": "免试", "ordered": "待试"}
        rows.append({
            **head, "药品名称": words["generic"], "规格": words.get("strength", ""),
            "单次用量": number(amounts["dose"], ways) + unit.get("dose_unit", "") if "dose" in amounts else "适量",
            "用法": words.get("route", ""), "频次": words.get("frequency", ""),
            "天数": number(amounts["days"], ways) + ways.draw(DAYS_BEHIND) if "days" in amounts else "0",
            "数量": number(amounts["quantity"], ways) if "quantity" in amounts else "",
            "单位": words.get("quantity_unit", ""), "皮试": tested.get(words.get("skin_test"), "无"), "备注": "x",
        })  # fmt: skip
        lines.append({"line": place, **words, **amounts, **unit})
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, VILLAGE, restval="", lineterminator=ways.draw(st.sampled_from(["\n", "\r\n"])))
    writer.writeheader()
    writer.writerows(rows)
    carried = {
        **only(sent, "number", "institution", "payer"), "setting": "outpatient", "issued_at": issued.isoformat(),
        "prescriber": {**only(prescriber, "id"), "licence": "rural_doctor"}, "patient": kept,
        "diagnoses": [{"text": text} for text in texts], "lines": lines,
    }  # fmt: skip
    return text.getvalue().encode("gb18030"), carried


@settings(max_examples=150)
@given(prescriptions(), st.data())
def test_rows_written_for_the_village(profiles, sent, ways):
    data, carried = village(sent, ways)
    assert list(read_site(data, profiles["village-rows"], None, "f")) == [Prescription.model_validate(carried)]


SETTINGS = {
    "outpatient": "OP",
    "emergency": "ER",
    "observation": "OB",
    "ward": "IP",
    "discharge": "DC",
    "internet": "NET",
}
SHEETS = {
    "ordinary": "普通",
    "emergency": "急诊",
    "paediatric": "儿科",
    "narcotic": "麻精一",
    "toxic": "毒性",
    "herbal": "中药",
}
REASONS = {
    "quantity": "超量", "dose": "超剂量", "interaction": "相互作用", "contraindication": "禁忌", "catalogue": "目录外",
    "other": "其他",
}  # fmt: skip
ROLES = {
    "prescriber": "开方", "countersign": "会签", "reviewer": "审核", "dispenser": "调配", "checker": "核对",
    "issuer": "发药",
}  # fmt: skip
YES = {True: "Y", False: "N", None: None}


def hospital(sent: dict, ways: st.DataObject) -> tuple[bytes, dict]:
    """A sheet as nested JSON, and the prescription that it can carry: nearly all of it."""
    patient, prescriber = sent["patient"], sent.get("prescriber", {})
    carried = {**sent, "patient": {**patient}, "lines": [{**line} for line in sent["lines"]]}
    carried["reasons"] = [
        {name: reason[name] for name in reason if name != "lines"} for reason in sent.get("reasons", ())
    ]
    assume(all(writable(text) for text in _texts(carried)))
    allergies = patient.get("allergies")
    for item in (allergies or {}).get("items", ()):
        assume(writable(item, NONE))
    if patient.get("age_written", "").isdecimal():
        carried["patient"]["age_written"] += "岁"
    decoction = sent.get("decoction") if sent.get("sheet") == "herbal" else None
    carried["decoction"] = decoction
    said = {"none": "无", "not_asked": "未询问", "known": "，".join((allergies or {}).get("items", ()))}
    tested = {"negative": "-", "positive": "+", "exempt": "M", "ordered": "T", None: None}
    kinds = {"western": "XY", "patent": "ZCY", "herb": "CY", "granule": "KL", None: None}

    def amount(value: object) -> object:
        return None if value is None else ways.draw(st.sampled_from([str(value), value]))

    tree = {
        "order": {
            "rxNo": sent["number"], "version": sent.get("revision"), "status": sent.get("stage", "signed").upper(),
            "sheetType": SHEETS.get(sent.get("sheet")), "orgCode": sent["institution"], "issuedAt": sent["issued_at"],
            "validDays": sent.get("valid_days"), "longTerm": YES[sent.get("long_term")],
            "jishu": sent.get("decoction", {}).get("packets"), "herbFrequency": (decoction or {}).get("frequency"),
            "items": [
                {
                    "seq": line["line"], "drugCode": line.get("product"), "drugName": line.get("generic"),
                    "category": kinds[line.get("kind")], "form": line.get("form"), "spec": line.get("strength"),
                    "packQty": amount(line.get("pack")),
                    "dose": {"value": amount(line.get("dose")), "unit": line.get("dose_unit")},
                    "routeName": line.get("route"), "freqCode": line.get("frequency"), "days": amount(line.get("days")),
                    "total": {"value": amount(line.get("quantity")), "unit": line.get("quantity_unit")},
                    "groupNo": line.get("group"), "jiaozhu": line.get("footnote"),
                    "skinTest": tested[line.get("skin_test")], "remark": line.get("usage"),
                }
                for line in sent["lines"]
            ],
        },
        "visit": {
            "id": sent.get("visit"), "type": SETTINGS[sent["setting"]], "recordNo": sent.get("record_number"),
            "deptName": sent.get("department"), "feeType": sent.get("payer"),
        },
        "doctor": {
            "code": prescriber.get("id"),
            "licence": {"physician": 1, "assistant": 2, "rural_doctor": 4}.get(prescriber.get("licence")),
        },
        "patient": {
            "empi": patient.get("id"), "name": patient.get("name"), "birthday": patient.get("birth_date"),
            "gender": {"male": "M", "female": "F", "unknown": "U"}.get(patient.get("sex")),
            "age": patient.get("age_written"),
            "vital": {"tizhong": amount(patient.get("weight")), "shengao": amount(patient.get("height"))},
            "guominshi": said[allergies["status"]] if allergies else None,
            "pregnant": {"pregnant": "Y", "not_pregnant": "N"}.get(patient.get("pregnancy")),
            "gestationWeeks": amount(patient.get("gestation")), "lactating": YES[patient.get("lactation")],
            "idNo": patient.get("identity_number"),
        },
        "lab": {
            "egfr": _measured(patient.get("egfr")), "crcl": _measured(patient.get("crcl")),
            "childPugh": {"normal": "正常", "mild": "A", "moderate": "B", "severe": "C"}.get(patient.get("hepatic")),
        },
        "diagnoses": [
            {"seq": place, "name": diagnosis["text"], "icd": diagnosis.get("code"), "main": "N",
             "kind": {"tcm_disease": "TD", "tcm_syndrome": "TS"}.get(diagnosis.get("kind"), "W")}
            for place, diagnosis in enumerate(sent.get("diagnoses", ()))
        ],
        "signatures": [
            {"role": ROLES[signature["role"]], "staffNo": signature["person"], "signedAt": signature["at"],
             "version": signature["revision"]}
            for signature in sent.get("signatures", ())
        ],
        "reasons": [
            {"type": REASONS[reason["for"]], "content": reason["text"], "resigned": YES[reason.get("signed_again")]}
            for reason in sent.get("reasons", ())
        ],
    }  # fmt: skip
    carried["prescriber"] = only(prescriber, "id", "licence")
    return json.dumps(tree, ensure_ascii=ways.draw(st.booleans())).encode(), carried


def _measured(found: dict | None) -> dict | None:
    return found and {"value": found["value"], "date": found.get("on")}


def _texts(tree: object):
    if isinstance(tree, dict):
        for value in tree.values():
            yield from _texts(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _texts(value)
    elif isinstance(tree, str):
        yield tree


@settings(max_examples=150)
@given(prescriptions(), st.data())
def test_nested_json_written_for_the_hospital(profiles, sent, ways):
    issued = datetime.fromisoformat(sent["issued_at"])
    sent["issued_at"] = issued.replace(microsecond=0).isoformat()
    for signature in sent.get("signatures", ()):
        signature["at"] = datetime.fromisoformat(signature["at"]).replace(microsecond=0).isoformat()
    data, carried = hospital(sent, ways)
    assert list(read_site(data, profiles["hospital-nested"], None, "f")) == [Prescription.model_validate(carried)]
