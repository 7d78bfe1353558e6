"""Known names near to one that is not known: to show to whoever mends it, never to be taken for it.

Drug names one character apart are often different drugs (氯丙嗪, 异丙嗪), so nothing that resolves a line uses this.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from difflib import SequenceMatcher

from rx_review.library.lookup import fold

# At least half of the characters agree; below that a suggestion says nothing.
_LEAST = 0.5
# Names compared character by character, of those that share most with what was written.
_COMPARED = 48
# No drug is named at greater length, and what a prescription says has no bound of its own here.
_LONGEST = 48


class NameIndex:
    """Names by their pairs of neighbouring characters; built once, asked often.

    Asking costs a few milliseconds in 30,000 names, building about as much as a few hundred questions.
    """

    __slots__ = ("_features", "_folded", "_holders", "_names")

    def __init__(self, names: Iterable[str]) -> None:
        by_folded: dict[str, str] = {}
        for name in sorted(names):
            by_folded.setdefault(fold(name)[:_LONGEST], name)
        by_folded.pop("", None)
        self._folded = tuple(by_folded)
        self._names = tuple(by_folded.values())
        self._features: list[int] = []
        holders: defaultdict[str, list[int]] = defaultdict(list)
        for place, plain in enumerate(self._folded):
            features = _features(plain)
            self._features.append(len(features))
            for feature in features:
                holders[feature].append(place)
        self._holders = dict(holders)

    def nearest(self, written: str, most: int = 3) -> tuple[str, ...]:
        """The known names nearest to a written one.

        Args:
            written: a name as the sender wrote it.
            most: how many names at most.

        Returns:
            Known names as they were given to the index, nearest first; names that are equally near stand in
            code-point order. Empty if none agrees in at least half of its characters.
        """
        plain = fold(written)[:_LONGEST]
        if not plain or most < 1:
            return ()
        matcher = SequenceMatcher(autojunk=False)
        matcher.set_seq2(plain)
        scored: list[tuple[float, int]] = []
        for place in self._sharing(plain):
            matcher.set_seq1(self._folded[place])
            if (score := matcher.ratio()) >= _LEAST:
                scored.append((-score, place))
        return tuple(self._names[place] for _, place in sorted(scored)[:most])

    def _sharing(self, plain: str) -> list[int]:
        """Places of the names that share the greatest part of their pairs with `plain`."""
        features = _features(plain)
        shared: Counter[int] = Counter()
        for feature in features:
            shared.update(self._holders.get(feature, ()))
        ranked = sorted(
            shared, key=lambda place: (-shared[place] / (len(features) + self._features[place]), self._folded[place])
        )
        return ranked[:_COMPARED]


def _features(plain: str) -> frozenset[str]:
    """Neighbouring pairs; both ends count as neighbours, so that a wrong character in the middle leaves them."""
    framed = f"^{plain}$"
    return frozenset(framed[start : start + 2] for start in range(len(framed) - 1))
