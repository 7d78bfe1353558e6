"""A proposed change put on a sheet: JSON Patch (RFC 6902), the three operations that reviews propose."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from rx_review.domain.prescription import Prescription
from rx_review.domain.reading import read_prescription


def patched(prescription: Prescription, edits: Iterable[Mapping[str, Any]]) -> Prescription:
    """The sheet after `add`, `replace` and `remove`.

    Raises:
        InputError: what comes out is no prescription.
        LookupError: a path leads nowhere.
    """
    return read_prescription(json.dumps(patched_tree(tree_of(prescription), edits), ensure_ascii=False))


def tree_of(prescription: Prescription) -> Any:
    """A sheet as its JSON."""
    return json.loads(prescription.model_dump_json(by_alias=True, exclude_none=True))


def patched_tree(tree: Any, edits: Iterable[Mapping[str, Any]]) -> Any:
    """A JSON tree after the operations; the one given stays as it is, and so do they."""
    whole = deepcopy(tree)
    # A value that was put in place is changed by the edits after it.
    for edit in deepcopy(list(edits)):
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in edit["path"].split("/")[1:]]
        place = whole
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if isinstance(place, list):
            position = len(place) if last == "-" else int(last)
            if edit["op"] == "add":
                place.insert(position, edit["value"])
            elif edit["op"] == "remove":
                del place[position]
            else:
                place[position] = edit["value"]
        elif edit["op"] == "remove":
            del place[last]
        else:
            place[last] = edit["value"]
    return whole
