"""The checkpoint: what a seal says, as a small text file that members keep elsewhere.

It holds all that was signed, and the signature, so that it needs nothing but the public key; a chain that was cut or
written anew no longer agrees with it.
"""

from __future__ import annotations

import re

from rx_review.audit.chain import Seal, terms
from rx_review.audit.export import seal_of
from rx_review.errors import Fault, InputError

_TITLE = "rx-review audit checkpoint 1"
_FIELDS = ("county", "seal", "first", "count", "previous", "at", "clock", "algorithm", "key", "head", "signature")
_LONGEST = 4096
_NUMBER = re.compile(r"[0-9]{1,18}")


def write_checkpoint(seal: Seal) -> str:
    """The checkpoint of a seal, some 600 characters in 12 lines of `name: value`.

    All but the last line, `signature`, is `statement(seal)`: what the signature covers.
    """
    return "".join([f"{_TITLE}\n", *(f"{name}: {value}\n" for name, value in terms(seal).items())])


def read_checkpoint(text: str, where: str = "checkpoint") -> Seal:
    """Read a checkpoint; line ends of Windows, a byte order mark and blank lines around it do no harm.

    Its signature is not looked at here: `verify_export` does, with the keys.

    Raises:
        InputError: it is not a checkpoint, or not as one is written.
    """
    lines = text.removeprefix("\ufeff").strip().splitlines()[: len(_FIELDS) + 2]
    said = [line.rstrip().partition(": ") for line in lines[1:]]
    if len(text) > _LONGEST or lines[:1] != [_TITLE] or tuple(name for name, _, _ in said) != _FIELDS:
        raise _unreadable(where, "not a checkpoint", "不是检查点文件")
    values: dict[str, str] = {name: value for name, _, value in said}
    numbers = {"number": values["seal"], "first": values["first"], "count": values["count"]}
    for name, number in numbers.items():
        if not _NUMBER.fullmatch(number):
            raise _unreadable(where, f"{name} is not a number", f"{name} 不是数字")
    try:
        found = seal_of({**values, **{name: int(number) for name, number in numbers.items()}})
    except (ValueError, OverflowError) as error:
        raise _unreadable(where, f"a value that cannot be: {error}", f"取值不可能成立：{error}") from None
    if terms(found) != values:
        raise _unreadable(where, "not written as a checkpoint is", "书写形式与检查点格式不符")
    return found


def _unreadable(where: str, what: str, zh: str) -> InputError:
    return InputError(Fault(where, what, "get it again from where it is kept", f"{zh}；请向保存处重新索取"))
