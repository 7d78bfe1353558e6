"""`rx schema`."""

from __future__ import annotations

import json

from pydantic import BaseModel

from rx_review.domain.circumstances import Circumstances
from rx_review.domain.prescription import Prescription
from rx_review.errors import Fault, InputError

_MODELS: dict[str, type[BaseModel]] = {"prescription": Prescription, "circumstances": Circumstances}


def print_schema(what: str) -> None:
    """Print a JSON Schema (draft 2020-12)."""
    if what not in _MODELS:
        names = " or ".join(_MODELS)
        raise InputError(Fault(what, "no such schema", f"use {names}", f"没有这个 schema；请用 {names}"))
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **_MODELS[what].model_json_schema()}
    print(json.dumps(schema, ensure_ascii=False, indent=2))
