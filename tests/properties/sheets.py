"""Prescriptions that a county might see, drawn small: forty drugs, a few patients, a few faults."""

from datetime import datetime

from hypothesis import strategies as st

from rx_review.domain.prescription import Prescription
from rx_review.domain.values import CHINA

AT = datetime(2026, 12, 1, 10, 0, tzinfo=CHINA)

_TABLETS = (
    "华法林 阿司匹林 胺碘酮 阿莫西林 头孢呋辛 布洛芬 对乙酰氨基酚 二甲双胍 辛伐他汀 克拉霉素 左氧氟沙星 氨氯地平 "
    "依那普利 螺内酯 地高辛 奥美拉唑 氯吡格雷 地西泮 吗啡 曲马多 甲氨蝶呤 利巴韦林 泼尼松 多西环素 氢氯噻嗪 "
    "卡托普利 缬沙坦 复方磺胺甲噁唑 红霉素 阿托伐他汀 格列本脲 甲硝唑 头孢克肟 感冒清片 氯苯那敏 茶碱 碳酸锂"
)
DRUGS = dict.fromkeys(_TABLETS.split(), "片") | {"连花清瘟胶囊": "粒", "庆大霉素": "支", "青霉素": "支"}
"""Generic name to the unit in which it is given."""

DIAGNOSES = [
    {"text": "急性上呼吸道感染", "code": "J06.9"},
    {"text": "高血压", "code": "I10.x00"},
    {"text": "2型糖尿病", "code": "E11.900"},
    {"text": "心房颤动", "code": "I48.x00"},
    {"text": "消化性溃疡", "code": "K27.900"},
    {"text": "支气管哮喘", "code": "J45.900"},
    {"text": "取药"},
]


@st.composite
def lines(draw, number):
    generic = draw(st.sampled_from(sorted(DRUGS)))
    unit = DRUGS[generic]
    written = {
        "dose": draw(st.sampled_from([1, 2, 3, 8])),
        "dose_unit": unit,
        "route": "静脉滴注" if unit == "支" else "口服",
        "frequency": draw(st.sampled_from(["qd", "bid", "tid", "q8h", "prn"])),
        "quantity": draw(st.sampled_from([1, 6, 14, 21, 60, 100, 300])),
        "quantity_unit": unit,
        "days": draw(st.sampled_from([3, 7, 14, 30])),
    }
    left_out = draw(st.sets(st.sampled_from(sorted(written)), max_size=1)) if draw(st.booleans()) else set()
    form = {"form": "注射剂"} if generic == "庆大霉素" else {}
    return {
        "line": number,
        "generic": generic,
        **form,
        **{k: v for k, v in written.items() if k not in left_out},
    }


@st.composite
def patients(draw):
    sex = draw(st.sampled_from(["male", "female"]))
    known = {
        "allergies": st.sampled_from(
            [
                {"status": "none"},
                {"status": "known", "items": ["青霉素"]},
                {"status": "known", "items": ["磺胺类"]},
            ]
        ),
        "egfr": st.sampled_from([{"value": 95}, {"value": 40}, {"value": 12}]),
        "hepatic": st.sampled_from(["normal", "moderate", "severe"]),
        "weight": st.sampled_from([8, 22, 60]),
    }
    if sex == "female":
        known["pregnancy"] = st.sampled_from(["pregnant", "not_pregnant"])
        known["lactation"] = st.booleans()
    patient = {"id": "P1", "name": "某某", "sex": sex, "birth_date": draw(st.sampled_from(
        ["1950-03-01", "1994-06-15", "2019-01-31", "2026-06-01"]))}  # fmt: skip
    return patient | {name: draw(values) for name, values in known.items() if draw(st.integers(0, 3))}


@st.composite
def sheets(draw, most=5):
    """A sheet as the HIS sends it."""
    count = draw(st.integers(1, most))
    numbers = list(range(1, count + 1))
    purposes = st.sampled_from(["quantity", "interaction", "contraindication", "choice"])
    reason = st.fixed_dictionaries(
        {"for": purposes, "text": st.just("病情需要"), "lines": st.just([1]), "signed_again": st.booleans()}
    )
    return {
        "number": "CF2026120100001",
        "stage": draw(st.sampled_from(["draft", "signed", "charge"])),
        "setting": draw(st.sampled_from(["outpatient", "outpatient", "emergency", "discharge"])),
        "sheet": draw(st.sampled_from(["ordinary", "ordinary", "emergency", "paediatric", "narcotic"])),
        "institution": draw(st.sampled_from(["SAMPLE-C01", "SAMPLE-T03", "SAMPLE-V05"])),
        "issued_at": AT.isoformat(),
        "long_term": draw(st.booleans()),
        "prescriber": {
            "id": "D1",
            "name": "某医师",
            "licence": draw(st.sampled_from(["physician", "assistant"])),
        },
        "patient": draw(patients()),
        "diagnoses": draw(st.lists(st.sampled_from(DIAGNOSES), max_size=2, unique_by=lambda found: found["text"])),
        "lines": [draw(lines(number)) for number in numbers],
        "reasons": draw(st.lists(reason, max_size=1)),
        "signatures": [{"role": "prescriber", "person": "D1", "at": AT.isoformat(), "revision": 1}],
    }


def read(sheet):
    """The sheet as review takes it."""
    return Prescription.model_validate(sheet)
