"""The flow of a prescription as a table: which move leads from which state to which, and who may make it.

The table is the rule: desk/moving.py asks it, the API prints it, and a refusal names the moves that it allows. What a
prescription's verdict decides is written `by verdict` in the table and decided in `state_after`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from rx_review.domain.circumstances import FlowState
from rx_review.domain.review import Verdict

State = Literal[
    "waiting",
    "taken",
    "second",
    "returned",
    "blocked",
    "refused",
    "approved",
    "released",
    "rescued",
    "charged",
    "refunded",
    "supplied",
    "cancelled",
    "expired",
]
Role = Literal[
    "prescriber", "pharmacist", "lead", "chief", "cashier", "dispenser", "auditor", "administrator", "system"
]
Action = Literal["proceed", "fix", "wait", "refuse"]
MoveName = Literal[
    "revise",
    "resign",
    "countersign",
    "cancel",
    "take",
    "put_back",
    "approve",
    "return",
    "refuse",
    "confirm",
    "object",
    "release",
    "charge",
    "refund",
    "void",
    "supply",
    "lapse",
    "escalate",
    "expire",
]
Guard = Literal[
    "holder", "other_pharmacist", "same_prescriber", "physician", "releasable", "after_review_due", "content"
]

STATES: tuple[State, ...] = get_args(State)
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Named:
    """A state's name and what a caller should do in it."""

    zh: str
    en: str
    action: Action
    flow: FlowState


STATE_NAMES: Mapping[State, Named] = {
    "waiting": Named("待审核", "waiting for a pharmacist", "wait", "submitted"),
    "taken": Named("审核中", "a pharmacist is looking at it", "wait", "submitted"),
    "second": Named("待双签", "approved once, waiting for the second signature", "wait", "submitted"),
    "returned": Named("退回医师", "returned: revise, or give the reason and sign again", "fix", "returned"),
    "blocked": Named("须重新开具", "blocked: must be issued anew", "fix", "returned"),
    "refused": Named("拒绝调配", "refused by a pharmacist", "refuse", "refused"),
    "approved": Named("审核通过", "approved", "proceed", "approved"),
    "released": Named("应急放行（未审核）", "emergency release, not reviewed", "proceed", "approved"),
    "rescued": Named("抢救用药（后补审核）", "rescue: supplied first, reviewed after", "proceed", "approved"),
    "charged": Named("已收费", "charged", "proceed", "charged"),
    "refunded": Named("已退费", "refunded", "refuse", "approved"),
    "supplied": Named("已发药", "supplied", "proceed", "supplied"),
    "cancelled": Named("已作废", "cancelled", "refuse", "cancelled"),
    "expired": Named("已过有效期", "no longer valid", "refuse", "cancelled"),
}

GUARDS: Mapping[Guard, tuple[str, str]] = {
    "holder": ("须为当前持有该处方的药师", "by the pharmacist who holds it, with the fence of that lease"),
    "other_pharmacist": (
        "须为另一名药师；仅一人值班时由本人再次签名",
        "by another pharmacist; who is alone on duty signs a second time",
    ),
    "same_prescriber": ("须为原开方医师", "by the same prescriber"),
    "physician": ("须为执业医师", "by a licensed physician of the staff register, not the assistant"),
    "releasable": (
        "麻醉、精神、毒性药品，特殊使用级，禁忌及未识别药品不得应急放行",
        "never for controlled drugs, special-tier antimicrobials, what is contraindicated, or an unknown drug",
    ),
    "after_review_due": ("仅限尚未补审的处方", "while the review afterwards is due"),
    "content": ("处方内容须与审核通过时一致", "the clinical content is that which was approved"),
}


@dataclass(frozen=True, slots=True)
class Move:
    """One row: a move, the states it starts from, where it leads (None: by verdict), who makes it, what must hold."""

    name: MoveName
    zh: str
    en: str
    from_: tuple[State, ...]
    to: tuple[State, ...]
    by: tuple[Role, ...]
    guards: tuple[Guard, ...] = ()
    reason: bool = False
    """Whether a coded reason must be given."""
    keeps_state: bool = False

    @property
    def by_verdict(self) -> bool:
        """Whether the review decides where the move leads."""
        return len(self.to) > 1 and not self.keeps_state


_REVIEWED: tuple[State, ...] = ("approved", "waiting", "returned", "blocked")
_DESK: tuple[Role, ...] = ("pharmacist", "lead", "chief")
_GONE_ON: tuple[State, ...] = ("rescued", "charged", "refunded", "supplied")
_AFTER: tuple[State, ...] = ("released", *_GONE_ON)

