"""Facts of one line against one row of the formulary, and of two lines that should not meet."""

from __future__ import annotations

from rx_review.facts.vocabulary.fact import WRITTEN, code, flag, number, text

CONCERN = (
    code("concern", "topic", "方面", "what the concern is about",
          "allergy allergy_cross age pregnancy lactation disease sex renal hepatic single_dose daily_dose weekly_dose days herb_dose indication payment"),
    code("concern", "grade", "级别", "how bad", "contraindicated caution bound payment"),
    flag("concern", "applies", "适用", "the patient is in the group; unknown while a patient fact is missing"),
    number("concern", "observed", "实际值", "what is prescribed, in the bound's unit", "", 6),
    number("concern", "bound", "上限", "what the label or the pharmacopoeia allows", "", 6),
    number("concern", "percent_of_bound", "占上限百分比", "observed as a percentage of the bound, rounded up", "%"),
    flag("concern", "by_weight", "按体重计", "the bound is per kg of body weight", WRITTEN),
    flag("concern", "toxic", "毒性", "the drug or herb is toxic or high-alert", WRITTEN),
    flag("concern", "excused", "已注明理由并再次签名", "a reason was written and the prescriber signed again", WRITTEN),
    code("concern", "payment", "限定支付", "which of the insurer's limits it is about",
         "sex age level setting days scheme none", "none"),
    flag("concern", "off_label_approved", "超说明书用药目录内",
         "the committee allows this use beyond the label, and the patient consented", WRITTEN),
    text("concern", "condition", "条件", "the group, allergen or age band"),
    text("concern", "consequence", "后果", "what may happen"),
    text("concern", "unit", "单位", "unit of observed and bound"),
)  # fmt: skip

PAIR = (
    code("pair", "topic", "方面", "what the pair is about",
          "interaction duplicate_ingredient duplicate_class herbs infusion solvent solvent_volume"),
    code("pair", "grade", "级别", "how bad", "contraindicated major moderate"),
    code("pair", "tradition", "出处", "which tradition keeps the herbs apart",
          "none eighteen_antagonisms nineteen_fears", "none"),
    flag("pair", "applies", "适用", "both lines are known to be in the pair"),
    flag("pair", "same_drug", "同一药品", "both lines are the same generic and form", WRITTEN),
    flag("pair", "breakthrough", "缓释加必要时", "one line is sustained release, the other the same drug as needed", WRITTEN),
    flag("pair", "hidden", "隐含成分", "the shared ingredient hides in a compound", WRITTEN),
    flag("pair", "shared_plain_herb", "共有普通饮片", "what they share is a herb that is not toxic", WRITTEN),
    flag("pair", "both_narcotic", "同为麻醉或精一药品", "both lines are narcotics or class-1 psychotropics", WRITTEN),
    flag("pair", "across_sheets", "跨处方", "the second line is on another sheet of the visit", WRITTEN),
    flag("pair", "excused", "已注明理由并再次签名", "a reason was written and the prescriber signed again", WRITTEN),
    text("pair", "drug_a", "药品甲", "the first drug"),
    text("pair", "drug_b", "药品乙", "the second drug"),
    text("pair", "shared", "共同成分或类别", "what they share"),
    text("pair", "consequence", "后果", "what may happen"),
    text("pair", "advice", "建议", "what to do"),
)  # fmt: skip
