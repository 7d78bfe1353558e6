"""Examples of request bodies, which pass in the sample county on 2 November 2026: a test sends every one."""

from __future__ import annotations

from typing import Any

_PRESCRIPTION: dict[str, Any] = {
    "number": "RX20261102-0001",
    "setting": "outpatient",
    "institution": "SAMPLE-T01",
    "issued_at": "2026-11-02T09:00:00+08:00",
    "department": "内科",
    "record_number": "M000001",
    "payer": "城乡居民医保",
    "patient": {
        "id": "PT000001",
        "name": "王小明",
        "sex": "male",
        "birth_date": "1970-03-12",
        "allergies": {"status": "none"},
    },
    "prescriber": {"id": "D001", "licence": "physician"},
    "diagnoses": [{"text": "急性支气管炎", "code": "J20.9"}],
    "lines": [
        {
            "line": 1,
            "generic": "阿莫西林胶囊",
            "strength": "0.25g*24粒",
            "dose": "0.5",
            "dose_unit": "g",
            "route": "口服",
            "frequency": "tid",
            "quantity": 1,
            "quantity_unit": "盒",
            "skin_test": "negative",
        }
    ],
    "signatures": [{"role": "prescriber", "person": "D001", "at": "2026-11-02T09:00:00+08:00", "revision": 1}],
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "Prescription": _PRESCRIPTION,
    "Batch": {"items": [{"prescription": {**_PRESCRIPTION, "number": "RX20261102-0002"}, "key": "batch-1-item-1"}]},
    "MoveRequest": {"move": "cancel", "revision": 1, "by": "D001", "reason": {"code": "written-in-error"}},
    "DutyEntry": {
        "person": "P001",
        "skills": ["general", "herbs"],
        "from": "2026-11-02T08:00:00+08:00",
        "until": "2026-11-02T17:30:00+08:00",
    },
    "PauseEntry": {
        "target": "RX-QTY-001",
        "until": "2026-11-09T00:00:00+08:00",
        "reason": "节日期间外出用量，药事会已知情",
    },
    "Member": {"name": "示例乡镇卫生院", "phone": "0371-60000000", "observes": ["payment"]},
    "StaffEntry": {
        "institution": "SAMPLE-T01",
        "name": "李医师",
        "prescriber": {
            "licence": "physician",
            "title": "attending",
            "status": "active",
            "registered_at": ["SAMPLE-T01"],
            "rights": [{"kind": "prescribe", "from": "2020-01-01"}],
        },
    },
    "StandingDecision": {
        "minutes": "药事会纪要〔2026〕3号",
        "decided_on": "2026-10-20",
        "from": "2026-11-01",
        "passes": ["pass", "note"],
    },
    "Registration": {"pain_programme": False, "long_term": {"last_issued": "2026-09-30"}},
    "LogIn": {"name": "zhao.yaoshi", "password": "correct horse battery staple"},
    "Grant": {
        "grant_type": "client_credentials",
        "client_id": "his-sample-t01",
        "client_secret": "the-secret-that-was-shown-once",
    },
}
"""By the name of the schema."""