MOVES: tuple[Move, ...] = (
    Move("revise", "修改后重新提交", "submit a new revision",
         ("waiting", "taken", "second", "returned", "blocked", "approved", "released", "refunded"),
         _REVIEWED, ("prescriber",)),
    Move("revise", "补记抢救用药", "complete the record of a rescue", ("rescued", "supplied"), ("rescued", "supplied"),
         ("prescriber",), ("after_review_due",), keeps_state=True),
    Move("resign", "说明理由并再次签名", "give the reason and sign again", ("returned",),
         _REVIEWED, ("prescriber",), ("same_prescriber",), reason=True),
    Move("countersign", "上级医师加签", "countersign for an assistant",
         ("waiting", "taken", "returned", "blocked"), _REVIEWED, ("prescriber",), ("physician",)),
    Move("cancel", "作废", "cancel", ("waiting", "taken", "second", "returned", "blocked", "approved", "released"),
         ("cancelled",), ("prescriber",), reason=True),
    Move("take", "领取审核", "take for review", ("waiting",), ("taken",), _DESK),
    Move("put_back", "放回队列", "put back", ("taken",), ("waiting",), _DESK, ("holder",)),
    Move("approve", "审核通过", "approve", ("taken",), ("approved", "second"), _DESK, ("holder",)),
    Move("approve", "第二人审核通过", "approve as the second pharmacist", ("second",), ("approved",), _DESK,
         ("other_pharmacist",)),
    Move("return", "退回医师", "return to the prescriber", ("taken",), ("returned",), _DESK, ("holder",), reason=True),
    Move("return", "第二人退回", "return as the second pharmacist", ("second",), ("returned",), _DESK,
         ("other_pharmacist",), reason=True),
    Move("refuse", "拒绝调配并报告", "refuse and report", ("taken",), ("refused",), _DESK, ("holder",), reason=True),
    Move("refuse", "第二人拒绝", "refuse as the second pharmacist", ("second",), ("refused",), _DESK,
         ("other_pharmacist",), reason=True),
    Move("release", "应急放行", "emergency release, counted as not reviewed", ("waiting", "taken", "second"),
         ("released",), ("prescriber", "lead", "chief"), ("releasable",), reason=True),
    Move("confirm", "补审通过", "confirm afterwards", _AFTER, _AFTER, _DESK, ("after_review_due",), keeps_state=True),
    Move("object", "补审不通过，停止放行", "object before it is charged", ("released",), ("returned",), _DESK,
         ("after_review_due",), reason=True),
    Move("object", "补审不通过", "object afterwards", _GONE_ON, _GONE_ON, _DESK, ("after_review_due",), reason=True,
         keeps_state=True),
    Move("charge", "收费", "charge", ("approved", "released", "refunded"), ("charged",), ("cashier",), ("content",)),
    Move("refund", "退费", "refund", ("charged",), ("refunded",), ("cashier",), reason=True),
    Move("void", "退费后作废", "void after the refund", ("refunded",), ("cancelled",), ("prescriber", "cashier"),
         reason=True),
    Move("supply", "发药", "supply", ("charged", "rescued"), ("supplied",), ("dispenser",), ("content",)),
    Move("lapse", "超时放回", "the lease ran out", ("taken",), ("waiting",), ("system",)),
    Move("escalate", "升级", "pass on to more people, never through", ("waiting",), ("waiting",), ("system",),
         keeps_state=True),
    Move("expire", "过期", "the validity ended",
         ("waiting", "second", "returned", "blocked", "approved", "released", "refunded"), ("expired",), ("system",)),
)  # fmt: skip


def allowed(state: State) -> tuple[Move, ...]:
    """The rows that start from a state."""
    return tuple(move for move in MOVES if state in move.from_)


def row(name: str, state: State) -> Move | None:
    """The row of a move from a state, or None if the table has none."""
    return next((move for move in MOVES if move.name == name and state in move.from_), None)


def state_after(verdict: Verdict, *, machine_may_pass: bool, observed: bool = False, rescue: bool = False) -> State:
    """Where a reviewed sheet stands: what goes through still needs a pharmacist where no decision lets a machine pass.

    Args:
        verdict: of the review.
        machine_may_pass: whether a standing decision of the P&T committee covers it and a pharmacist is on duty.
        observed: whether the member only observes: nothing is stopped there until it goes live.
        rescue: whether it was given in a rescue: supplied first, reviewed after.
    """
    if rescue:
        return "rescued"
    if observed:
        return "approved"
    match verdict:
        case "block":
            return "blocked"
        case "return":
            return "returned"
        case "hold":
            return "waiting"
        case _:
            return "approved" if machine_may_pass else "waiting"
