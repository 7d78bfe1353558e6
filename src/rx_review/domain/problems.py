"""Every refusal of the service: its stable code, HTTP status, words and whether trying again can help.

A refusal is raised as `Refusal`; the API answers it as problem+json (RFC 9457) and serves this table. A test asks that
each code is raised by some test through the API, and that nothing is raised that is not listed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from rx_review.errors import Fault, RxError

Retryable = Literal["no", "yes", "after"]
"""`yes`: the same request may succeed at once or after Retry-After; `after`: once what it names has changed; `no`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One row of the catalogue."""

    status: int
    zh: str
    en: str
    do_zh: str
    do_en: str
    retryable: Retryable = "no"


PROBLEMS: Mapping[str, Problem] = {
    "bad-request": Problem(400, "请求有误", "the request cannot be read", "按 errors 逐项更正", "correct what errors names"),
    "bad-cursor": Problem(422, "游标无效", "not a cursor of this list", "从第一页重新读取", "begin at the first page"),
    "contradiction": Problem(
        422, "内容互相矛盾", "the content contradicts itself", "按 errors 逐项更正", "correct what errors names"),
    "too-large": Problem(413, "请求过大", "the body is too large", "拆分后重发", "send less at once"),
    "unsupported-media-type": Problem(
        415, "请求格式不支持", "not a media type that is read here", "用 application/json；编码 UTF-8",
        "send application/json in UTF-8"),
    "unauthenticated": Problem(
        401, "未登录或令牌失效", "no valid token or session", "重新取得令牌或登录", "get a token or log in", "after"),
    "bad-credentials": Problem(
        401, "账号或密码错误", "wrong name or secret", "核对后重试；多次错误会暂停登录",
        "correct them; after several failures the account pauses"),
    "paused-account": Problem(
        429, "登录失败次数过多，账号暂停", "too many failures: the account pauses", "稍后再试，或请管理员重置",
        "wait, or ask the administrator", "yes"),
    "bad-grant": Problem(
        400, "不支持的授权方式", "only grant_type=client_credentials is offered", "用 client_credentials",
        "use client_credentials"),
    "forbidden": Problem(
        403, "无此权限", "this account may not do that", "请有相应角色的人员办理", "ask somebody with the role"),
    "cross-site": Problem(
        403, "跨站请求被拒绝", "a page of another site sent this", "从本系统页面操作", "use this system's own pages"),
    "not-found": Problem(404, "没有这个对象", "no such thing, or not yours", "核对编号和所属机构", "check the id and the member"),
    "method-not-allowed": Problem(405, "不支持的方法", "the path has no such method", "见接口说明", "see the API pages"),
    "move-not-allowed": Problem(
        409, "当前状态不能这样操作", "the state does not allow this move", "见 allowed", "see allowed", "after"),
    "stale-revision": Problem(
        409, "处方已被修改", "the prescription has another revision", "重新读取后再操作", "read it again", "after"),
    "revision-gap": Problem(
        409, "版次不连续", "revisions count up by one", "按 current 的下一版次提交", "send the revision after current"),
    "same-revision-other-content": Problem(
        409, "同一版次内容不同", "this revision was submitted with other content", "内容有变化时版次加一",
        "count the revision up when content changes"),
    "taken-by-other": Problem(
        409, "已由其他药师领取", "somebody else holds it", "见 holder", "see holder", "after"),
    "lease-lost": Problem(
        409, "领取已超时或令牌不符", "the lease ran out or the fence is another", "重新领取", "take it again", "after"),
    "same-person": Problem(
        409, "须由另一人办理", "another person must do this", "请另一名药师或上级医师办理", "ask another person"),
    "other-prescriber": Problem(
        409, "须由原开方医师办理", "only the same prescriber may do this", "请原开方医师办理", "ask the prescriber"),
    "not-a-physician": Problem(
        409, "须由执业医师办理", "the register knows no such physician", "请执业医师加签，或更新人员登记",
        "let a physician do it, or update the register", "after"),
    "not-releasable": Problem(
        409, "此类处方不得应急放行", "this kind is never released unreviewed", "等待药师审核", "wait for a pharmacist"),
    "reason-needed": Problem(422, "须选择原因", "a coded reason is needed", "填写 reason.code", "give reason.code"),
    "content-changed": Problem(
        409, "内容与审核时不同", "the content is not what was approved", "重新提交审核", "submit it again"),
    "not-fit-for-supply": Problem(
        409, "发药时审核未通过", "the review at supply stops it", "见 findings", "see findings", "after"),
    "not-on-duty": Problem(
        409, "未在岗", "not on duty", "先上岗", "go on duty first", "after"),
    "lacks-skill": Problem(
        409, "无此类处方审核资格", "the roster does not give this skill", "请有资格的药师审核，或升级后再领取",
        "leave it to who has the skill, or wait until it escalates", "after"),
    "unknown-staff": Problem(
        422, "人员未登记", "the staff register has no such person", "先登记人员", "register the person first", "after"),
    "unknown-member": Problem(
        422, "机构未登记或未启用", "no such member, or not enabled", "先登记成员机构", "register the member first", "after"),
    "unknown-rule": Problem(422, "没有这条规则", "no such rule or rule group", "核对规则编号", "check the rule's id"),
    "key-reused": Problem(
        422, "同一幂等键用于不同请求", "the idempotency key came with another request", "换新的键", "use a new key"),
    "version-changed": Problem(
        412, "对象已被他人修改", "somebody changed it meanwhile", "重新读取后再改", "read it again", "after"),
    "version-needed": Problem(
        428, "须带 If-Match", "say with If-Match which version is meant", "先读取，带回 ETag", "send the ETag you read"),
    "too-many-requests": Problem(429, "请求过于频繁", "too many requests", "按 Retry-After 稍后重试", "wait", "yes"),
    "busy": Problem(
        503, "系统繁忙", "the database is busy or away", "稍后重试；超过 3 秒按应急流程", "try again; see the contingency plan",
        "yes"),
    "not-ready": Problem(503, "服务未就绪", "the service is not ready", "见 /readyz", "see /readyz", "yes"),
    "internal": Problem(
        500, "系统内部错误", "a fault of ours", "请把 trace 告诉管理员；处方转人工审核", "tell the administrator the trace", "yes"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pointed:
    """One fault of a request: a JSON pointer into it, what is wrong and what to do, in both languages."""

    pointer: str
    what: Mapping[str, str]


class Refusal(RxError):
    """The service refuses a request: a code of `PROBLEMS`, what to say of this case, and what else the caller needs.

    Args:
        code: a code of `PROBLEMS`.
        detail: of this very case, in English; None where the catalogue says it all.
        zh: the same in Chinese.
        errors: faults in the request.
        more: extension members of the answer, such as `allowed` or `holder`.
        retry_after: seconds to wait before trying again.
    """

    exit_code: ClassVar[int] = 2

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        zh: str | None = None,
        *,
        errors: Sequence[Pointed] = (),
        more: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        problem = PROBLEMS[code]
        super().__init__(Fault(code, detail or problem.en, problem.do_en, f"{zh or problem.zh}；{problem.do_zh}"))
        self.code, self.problem, self.retry_after = code, problem, retry_after
        self.detail: Mapping[str, str] = {"en": detail or problem.en, "zh": zh or problem.zh}
        self.errors, self.more = tuple(errors), dict(more or {})


@dataclass(frozen=True, slots=True)
class CodedReason:
    """A coded reason as the desk, the prescriber and the cashier give it."""

    zh: str
    en: str
    moves: tuple[str, ...] = field(default=())


REASONS: Mapping[str, CodedReason] = {
    "needed-clinically": CodedReason("病情需要，获益大于风险", "needed clinically: benefit outweighs the risk", ("resign",)),
    "specialist-advice": CodedReason("上级医师或专科会诊意见", "advice of a specialist or superior", ("resign",)),
    "stable-on-it": CodedReason("长期使用且耐受", "on it for long and tolerates it", ("resign",)),
    "no-alternative": CodedReason("无替代药品", "there is no alternative", ("resign", "release")),
    "patient-away": CodedReason("外出、节假日或路途遥远", "away, holidays or a long way", ("resign",)),
    "medicine-lost": CodedReason("药品遗失或损坏", "medicine lost or spoilt", ("resign",)),
    "wrong-drug": CodedReason("遴选药品不适宜", "unsuitable choice of drug", ("return", "refuse", "object")),
    "wrong-dose": CodedReason("用法、用量不适宜", "unsuitable dose or usage", ("return", "refuse", "object")),
    "wrong-indication": CodedReason("适应证不适宜", "unsuitable indication", ("return", "refuse", "object")),
    "interaction": CodedReason("不良相互作用或配伍禁忌", "interaction or incompatibility", ("return", "refuse", "object")),
    "duplicate": CodedReason("重复给药", "duplicate therapy", ("return", "refuse", "object")),
    "formality": CodedReason("书写不规范", "written against the rules", ("return", "refuse", "object")),
    "no-right": CodedReason("处方权限不符", "outside the prescriber's rights", ("return", "refuse", "object")),
    "suspected-abuse": CodedReason("疑似滥用、误用", "suspected misuse", ("refuse", "object")),
    "forged": CodedReason("处方真实性存疑", "doubtful authenticity", ("refuse", "object")),
    "patient-declined": CodedReason("患者放弃", "the patient declined", ("cancel", "refund", "void")),
    "written-in-error": CodedReason("开具有误", "written in error", ("cancel", "refund", "void")),
    "out-of-stock": CodedReason("缺药", "out of stock", ("cancel", "refund", "void")),
    "adverse-reaction": CodedReason("不良反应", "an adverse reaction", ("cancel", "refund", "void")),
    "quality-recall": CodedReason("药品质量或召回", "quality or recall", ("cancel", "refund", "void")),
    "review-unavailable": CodedReason("审方系统或人员不可用", "review was unavailable", ("release",)),
    "patient-cannot-wait": CodedReason("患者病情不能等待", "the patient's condition cannot wait", ("release",)),
    "other": CodedReason(
        "其他（须说明）", "other: say what", ("resign", "return", "refuse", "object", "cancel", "refund", "void", "release")),
}  # fmt: skip
"""Codes of reasons, with the moves that each may be given for."""
