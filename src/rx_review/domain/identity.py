"""Who a prescription is about, kept apart from what it prescribes (个人信息保护法 arts. 6, 28, 51).

Review needs of a name or an identity number only that it is written, and whether two are the same. `separate` puts
stand-ins in their place, so that a stored sheet names nobody and is reviewed as the sheet itself would be; `restore`
puts the values back.

Apart from names and identity numbers, two numbers of the member's own are identity: the patient's (`patient.id`) and
the medical record's (`record_number`). Both stay with a person from visit to visit, stand on the person's card and lead
back to them through any terminal of the member; HIPAA's list of identifiers has the latter by name (45 CFR
164.514(b)(2)(i)(H)). `number`, `visit` and `consultation` name events and stay, as do staff codes (`prescriber.id`,
`signatures.person`), which the staff register needs.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, NamedTuple, TypeVar

from pydantic import Field

from rx_review.domain.prescription import Prescription, Strict
from rx_review.domain.values import Code, Text
from rx_review.errors import Fault, InputError

IdentityKind = Literal["name", "identity_number", "patient_number", "record_number"]
StandIn = Callable[[IdentityKind, str], str]
"""What stands for a value of a kind: a `Code`, equal for equal values and different for different ones."""

Path = tuple[str, ...]

_SHORTEST_KEY = 16

_Part = TypeVar("_Part", bound=Strict)

# A field that is masked in lists must not show up whole in a log that prints the model.
HiddenCode = Annotated[Code | None, Field(repr=False)]
HiddenText = Annotated[Text | None, Field(repr=False)]


class Identity(Strict):
    """The values taken out of one sheet; absent where the sheet has none. Its `repr` shows none of them."""

    record_number: HiddenCode = None
    patient_number: HiddenCode = None
    patient_name: HiddenText = None
    patient_identity_number: HiddenCode = None
    agent_name: HiddenText = None
    agent_identity_number: HiddenCode = None
    guardian: HiddenText = None
    prescriber_name: HiddenText = None
    prescriber_identity_number: HiddenCode = None


class Place(NamedTuple):
    """Where a value of `Identity` stands in a prescription, and its kind: stand-ins are compared within a kind."""

    path: Path
    kind: IdentityKind


PLACES: Mapping[str, Place] = {
    "record_number": Place(("record_number",), "record_number"),
    "patient_number": Place(("patient", "id"), "patient_number"),
    "patient_name": Place(("patient", "name"), "name"),
    "patient_identity_number": Place(("patient", "identity_number"), "identity_number"),
    "agent_name": Place(("patient", "agent", "name"), "name"),
    "agent_identity_number": Place(("patient", "agent", "identity_number"), "identity_number"),
    "guardian": Place(("patient", "guardian"), "name"),
    "prescriber_name": Place(("prescriber", "name"), "name"),
    "prescriber_identity_number": Place(("prescriber", "identity_number"), "identity_number"),
}
"""Every field of `Identity`, and where it stands."""


def stand_ins(key: bytes) -> StandIn:
    """Stand-ins that only the holder of a key can make: 33 letters and digits of HMAC-SHA256, cut to 128 bits.

    Args:
        key: at least 16 random bytes, of this patient alone. With it goes the last way to try out who was meant.

    Raises:
        ValueError: the key is shorter.
    """
    if len(key) < _SHORTEST_KEY:
        raise ValueError(f"a key of {len(key)} bytes; {_SHORTEST_KEY} are the least")

    def stand_in(kind: IdentityKind, value: str) -> str:
        return "x" + hmac.digest(key, f"{kind}\0{value}".encode(), "sha256")[:16].hex()

    return stand_in


def separate(prescription: Prescription, stand_in: StandIn) -> tuple[Prescription, Identity]:
    """The prescription with a stand-in for each identity value, and the values.

    Presence and equality survive, so verdict, findings and what is not judged stay the same, and so does whether two
    revisions have the same content: digests of an approval must be made of separated sheets alone, or of whole ones.
    """
    found = {name: value for name, place in PLACES.items() if (value := _at(prescription, place.path)) is not None}
    changes = {PLACES[name].path: stand_in(PLACES[name].kind, value) for name, value in found.items()}
    # Checked when the prescription was read.
    return _changed(prescription, changes), Identity.model_construct(_fields_set=set(found), **found)


def restore(prescription: Prescription, identity: Identity) -> Prescription:
    """The prescription as it was before `separate`.

    Raises:
        InputError: the identity is not of this sheet: it has a value where the sheet has none, or none where it has.
    """
    values = {place.path: value for name, place in PLACES.items() if (value := getattr(identity, name)) is not None}
    strange = [
        ".".join(place.path)
        for place in PLACES.values()
        if (_at(prescription, place.path) is None) != (place.path not in values)
    ]
    if strange:
        where, fields = f"prescription {prescription.number}", ", ".join(strange)
        raise InputError(
            Fault(
                where,
                f"the identity kept apart is of another sheet; they differ in {fields}",
                "read the identity of this revision",
                f"分离保存的身份信息不属于本处方，不一致的字段：{fields}；请读取本修订版的身份信息",
            )
        )
    return _changed(prescription, values)


def masked_name(name: str) -> str:
    """A name as lists show it: the first character and at most two stars, 张** for 张三丰; one character shows none."""
    name = name.strip()
    return "*" if len(name) < 2 else name[0] + "*" * min(len(name) - 1, 2)


def masked_number(number: str) -> str:
    """An identity, patient or telephone number as lists show it: ****0012; of a short one, less than half."""
    number = number.strip()
    shown = min(4, (len(number) - 1) // 2)
    return "****" + (number[-shown:] if shown > 0 else "")


def _at(model: Strict, path: Path) -> str | None:
    value: object = model
    for name in path:
        value = getattr(value, name, None)
    return value if isinstance(value, str) else None


def _changed(model: _Part, changes: Mapping[Path, str]) -> _Part:
    update: dict[str, object] = {}
    inner: dict[str, dict[Path, str]] = {}
    for path, value in changes.items():
        if len(path) == 1:
            update[path[0]] = value
        else:
            inner.setdefault(path[0], {})[path[1:]] = value
    for name, within in inner.items():
        update[name] = _changed(getattr(model, name), within)
    return model.model_copy(update=update) if update else model
