"""Passwords: which are good enough, how they are kept, and a wrong one that takes as long as a right one."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from rx_review.domain.problems import Refusal
from rx_review.errors import Fault, InputError

SHORTEST, LONGEST = 10, 200

HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
"""argon2id with 19 MiB, two passes, one lane: the OWASP Password Storage Cheat Sheet.

RFC 9106 §4 also recommends 64 MiB, three passes and four lanes; on two cores which review prescriptions meanwhile that
is 180 ms of all of them for each try, where this is 35 ms of one.
"""

AT_ONCE = 2
"""Tries that are checked at the same time: each takes 19 MiB and a core from the reviews."""
TURN_SECONDS = 2.0
_TURNS = threading.BoundedSemaphore(AT_ONCE)
_NOBODY = HASHER.hash("a password of nobody")

_FEWEST_DIFFERENT = 5
_COMMON = frozenset(
    {
        "0123456789",
        "0987654321",
        "1029384756",
        "1122334455",
        "1234567890",
        "12345678900",
        "12345678910",
        "123456789a",
        "123456789q",
        "1234554321",
        "123123123123",
        "1357924680",
        "147258369",
        "1472583690",
        "1q2w3e4r5t",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "1qazxsw23edc",
        "5201314520",
        "9876543210",
        "a123456789",
        "aa12345678",
        "aa123456789",
        "abc1234567",
        "abc123456789",
        "abcd123456",
        "abcdefghij",
        "admin12345",
        "admin123456",
        "administrator",
        "asd123456789",
        "asdfghjkl;",
        "changeme123",
        "hospital123",
        "iloveyou123",
        "letmein123",
        "p@ssw0rd12",
        "p@ssw0rd123",
        "passw0rd123",
        "password01",
        "password12",
        "password123",
        "password1234",
        "q1w2e3r4t5",
        "qazwsxedcrfv",
        "qq123456789",
        "qwe123456789",
        "qwer123456",
        "qwerty12345",
        "qwerty123456",
        "qwertyuiop",
        "qwertyuiop123",
        "welcome123",
        "welcome1234",
        "woaini1314",
        "woaini5201314",
        "yaoshi123456",
        "yiyuan123456",
        "zaq12wsxcde3",
        "zxcvbnm123",
        "zxcvbnm,./",
    }
)


def folded(password: str) -> str:
    """A password as it is checked: the same signs from another keyboard are the same password (RFC 8265 §4.2)."""
    return unicodedata.normalize("NFC", password)


def hashed(password: str) -> str:
    """A password, or the secret of a client, as it is kept: argon2id with a salt of its own."""
    return HASHER.hash(folded(password))


def matches(kept: str | None, password: str) -> bool:
    """Whether a password is the one that is kept; for None it is not, and that takes as long."""
    try:
        given = folded(password[:LONGEST]).encode()
    except UnicodeEncodeError:
        given, kept = b"", None
    if len(password) > LONGEST:
        kept = None
    try:
        HASHER.verify(_NOBODY if kept is None else kept, given)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def check_password(password: str, names: Iterable[str]) -> None:
    """Refuse a password that would be guessed.

    Args:
        password: what is to be the password.
        names: of its owner; it must not be built from one.

    Raises:
        InputError: it is too short or too long, among the commonest, of hardly any different signs, or a name.
    """
    plain = folded(password).casefold()
    if not SHORTEST <= len(password) <= LONGEST:
        raise _weak(f"it must have {SHORTEST} to {LONGEST} characters", f"须为 {SHORTEST} 至 {LONGEST} 个字符")
    if any(not char.isprintable() for char in password) or plain != plain.strip():
        raise _weak("control characters, or spaces at an end", "含有控制字符，或首尾有空格")
    if plain in _COMMON or len(set(plain)) < _FEWEST_DIFFERENT or _runs(plain):
        raise _weak("among the first that anybody would try", "属于最常见、最易猜中的密码")
    rest = plain
    for name in sorted((name.casefold() for name in names if name), key=len, reverse=True):
        rest = rest.replace(name, "")
    if len(rest) < SHORTEST // 2:
        raise _weak("little more than the name of the account", "与账号名或工号几乎相同")


def _runs(text: str) -> bool:
    """Whether it only counts up or down."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return steps in ({1}, {-1})


def _weak(what: str, zh: str) -> InputError:
    do = "choose another: four words that have nothing to do with each other are good"
    return InputError(Fault("password", what, do, f"密码{zh}；请另选，例如四个互不相干的词"))


@contextmanager
def turn() -> Iterator[None]:
    """Check one try, among few at once: with that a hundred tries sent together are counted as they go, not after.

    Raises:
        Refusal: `busy` if too many are waiting.
    """
    if not _TURNS.acquire(timeout=TURN_SECONDS):
        raise Refusal("busy", retry_after=2)
    try:
        yield
    finally:
        _TURNS.release()
