"""Which reason answers which finding, and how the doctor is asked for it."""

from __future__ import annotations

from collections.abc import Mapping

from rx_review.domain.prescription import ReasonFor

TOPIC_REASON: Mapping[str, ReasonFor] = {
    "single_dose": "dose", "daily_dose": "dose", "days": "dose", "herb_dose": "dose",
    "indication": "choice",
    "interaction": "interaction", "duplicate_ingredient": "duplicate", "duplicate_class": "duplicate",
    "herbs": "incompatibility", "infusion": "incompatibility",
    "solvent": "incompatibility", "solvent_volume": "incompatibility",
}  # fmt: skip

GIVEN: Mapping[str, ReasonFor] = {
    "extended_reason": "quantity",
    "choice_reason": "choice",
    "catalogue_reason": "catalogue",
    "refill_reason": "early_refill",
    "emergency_reason": "emergency_use",
}

REASON_WORDS: Mapping[str, tuple[str, str]] = {
    "quantity": ("注明延长用量的理由", "state why the supply is longer"),
    "choice": ("注明选用该药的理由", "state why this drug was chosen"),
    "catalogue": ("注明使用目录外药品的理由", "state why a drug outside the catalogue is needed"),
    "early_refill": ("注明提前取药的理由", "state why the refill is early"),
    "emergency_use": ("注明越级使用的紧急情况", "state the emergency that excuses the higher tier"),
    "dose": ("注明超剂量理由并再次签名", "state why the dose is exceeded and sign again"),
    "interaction": ("注明联合用药理由并再次签名", "state why both are needed and sign again"),
    "duplicate": ("注明重复用药理由并再次签名", "state why both are needed and sign again"),
    "incompatibility": ("注明配伍理由并再次签名", "state why they are combined and sign again"),
    "contraindication": ("注明仍需使用的理由并再次签名", "state why it is still needed and sign again"),
}
