"""Entries of a YAML file, kept by content: reading YAML takes seconds."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML


def read_entries(data: bytes, kind: str, cache: Path | None) -> Any:
    """The tree of a YAML file, from the cache if this very content was read before. Kept as JSON, which runs nothing.

    Args:
        data: the content of the file.
        kind: what stands in it, for the name of what is kept.
        cache: where to keep what was read; None keeps nothing.

    Raises:
        ruamel.yaml.error.YAMLError: it is not YAML.
    """
    kept = cache / f"{kind}-{hashlib.sha256(data).hexdigest()[:24]}.json" if cache is not None else None
    if kept is not None:
        with contextlib.suppress(OSError, ValueError):
            return json.loads(kept.read_bytes())
    entries = YAML(typ="safe").load(data)
    if kept is not None:
        _keep(entries, kept)
    return entries


def _keep(entries: Any, kept: Path) -> None:
    """Keep a tree, unless JSON would give back another, of numbers as names for one."""
    with contextlib.suppress(OSError, TypeError):
        text = json.dumps(entries, ensure_ascii=False)
        if json.loads(text) != entries:
            return
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = kept.with_suffix(f".{os.getpid()}")
        partial.write_text(text, encoding="utf-8")
        partial.replace(kept)
