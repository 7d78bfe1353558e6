"""Written names without the marks that systems print around them: 【甲】阿托伐他汀钙片(立普妥), …（集采）."""

from __future__ import annotations

import re

from rx_review.library.formulary import Formulary
from rx_review.library.lookup import fold

_BRACKETED = re.compile(r"[(【\[]([^()【】\[\]]*)[)】\]]")


def without_marks(written: str, formulary: Formulary) -> str | None:
    """A name without brackets that only mark it, or that repeat what it is; None if nothing is to be taken away.

    A bracket is a mark if it is a listed word (甲, 集采, 医保) or a name of the very drug that the rest names.
    """
    plain = fold(written)
    names = formulary.written_names
    bare = _BRACKETED.sub("", plain)
    if bare == plain or bare not in names:
        return None
    for match in _BRACKETED.finditer(plain):
        content = match[1]
        same = content in names and names[content][0] == names[bare][0]
        if not same and ("mark", content) not in formulary.wordings:
            return None
    return bare
