"""`rx edition publish`, `list` and `rollback`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rx_review import config
from rx_review.cli.console import out
from rx_review.cli.database import county_database, operator
from rx_review.cli.edition_bundle import opened
from rx_review.cli.edition_signing import open_statements
from rx_review.editions.publishing import Published, editions, publish, rollback
from rx_review.errors import Fault, InputError

_SHORTEST = 12


def publish_edition(bundle: str, statement_files: list[str], reason: str) -> None:
    """Let an edition hold and say which."""
    statements = open_statements(statement_files)
    with county_database() as database, opened(bundle) as (rules, formulary):
        digest = publish(
            database, rules, formulary, statements, reason, config.now(), operator(), cache=config.cache_dir()
        )
    out().print(f"已发布，现行版本 published, holds from now on\nsha256:{digest}", markup=False)


def list_editions(as_json: bool) -> None:
    """Print the editions that were published."""
    with county_database() as database:
        found = editions(database)
    if as_json:
        print(json.dumps([_tree(each) for each in found], ensure_ascii=False, indent=1))
    elif found:
        out().print("\n".join(line for each in found for line in _lines(each)), markup=False)
    else:
        out().print("尚未发布任何版本 no edition is published", markup=False)


def roll_back(digest: str, statement_files: list[str], reason: str) -> None:
    """Let an earlier edition hold again and say which."""
    statements = open_statements(statement_files)
    with county_database() as database:
        whole = _whole(digest, [each.digest for each in editions(database)])
        rollback(database, whole, statements, reason, config.now(), operator())
    out().print(f"已回退，现行版本 rolled back, holds from now on\nsha256:{whole}", markup=False)


def _whole(given: str, published: list[str]) -> str:
    """The digest that begins so."""
    start = given.removeprefix("sha256:").lower()
    found = [digest for digest in published if digest.startswith(start)] if len(start) >= _SHORTEST else []
    if len(found) != 1:
        do, zh = "give the digest as `rx edition list` has it", "没有发布过这样的版本；请按 rx edition list 所列给出"
        what = f"not the digest of a published edition, nor its first {_SHORTEST} signs"
        raise InputError(Fault(given[:80], what, do, zh))
    return found[0]


def _tree(each: Published) -> dict[str, Any]:
    return {
        "digest": each.digest,
        "holds": each.holds,
        "published_at": each.at.astimezone(config.COUNTY_TIME).isoformat(),
        "signed_by": list(each.signed_by),
        "held": [
            {"from": held.at.astimezone(config.COUNTY_TIME).isoformat(), "by": held.by, "reason": held.reason}
            for held in each.held
        ],
    }


def _lines(each: Published) -> Iterator[str]:
    now = "  现行 holds" if each.holds else ""
    yield f"sha256:{each.digest}{now}"
    yield f"  签署 signed by {'、'.join(each.signed_by)}"
    for held in each.held:
        yield f"  {held.at.astimezone(config.COUNTY_TIME):%Y-%m-%d %H:%M:%S}  {held.by}  {held.reason}"
