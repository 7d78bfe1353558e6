"""What the audit says of reviews, laid beside the reviews themselves."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from rx_review.store.database import Row
from rx_review.store.reviews import PARTS, unpacked

Parts = Mapping[str, bytes]
"""The stored parts of a review by name; a part that cannot be unpacked is not in it."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What an entry of the audit says of a review."""

    entry: int
    action: str
    at: str
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Match:
    """A review and its entry. `altered` names the parts that are not those of the entry; no entry, no parts."""

    review: Row[Any]
    parts: Parts
    noted: Noted | None
    altered: tuple[str, ...] = ()


def body_of(row: Row[Any]) -> dict[str, Any] | None:
    """What an entry says; None if it was erased or is no JSON object."""
    if row.body is None:
        return None
    try:
        tree = json.loads(row.body)
    except ValueError:
        return None
    return tree if isinstance(tree, dict) else None


def _parts_of(review: Row[Any]) -> Parts:
    found: dict[str, bytes] = {}
    for part in PARTS:
        try:
            found[part] = unpacked(getattr(review, part))
        except (zlib.error, TypeError):
            continue
    return found


def noted_in(rows: Iterable[Row[Any]]) -> Iterator[Noted]:
    """What entries say of reviews; entries of something else are passed over."""
    for row in rows:
        tree = body_of(row)
        digests = None if tree is None else tree.get("digests")
        if tree is not None and isinstance(digests, dict):
            yield Noted(row.id, str(tree.get("action")), str(tree.get("at")), digests)


def matched(reviews: Iterable[Row[Any]], noted: Iterable[Noted]) -> tuple[list[Match], list[Noted]]:
    """Lay the reviews of one prescription beside its entries; also what is left of the entries.

    A review belongs to an entry that names the digests of all its parts, its cause and its instant. One that has none
    is laid beside an entry of that cause and instant, and said to be altered.
    """
    left = list(noted)
    found: list[Match] = []
    odd: list[tuple[Row[Any], Parts, dict[str, str]]] = []
    for review in reviews:
        parts = _parts_of(review)
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}
        digests["semantics"] = review.semantics
        entry = next((each for each in left if each.digests == digests and _is_of(each, review)), None)
        if entry is None:
            odd.append((review, parts, digests))
        else:
            left.remove(entry)
            found.append(Match(review, parts, entry))
    for review, parts, digests in odd:
        entry = next((each for each in left if _is_of(each, review)), None)
        altered: tuple[str, ...] = ()
        if entry is not None:
            left.remove(entry)
            altered = tuple(part for part in (*PARTS, "semantics") if entry.digests.get(part) != digests.get(part))
        found.append(Match(review, parts, entry, altered))
    return found, left


def _is_of(noted: Noted, review: Row[Any]) -> bool:
    return (noted.action, noted.at) == (review.cause, review.at.astimezone(UTC).isoformat())
