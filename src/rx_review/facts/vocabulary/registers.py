"""Facts that registers, permits and the flow tell: people's rights, the institution, the patient's records, approvals."""

from __future__ import annotations

from rx_review.facts.vocabulary.fact import WRITTEN, Fact, code, flag, number
from rx_review.library.rows import PERMITS

_PEOPLE = (
    code("prescription", "title", "职称", "title of the prescriber by the register",
         "none resident attending associate_chief chief"),
    flag("prescription", "registered", "已在成员机构注册或派驻", "registered at a member of the community, or posted to this institution on the day of issue"),
    flag("prescription", "registered_here", "在本机构注册或派驻", "registered at this institution, or posted to it on the day of issue"),
    code("prescription", "right_status", "处方权状态", "state of the right to prescribe on the day of issue",
         "active restricted cancelled expired"),
    code("prescription", "trainee", "培训身份", "in the probation year, or visiting for further training", "none probation visiting"),
    flag("prescription", "prescribing_granted", "已授予处方权", "the right to prescribe was granted by an institution"),
    flag("prescription", "specimen_on_file", "签名已留样", "a specimen of the signature is on file"),
    flag("prescription", "narcotic_right", "有麻醉、精一处方权", "granted the right to prescribe narcotics and class-1 psychotropics"),
    flag("prescription", "toxic_right", "有毒性药品处方权", "granted the right to prescribe medicinal toxics"),
    flag("prescription", "radioactive_right", "有放射性药品处方权", "granted the right to prescribe radioactive medicines"),
    code("prescription", "antimicrobial_granted", "授予的抗菌药物级别", "highest tier of antimicrobials granted",
         "none unrestricted restricted special"),
    code("prescription", "antineoplastic_granted", "授予的抗肿瘤药物级别", "highest tier of antineoplastics granted",
         "none ordinary restricted"),
    flag("prescription", "tcm_doctor", "中医类别医师", "a doctor of Chinese medicine"),
    flag("prescription", "patent_trained", "已接受中成药培训", "trained to prescribe Chinese patent medicines"),
    flag("prescription", "herbs_trained", "已接受饮片培训", "trained to prescribe decoctions"),
    flag("prescription", "reviewer_qualified", "审核药师具备资格",
         "who reviewed has the title, the years and the training; true while nobody has signed as reviewer"),
    flag("prescription", "dispensers_qualified", "调剂人员具备药学职称",
         "who dispensed is a pharmacy technician or above, who checked or issued a pharmacist or above; true while nobody has signed"),
    flag("prescription", "narcotic_dispenser_qualified", "调剂者具备麻精调剂资格",
         "who dispensed may dispense narcotics; true while nobody has signed"),
)  # fmt: skip

_PLACE = (
    code("prescription", "level", "医院级别", "level of the prescribing institution", "none primary secondary tertiary"),
    code("prescription", "collected_at", "取药地点", "where the drugs are to be collected: here, at another member, at a "
         "retail pharmacy, or at a place that no list has", "own member outlet elsewhere", "own"),
    flag("prescription", "outlet_sells_psychotropic_2", "药店可售第二类精神药品", "the retail pharmacy is approved to sell class-2 psychotropics"),
    flag("prescription", "outlet_sells_toxic", "药店可售毒性药品", "the retail pharmacy is designated to sell medicinal toxics"),
)  # fmt: skip

_PATIENT = (
    flag("prescription", "pain_consent", "已签知情同意书", "the patient of the pain programme signed the informed consent"),
    flag("prescription", "pain_file", "已留存诊断证明和身份证明", "proof of diagnosis and identity of the patient of the pain programme are on file"),
    number("prescription", "pain_visit_days", "距上次复诊天数", "days since the patient of the pain programme was last seen or followed up", "day"),
    flag("prescription", "first_long_term", "首次长期处方", "the first long-term prescription of this patient"),
    flag("prescription", "admitted_since_long_term", "上次长期处方后曾住院", "admitted to hospital since the last long-term prescription"),
    flag("prescription", "long_term_disease", "长期处方病种", "a diagnosis on the county's list for long-term prescriptions"),
    number("prescription", "visit_drug_count", "本次就诊药品种数", "different western and patent medicines on all sheets of the visit", "drug"),
)  # fmt: skip

_FLOW = (
    code("prescription", "flow_state", "流转状态", "what has been decided about this prescription",
         "none submitted approved returned refused charged supplied cancelled"),
    flag("prescription", "content_changed", "内容已变更", "the clinical content is not what was approved"),
    flag("prescription", "locked_elsewhere", "他处正在调配", "another site holds this prescription for dispensing"),
    flag("prescription", "repeats_used_up", "可重复次数已用完", "every repeat that was allowed has been supplied"),
    flag("prescription", "repeat_too_early", "重复取药间隔不足", "the interval between repeats has not passed"),
)  # fmt: skip

_WRITTEN_ON_SHEET = (
    flag("prescription", "agent_written", "由代办人领取", "an agent collects for the patient", WRITTEN),
    flag("prescription", "agent_identified", "已写代办人姓名和证件号", "the agent's name and identity number are written", WRITTEN),
    flag("prescription", "guardian_written", "已写监护人", "a guardian who is present is written", WRITTEN),
    flag("prescription", "first_visit", "首诊", "the first visit for this illness, which care over the internet must not be"),
    flag("prescription", "rescue", "抢救用药", "given in a rescue; the record follows within hours", WRITTEN),
    flag("prescription", "consultation_written", "已写会诊记录号", "the consultation that approved a special-tier antimicrobial is named", WRITTEN),
    number("prescription", "amount", "处方金额", "what the sheet costs; 0 = not written, as before charging", "yuan", 2, WRITTEN),
    code("prescription", "payer", "费别", "who pays", "self medical work_injury maternity"),
    flag("prescription", "long_term_assessed", "已记录长期处方评估", "the assessment for a long-term prescription is recorded", WRITTEN),
    flag("prescription", "long_term_confirmed", "患者已确认长期处方", "the patient confirmed the long-term prescription by signature", WRITTEN),
    flag("prescription", "malignant_diagnosis", "恶性肿瘤诊断", "a diagnosis of a malignant neoplasm; unknown while a diagnosis cannot be read"),
    flag("prescription", "chronic_infection", "慢性感染诊断", "tuberculosis or another chronic bacterial or fungal infection; unknown while a diagnosis cannot be read"),
    flag("prescription", "only_viral", "诊断仅为病毒性上呼吸道感染", "every diagnosis is a viral infection of the upper airways, or a symptom of one"),
    flag("prescription", "no_infusion_needed", "诊断仅为无需输液病种", "every diagnosis is on the list of conditions that need no infusion"),
    flag("prescription", "toxic_on_sheet", "含毒性药品", "a medicinal toxic is on the sheet", WRITTEN),
    flag("prescription", "radioactive_on_sheet", "含放射性药品", "a radioactive medicine is on the sheet", WRITTEN),
    flag("prescription", "granules_with_pieces", "饮片与配方颗粒同方", "decoction pieces and formula granules share one decoction", WRITTEN),
)  # fmt: skip

_PERMITS = tuple(
    flag("prescription", f"permit_{name}", zh, f"{en}: the prescribing institution has it")
    for name, (zh, en) in PERMITS.items()
)

REGISTERS: tuple[Fact, ...] = (*_PEOPLE, *_PLACE, *_PATIENT, *_FLOW, *_WRITTEN_ON_SHEET, *_PERMITS)
