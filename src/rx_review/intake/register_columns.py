"""What the sheets of the registers are called, their columns, and the words for their values, in Chinese and English.

The first Chinese word of each is what exports and the template write; every other one is read as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from rx_review.library.lookup import fold

SheetKind = Literal["staff", "rights", "postings", "members", "decisions"]
SHEET_KINDS: tuple[SheetKind, ...] = get_args(SheetKind)
CellKind = Literal["code", "codes", "text", "note", "truth", "choice", "choices", "day", "last_day", "count", "words"]
NONE = "none"
ALL = "all"
NONE_WORDS: tuple[str, ...] = ("无", NONE)
ALL_WORDS: tuple[str, ...] = ("全部", ALL, "*")
UNKNOWN_WORDS = frozenset({"不详", "未知", "unknown"})
Words = Mapping[str, tuple[str, ...]]

TRUTHS: Words = {
    "true": ("是", "true", "yes", "y", "1", "√", "有"),
    "false": ("否", "false", "no", "n", "0", "×", "无"),
}
_LICENCES: Words = {
    "physician": ("执业医师",),
    "assistant": ("执业助理医师", "助理医师"),
    "rural_general_assistant": ("乡村全科执业助理医师", "乡村全科助理医师"),
    "rural_doctor": ("乡村医生",),
    NONE: NONE_WORDS,
}
_TITLES: Words = {
    NONE: NONE_WORDS,
    "resident": ("住院医师", "住院中医师", "医师", "中医师"),
    "attending": ("主治医师", "主治中医师"),
    "associate_chief": ("副主任医师", "副主任中医师"),
    "chief": ("主任医师", "主任中医师"),
}
_STATES: Words = {
    "active": ("有效", "正常"),
    "restricted": ("受限", "限制"),
    "cancelled": ("注销", "已注销"),
    "expired": ("过期", "失效"),
}
_TRAINEES: Words = {NONE: ("否", *NONE_WORDS), "probation": ("试用期", "试用"), "visiting": ("进修",)}
_PHARMACISTS: Words = {
    NONE: NONE_WORDS,
    "junior": ("药士", "中药士"),
    "pharmacist": ("药师", "中药师"),
    "chief_pharmacist": (
        "主管药师及以上", "主管药师", "主管中药师", "副主任药师", "副主任中药师", "主任药师", "主任中药师"),
}  # fmt: skip
_RIGHTS: Words = {
    "prescribe": ("处方权", "普通处方权"),
    "narcotic": ("麻醉药品处方权", "麻醉药品和第一类精神药品处方权", "麻精一处方权", "麻精药品处方权"),
    "toxic": ("毒性药品处方权", "医疗用毒性药品处方权"),
    "radioactive": ("放射性药品处方权",),
    "antimicrobial_unrestricted": ("非限制使用级抗菌药物处方权", "非限制使用级抗菌药物", "非限制使用级"),
    "antimicrobial_restricted": ("限制使用级抗菌药物处方权", "限制使用级抗菌药物"),
    "antimicrobial_special": ("特殊使用级抗菌药物处方权", "特殊使用级抗菌药物", "特殊使用级"),
    "antineoplastic_ordinary": ("普通使用级抗肿瘤药物处方权", "普通使用级抗肿瘤药物"),
    "antineoplastic_restricted": ("限制使用级抗肿瘤药物处方权", "限制使用级抗肿瘤药物"),
    "patent_medicine": ("中成药处方权", "中成药"),
    "herbs": ("中药饮片处方权", "中药饮片"),
}
_NOWHERE: Words = {NONE: NONE_WORDS}
_EVERY: Words = {ALL: ALL_WORDS}
_PASSES: Words = {"pass": ("通过",), "note": ("提示",), "warn": ("警示",)}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key, the heading that is written, others that are read, and what a cell of it is.

    Args:
        key: in English, as the documents call it.
        zh: heading in exports and the template.
        kind: what its cells are.
        also: further headings.
        words: of `choice` and `choices`: values and the words for them; of other kinds, `none` or `all` if it may be.
        required: no row may leave it empty.
        says: what the template says of it, in Chinese and English.
    """

    key: str
    zh: str
    kind: CellKind
    also: tuple[str, ...] = ()
    words: Words = field(default_factory=dict)
    required: bool = False
    says: tuple[str, str] = ("", "")

    @property
    def headings(self) -> frozenset[str]:
        """Every heading it is known by, as `heading` folds them."""
        return frozenset(heading(name) for name in (self.key, self.zh, *self.also))


