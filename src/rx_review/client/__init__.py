"""A client for the systems of a member: HIS, till, pharmacy. Typed, and safe to call again.

Submit, wait, charge, supply (`told.text` is one line for the doctor, `told.review.findings` says the rest):

    >>> from rx_review.client import Client, NotAllowed, Refused, Unavailable
    >>> with Client(address, "his", his_secret) as his:
    ...     draft = his.check(prescription)
    ...     told = his.submit(prescription)
    ...     told = his.wait_until_decided(told.id, at_most=60)
    >>> draft.binding, told.action, told.state, told.text
    ('pass', 'proceed', 'approved', '审核通过')
    >>> with Client(address, "till", till_secret) as till:
    ...     gate = till.release(told.institution, told.number)
    ...     charged = till.charge(gate, by="C001", amount="23.50", token=gate.token)
    ...     supplied = till.supply(charged, by="P001", dispenser="P001", checker="P002")
    >>> gate.release, charged.state, supplied.state
    (True, 'charged', 'supplied')

Whatever ends otherwise is one of these, and each asks for something else to be done:

    ClientError
    ├── Refused             the service said no: code, status, title, detail, errors, state, allowed, retryable, trace
    │   ├── Invalid         the request is wrong: correct what `errors` names
    │   ├── Unauthenticated wrong id or secret, or paused after too many failures: the administrator
    │   ├── Forbidden       this system has not the role
    │   ├── NotFound        no such thing, or of another member
    │   └── NotAllowed      not in this state or by this person: `state`, `allowed`, `more`
    │       └── Outdated    another revision or content than you think: read it again
    ├── Unavailable         no answer within the budget: hold at the cashier, or the signed emergency release
    └── Unreadable          something else than the service answered

    >>> with Client(address, "till", till_secret) as till:
    ...     try:
    ...         till.refund(supplied, by="C001", reason="patient-declined")
    ...     except NotAllowed as refusal:
    ...         print(refusal.code, refusal.state, refusal.detail.zh)
    move-not-allowed supplied 已发药，不能执行 refund
    >>> with Client("http://127.0.0.1:9", "his", his_secret) as his:
    ...     try:
    ...         his.submit(prescription)
    ...     except Unavailable as none:
    ...         print(none.unknown, none.faults[0].zh)
    False 请提示审方暂不可用，收费处暂缓收费，稍后重试；患者不能等待时签字应急放行，事后补审

What is tried again, within the budget of the call, with exponential back-off and full jitter: everything that reads,
checks and submissions, whose number, day and revision are their key; and moves, which carry the version that you have
seen, so that one of two tries is refused. After a lost answer the client looks whether it was made, and answers that.

After `Unavailable` call again with the same arguments: nothing is done twice. A move that was made after all is then
answered to a system that may read the history; to a till it is `NotAllowed`, with `state` "charged".
"""

from rx_review.client.answers import Checked, Finding, Gate, NotJudged, Review, Short, Standing, Way
from rx_review.client.batches import Submitted
from rx_review.client.client import Client
from rx_review.client.effort import Budgets, Pace
from rx_review.client.refusals import (
    ClientError,
    Forbidden,
    Invalid,
    NotAllowed,
    NotFound,
    Outdated,
    Refused,
    Unauthenticated,
    Unavailable,
    Unreadable,
)

__all__ = [
    "Budgets",
    "Checked",
    "Client",
    "ClientError",
    "Finding",
    "Forbidden",
    "Gate",
    "Invalid",
    "NotAllowed",
    "NotFound",
    "NotJudged",
    "Outdated",
    "Pace",
    "Refused",
    "Review",
    "Short",
    "Standing",
    "Submitted",
    "Unauthenticated",
    "Unavailable",
    "Unreadable",
    "Way",
]
