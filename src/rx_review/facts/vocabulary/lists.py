"""Facts that lists, stock and earlier supplies tell of a line."""

from __future__ import annotations

from rx_review.facts.vocabulary.fact import WRITTEN, Fact, code, flag, number, text
from rx_review.library.rows import MARKS

_MARKS = tuple(flag("line", name, zh, en) for name, (zh, en) in MARKS.items())

_LISTS = (
    flag("line", "toxic_drug", "毒性药品制剂", "a preparation on the list of medicinal toxics", WRITTEN),
    code("line", "village_listing", "村级目录状态", "the catalogue's word for a village, wherever it is prescribed",
         "listed above_tier restricted not_listed"),
    flag("line", "winner_not_chosen", "未选集采中选产品", "a producer is written that did not win the volume-based purchase of this product", WRITTEN),
    text("line", "winner_names", "中选企业", "the producers that won"),
)  # fmt: skip

_SUPPLIES = (
    code("line", "stock", "库存", "stock at the collection site against the quantity prescribed", "enough short none"),
    flag("line", "stock_elsewhere", "他处有货", "another member has the drug in stock"),
    text("line", "stock_elsewhere_names", "有货机构", "the members that have it"),
    flag("line", "declared_short", "短缺登记中", "a shortage of the drug is registered and not over"),
    number("line", "on_hand_days", "手中余量天数", "days that earlier supplies of the same active, by any member, still last", "day", 2),
    number("line", "on_hand_percent", "余量占本次用量百分比", "those days as a percentage of the days of this line, rounded up", "%"),
    flag("line", "fully_supplied", "已全部发出", "what was prescribed on this line has been supplied"),
)  # fmt: skip

_USE = (
    code("line", "dose_measured_in", "剂量单位类别", "what kind of unit the dose is written in",
         "mass volume activity count amount none", "none"),
    number("line", "times_a_week", "每周次数", "doses in seven days", "time", 2),
    flag("line", "narcotic_herb", "罂粟壳", "a decoction piece on the list of narcotics, managed by rules of its own", WRITTEN),
    flag("line", "vehicle", "载药溶媒", "an infusion vehicle that carries another drug of the sheet", WRITTEN),
    flag("line", "essential_out_of_stock", "可选基本药物无货", "the essential medicine that is offered is known to be out of stock", WRITTEN),
    flag("line", "systemic_corticosteroid", "全身用糖皮质激素", "a corticosteroid that acts in the whole body", WRITTEN),
    flag("line", "systemic_antibacterial", "全身用抗菌药物", "an antibacterial that acts in the whole body", WRITTEN),
    flag("line", "tcm_injection", "中药注射剂", "a Chinese medicine made for injection", WRITTEN),
    flag("line", "footnote_written", "已写脚注", "a footnote is written", WRITTEN),
    number("line", "potassium_percent", "钾盐浓度", "grams of potassium salt in 100 ml of its infusion; 0 for other drugs", "%", 2),
    flag("line", "potassium_pushed", "钾盐直接注射", "a concentrated potassium salt is injected and not infused", WRITTEN),
    flag("line", "refill_reason", "已注明提前取药理由", "a reason for the early refill is written", WRITTEN),
    flag("line", "emergency_reason", "已注明越级使用理由", "the emergency that excuses a higher tier is written", WRITTEN),
    flag("line", "off_label_consent", "已有超说明书知情同意", "the patient consented to the use beyond the label", WRITTEN),
)  # fmt: skip

LISTS: tuple[Fact, ...] = (*_MARKS, *_LISTS, *_SUPPLIES, *_USE)