@dataclass(frozen=True, slots=True)
class Form:
    """What a sheet is: its names and its columns."""

    kind: SheetKind
    zh: str
    also: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every name it is known by."""
        return frozenset(heading(name) for name in (self.kind, self.zh, *self.also))


def heading(written: str) -> str:
    """A heading as it is compared: folded, without underscores, stars and remarks in parentheses.

    终止日（不含） and 终止日（含） are not the same day: such a remark stays.
    """
    return re.sub(r"\([^)含]*\)|[_*:]", "", fold(written))


def bare(written: str) -> str:
    """A heading without any remark: near enough to ask what was meant, not to know."""
    return re.sub(r"\(.*?\)", "", heading(written))


_PERSON = ("工号", "编号", "人员编码", "人员代码", "医师编码", "医师代码", "医师编号", "person", "staff code")
_MEMBER = ("机构", "所属机构", "机构代码", "单位编码", "member")
_UNTIL = (
    Column("until", "失效日", "day", ("失效日期", "终止日（不含）", "截止日期（不含）"), says=(
        "从这一天起不再有效；空白为长期有效。与“有效期至”只填一个",
        "no longer holds from this day on; empty: without end; give this or `last day`")),
    Column("last_day", "有效期至", "last_day", ("截止日期", "截止日", "终止日期", "终止日", "最后一天"), says=(
        "最后有效的一天；空白为长期有效", "the last day on which it holds; empty: without end")),
)  # fmt: skip
_FROM = Column("from", "起始日", "day", ("起始日期", "生效日", "生效日期", "开始日期", "授予日期"), required=True,
    says=("2026-11-01、2026/11/1 或 2026年11月1日", "2026-11-01, 2026/11/1 or 2026年11月1日"))  # fmt: skip

PRESCRIBER = ("licence", "independent", "title", "status", "trainee", "registered_at", "specimen_on_file", "tcm")
PHARMACIST = ("pharmacist_title", "years", "review_trained", "narcotic_dispensing")

_STAFF = Form("staff", "人员", ("人员名册", "人员登记", "医师", "药师", "医务人员", "员工"), (
    Column("code", "人员编号", "code", _PERSON, required=True, says=(
        "文本，保留前导零", "text, leading zeros kept")),
    Column("name", "姓名", "text", required=True),
    Column("institution", "机构编码", "code", _MEMBER, required=True, says=(
        "所属成员机构的编码", "code of the member where the person belongs")),
    Column("licence", "执业资格", "choice", ("医师资格", "资格类别", "医师级别", "license", "licence kind"), _LICENCES,
        says=("开处方的人员必填；“无”为不是医师", "needed of whoever prescribes; `none`: no prescriber")),
    Column("independent", "可独立执业", "truth", ("独立执业", "是否独立执业"), says=(
        "助理医师可否独立开方", "an assistant who may practise independently")),
    Column("title", "医师职称", "choice", ("职称", "技术职称", "专业技术职称"), _TITLES),
    Column("status", "执业状态", "choice", ("状态", "处方权状态"), _STATES),
    Column("trainee", "试用进修", "choice", ("试用或进修", "试用期或进修"), _TRAINEES),
    Column("registered_at", "注册机构", "codes", ("注册机构编码", "执业地点", "注册地点"), _NOWHERE, says=(
        "机构编码，多个用顿号分隔；“无”为未注册", "codes of members, several separated by commas; `none`: nowhere")),
    Column("specimen_on_file", "签名留样", "truth", ("留样", "签名式样")),
    Column("tcm", "中医", "truth", ("中医师", "是否中医", "中医类别")),
    Column("pharmacist", "药师", "truth", ("是否药师", "药学人员"), says=(
        "是否在药学岗位；填了下面各列可空", "reviews or dispenses; may be empty where a column below is filled")),
    Column("pharmacist_title", "药师职称", "choice", ("药学职称",), _PHARMACISTS),
    Column("years", "调剂年限", "count", ("药学年限", "从事调剂年限", "pharmacist years"), says=(
        "从事调剂工作的整年数", "whole years in dispensing")),
    Column("review_trained", "审方培训", "truth", ("审方培训合格", "处方审核培训")),
    Column("narcotic_dispensing", "麻醉药品调剂资格", "truth", (
        "麻精药品调剂资格", "麻醉药品和第一类精神药品调剂资格")),
))  # fmt: skip
_RIGHTS_FORM = Form("rights", "处方权", ("权限", "处方权限", "授权"), (
    Column("code", "人员编号", "code", _PERSON, required=True),
    Column("kind", "权限", "choice", ("处方权", "权限类别", "处方权类别", "right"), {**_RIGHTS, NONE: NONE_WORDS},
        required=True, says=("每项权限一行；“无”为没有任何权限", "a row for each right; `none`: no right at all")),
    _FROM, *_UNTIL,
))  # fmt: skip
_POSTINGS = Form("postings", "派驻", ("多点执业", "下派", "派驻人员"), (
    Column("code", "人员编号", "code", _PERSON, required=True),
    Column("institution", "派驻机构", "code", (*_MEMBER, "机构编码", "派驻机构编码"), _NOWHERE, required=True, says=(
        "“无”为没有派驻", "`none`: no posting")),
    _FROM, *_UNTIL,
))  # fmt: skip
_MEMBERS = Form("members", "成员机构", ("机构", "成员", "成员单位"), (
    Column("institution", "机构编码", "code", (*_MEMBER, "成员编码"), required=True),
    Column("name", "机构名称", "text", ("名称",), required=True),
    Column("phone", "值班电话", "text", ("电话", "联系电话"), says=("文本，保留前导零", "text, leading zeros kept")),
    Column("mandate_number", "委托书编号", "text", ("委托书号",), says=(
        "三列都空为没有委托书", "all three empty: no mandate")),
    Column("mandate_from", "委托起始日", "day", ("委托书起始日", "委托日期")),
    Column("mandate_until", "委托失效日", "day", ("委托书失效日",)),
    Column("mandate_last_day", "委托有效期至", "last_day", ("委托书有效期至", "委托截止日期")),
    Column("observes", "只观察的规则", "words", ("观察规则", "只观察"), {**_NOWHERE, **_EVERY}, says=(
        "规则编号、规则组或类别，顿号分隔；“全部”为只观察；“无”为全部生效；新机构必填",
        "rules, topics or families; `all`: observes every rule; `none`: all bind; needed of a new member")),
))  # fmt: skip
_DECISIONS = Form("decisions", "药事会决议", ("决议", "standing decisions", "standing decision"), (
    Column("number", "决议编号", "code", ("编号",), required=True),
    Column("minutes", "会议纪要号", "text", ("纪要号", "会议纪要"), required=True),
    Column("decided_on", "决议日期", "day", ("会议日期",), required=True),
    _FROM, *_UNTIL,
    Column("passes", "可自动通过", "choices", ("自动通过", "机器通过"), _PASSES, required=True, says=(
        "多个用顿号分隔", "several separated by commas")),
    Column("members", "适用机构", "codes", ("适用成员机构",), _EVERY, required=True, says=(
        "机构编码，顿号分隔；“全部”为所有成员", "codes of members; `all`: every member")),
    Column("complete_only", "仅限判断完整", "truth", ("仅完整",), required=True, says=(
        "仅在各项都能判断时", "only where everything could be judged")),
    Column("text", "说明", "note", ("备注", "内容")),
))  # fmt: skip

FORMS: Mapping[SheetKind, Form] = {form.kind: form for form in (_STAFF, _RIGHTS_FORM, _POSTINGS, _MEMBERS, _DECISIONS)}
EXPLAINS = frozenset({"说明", "填写说明", "explanation", "readme"})
"""Sheets that tell people how to fill in the others, by folded name; they are not read."""
