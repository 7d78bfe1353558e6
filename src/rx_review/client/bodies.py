"""What is sent: prescriptions as models or plain dicts, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from rx_review.domain.prescription import Prescription
from rx_review.errors import Fault, InputError

Sheet = Prescription | Mapping[str, Any]
"""A prescription: the model, or a dict as its JSON would be. The service judges a dict, pointing to each fault."""


def sheet_body(sheet: Sheet) -> bytes:
    """A prescription as JSON; what is None is left out, for absent means absent.

    Raises:
        InputError: something in it has no JSON.
    """
    if isinstance(sheet, Prescription):
        return sheet.model_dump_json(by_alias=True, exclude_none=True).encode()
    return body_of(dict(sheet))


def body_of(told: Mapping[str, Any]) -> bytes:
    """A request's body as JSON: decimals as text, so that no digit changes; what is no number is not made null.

    Raises:
        InputError: something in it has no JSON.
    """
    try:
        return to_json(told, inf_nan_mode="constants")
    except (PydanticSerializationError, UnicodeEncodeError) as error:
        raise InputError(
            Fault(
                "/",
                f"cannot be written as JSON ({error})",
                "send text, numbers, days and instants, lists and dicts of them",
                "无法写成 JSON；请只用文本、数字、日期、时间及其列表和字典",
            )
        ) from error
