"""What can be missing when a fact is unknown."""

from __future__ import annotations

from collections.abc import Mapping

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
    "earlier_supplies": ("此前取药的可用天数", "how long earlier supplies last"),
    "egfr": ("肾功能（eGFR）", "renal function (eGFR)"),
    "essential_edition": ("该日基本药物目录", "essential list of that day"),
    "first_visit": ("是否首诊", "whether this is the first visit"),
    "form": ("剂型", "dosage form"),
    "frequency": ("频次（或必要时用药不可计）", "frequency, or as needed, which cannot be counted"),
    "gestation": ("孕周", "weeks of gestation"),
    "hepatic": ("肝功能分级", "hepatic class"),
    "identity": ("医师与患者的身份证明编号", "identity numbers of prescriber and patient"),
    "institution": ("机构", "the institution"),
    "lactation": ("是否哺乳", "breast-feeding"),
    "level": ("医院级别", "level of the hospital"),
    "limit": ("药品资料中没有剂量上限", "no dose limit in the formulary"),
    "line_not_carried": (
        "该机构的系统不能传送此项，请药师核对原处方",
        "what the site's system cannot send: look at the sheet itself",
    ),
    "long_term_record": ("长期处方登记记录", "the register of long-term prescriptions"),
    "multi_dose": ("多次用量的瓶或笔，天数不可计", "a multi-dose vial or pen, whose days cannot be counted"),
    "not_carried": ("该机构的系统不能传送的内容", "what the site's system cannot send"),
    "pack": ("规格或包装数", "strength or pack size"),
    "pain_record": ("癌痛慢痛患者的知情同意、证明和复诊记录", "consent, proofs and visits of the pain programme"),
    "patient_register": ("患者登记", "patient register"),
    "payer": ("费别", "who pays"),
    "permit": ("机构许可与核准资料", "the institution's permits and approvals"),
    "pharmacist_register": ("药师登记资料", "the register of pharmacists"),
    "pregnancy": ("是否妊娠", "pregnancy"),
    "pregnancy_suspected": ("疑似妊娠，是否妊娠", "whether a suspected pregnancy holds"),
    "prescriber": ("医师执业类别", "licence of the prescriber"),
    "quantity": ("总量或单位", "quantity or its unit"),
    "registers": (
        "登记、库存、取药记录与流转状态（本次未提供）",
        "registers, stock, earlier supplies and the state of the flow, which were not looked up",
    ),
    "route": ("给药途径", "route"),
    "sex": ("性别", "sex"),
    "solvent": ("同组溶媒及其体积", "the solvent of the infusion and its volume"),
    "staff_register": ("医师登记资料", "what the staff register does not say of the prescriber"),
    "stock": ("该药库存", "stock of the drug"),
    "strength": ("规格", "strength"),
    "weight": ("体重", "body weight"),
}
"""What can be missing when a fact is unknown, in Chinese and English; the doctor or the HIS can supply it."""
