"""Who a prescription names is told by one route to those who may ask, and stands nowhere else."""

import itertools
import json

import pytest
import structlog

NAME, AGENT, GUARDIAN, DOCTOR = "欧阳金丝雀", "司马哨兵", "诸葛守护", "上官知更鸟"
NUMBER, AGENT_NUMBER, DOCTOR_NUMBER = "110101199003070011", "11010119900307002X", "110101198001010033"
MOBILE = "13912345678"
CANARIES = (NAME, AGENT, GUARDIAN, DOCTOR, NUMBER, AGENT_NUMBER, DOCTOR_NUMBER, MOBILE)


def named(world, **changes):
    """A sheet with everything that names somebody."""
    sheet = world.sheet(**changes)
    sheet["patient"] |= {
        "name": NAME,
        "identity_number": NUMBER,
        "guardian": GUARDIAN,
        "agent": {"name": AGENT, "identity_number": AGENT_NUMBER},
    }
    sheet["prescriber"] |= {"name": DOCTOR, "identity_number": DOCTOR_NUMBER}
    return sheet


def broken(sheet):
    """The sheet with each of its names and numbers made faulty where it stands, or put where it does not belong."""
    for text, place in itertools.product((NAME, NUMBER, MOBILE), ("sex", "birth_date", "weight", "pregnancy", "id")):
        yield {**sheet, "patient": {**sheet["patient"], place: f"{text}\u0000"}}
    for text, place in itertools.product((NAME, NUMBER, MOBILE), ("setting", "institution", "issued_at", "lines")):
        yield {**sheet, place: text}
    yield {**sheet, "lines": [{"line": NAME, "generic": f"{NAME}\u202e"}]}
    yield {**sheet, NUMBER: 1}
    yield {**sheet, "revision": 7}
    yield {**sheet, "patient": {**sheet["patient"], "pregnancy": "pregnant"}}


@pytest.fixture
def logged():
    """Everything that is logged meanwhile, as text."""
    lines = []

    def keep(logger, method, event):
        lines.append(repr(event))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, keep])
    yield lines
    structlog.configure(**before)


def everywhere(world, told):
    """The path of every read, and of writes with a name where a code should be."""
    key = told["id"]
    yield from (("GET", path, None) for path in (
        f"/prescriptions/{key}", f"/prescriptions/{key}/history", f"/prescriptions/{key}/registration",
        "/prescriptions", "/queue", "/duty", "/pauses", "/edition", "/audit/checkpoint",
        f"/release?institution=SAMPLE-T01&number={told['number']}",
        f"/release?institution=SAMPLE-T01&number={NUMBER}", f"/staff/{NUMBER}", f"/members/{NUMBER}", f"/staff/{NAME}",
        f"/rules/{NAME}", f"/problems/{MOBILE}", f"/prescriptions/{NUMBER}", f"/prescriptions?institution={NAME}",
        f"/prescriptions?cursor={NUMBER}", f"/prescriptions?state={NAME}", f"/nothing/{NUMBER}/{NAME}",
        f"/prescriptions/{key}/identity?reason=",
    ))  # fmt: skip
    yield "POST", f"/prescriptions/{key}/moves", {"move": "take", "revision": 1, "by": NUMBER}
    yield "POST", f"/prescriptions/{key}/moves", {"move": NAME, "revision": NUMBER}
    yield "POST", "/dismissals", {"prescription": NUMBER, "key": NUMBER, "reason": NAME}
    yield "POST", "/duty", {"person": NUMBER, "from": NAME, "until": MOBILE}
    yield "POST", "/duty", {"person": NUMBER, "from": "2026-11-02T08:00:00Z", "until": "2026-11-02T09:00:00Z"}
    yield "PUT", f"/staff/{NUMBER}", {"institution": NUMBER, "name": "x", "pharmacist": {}}
    yield "PUT", f"/members/{NUMBER}", {"name": NAME}
    yield "POST", "/sessions", {"name": NAME, "password": NUMBER}


def test_no_answer_but_identity_and_no_log_and_no_metric_names_anybody(world, logged):
    world.on_duty()
    answers = []

    def ask(who, method, path, body=None):
        answers.append((method, path, world.call(who, method, path, body)))
        return answers[-1][2]

    told = ask("his", "POST", "/prescriptions", named(world)).json()
    ask("his", "POST", "/checks", named(world))
    ask(
        "his",
        "POST",
        "/prescriptions/batch",
        {"items": [{"prescription": named(world)}, {"prescription": {"x": NAME}}]},
    )
    for sheet in broken(named(world)):
        ask("his", "POST", "/prescriptions", sheet)
        ask("his", "POST", "/checks", sheet)
        ask("his", "POST", "/prescriptions/batch", {"items": [{"prescription": sheet, "key": NAME}]})
        ask("his", "POST", "/prescriptions/batch", {"items": [{"prescription": sheet}]})
    for who in ("his", "his-other", "till", "pharmacist", "lead", "administrator", "auditor", None):
        for method, path, body in everywhere(world, told):
            ask(who, method, path, body)
    taken = world.move("pharmacist", told, "take")
    ask("pharmacist", "POST", f"/prescriptions/{told['id']}/moves",
        {"move": "approve", "revision": 1, "fence": taken["fence"]})  # fmt: skip
    world.service.seal()
    answers.append(("GET", "/metrics", world.http.get("/metrics")))
    world.call("pharmacist", "GET", f"/prescriptions/{told['id']}/identity")

    assert len(answers) > 250
    for method, path, answer in answers:
        text = answer.text + json.dumps(dict(answer.headers))
        # What JSON writes as an escape is looked for as what it says.
        text += text.encode().decode("unicode_escape", "replace")
        assert [canary for canary in CANARIES if canary in text] == [], (method, path, answer.text)
    assert len(logged) > 250
    assert [line for line in logged if any(canary in line for canary in CANARIES)] == []


def test_identity_itself_is_masked_until_somebody_says_why(world):
    told = world.submit(named(world))
    masked = world.call("pharmacist", "GET", f"/prescriptions/{told['id']}/identity").text
    assert [canary for canary in CANARIES if canary in masked] == []
    whole = world.ok("pharmacist", "GET", f"/prescriptions/{told['id']}/identity?reason=核对代办人")
    assert {NAME, AGENT, GUARDIAN, NUMBER, AGENT_NUMBER} <= set(whole["identity"].values())
