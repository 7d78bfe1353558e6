"""Prescriptions on their way, many at once, made up step by step: after each step the county is as the table says.

A longer run by hand, 400 examples: `RX_LONG_MACHINE=400 pytest tests/api/test_machine.py -k sqlite --timeout=3600`.
"""

from __future__ import annotations

import io
import os
import secrets
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from datetime import timedelta
from itertools import count
from random import Random

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.api.machine import KINDS, SECOND, Ask, Copy, Duty, Mirror, offered
from tests.api.world import BEGAN, OTHER, ROLES, TOWNSHIP, found, make_world

from rx_review.audit import read_public_key, verify_export
from rx_review.audit.checking import check_stored
from rx_review.audit.exporting import export_stored
from rx_review.domain.circumstances import Circumstances
from rx_review.domain.content import content_digest
from rx_review.domain.moves import MOVES, STATE_NAMES
from rx_review.domain.moves import row as table_row
from rx_review.domain.prescription import Prescription
from rx_review.engine.stored import decide_again, decision_json, facts_from_json, facts_json
from rx_review.store import audit, prescriptions, reviews

PEOPLE = ("his", "his-other", "till", "pharmacist", "second", "lead", "administrator")
NAMES = (None, "D001", "D002", "P001", "P002", "L001", "X999")
REASON = {move.name: {"code": "other", "text": "见病历"} for move in MOVES if move.reason}
BY = {"resign": "prescriber", "countersign": "D001"}
ENDS = ("cancel", "refuse", "void", "release", "put_back")
LUCK = st.integers(0, 2**32 - 1)
"""Hypothesis alone draws the same small numbers again and again, and few prescriptions get far."""
OFTEN = (*sorted(KINDS), "sound", "child", "child")
BESIDE = ("dismiss", "unmask")
"""Entries of the audit that tell of a prescription and do not change it."""


class County(RuleBasedStateMachine):
    """A county and its mirror. `factory` and `shipped` are set by the test."""

    factory = None
    shipped = None
    steps = count()

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        reviewer, archive = self.shipped
        url, folder = self.stack.enter_context(self.factory())
        self.folder = folder
        self.world = make_world(url, folder, reviewer, archive)
        self.stack.enter_context(self.world.http)
        self.world.secrets = found(self.world.service, reviewer, archive, self.world.clock)
        # As an edition would say it whose rule says so; compiling one takes longer than all the rest.
        self.world.service.centre.second_pharmacist = frozenset({SECOND})
        self.mirror = Mirror(BEGAN)
        self.copies: list[Copy] = []
        self.turn = 0
        self.sent: list[tuple[Copy, dict]] = []
        self.versions = {"decision": 0, "member": 1}

    # --- what people do ------------------------------------------------------------------------

    @initialize(
        decided=st.booleans(),
        duties=st.sampled_from([(), ("pharmacist",), ("pharmacist", "second")]),
        kinds=st.lists(st.sampled_from(OFTEN), min_size=3, max_size=3),
    )
    def morning(self, decided, duties, kinds):
        if decided:
            self.decide(("note", "pass", "warn"), ())
        for who in duties:
            self.sign_on(who, ("general", "paediatric"), (), 8)
        for kind in kinds:
            self.submit(kind)

    @precondition(lambda self: len(self.copies) < 5)
    @rule(kind=st.sampled_from(OFTEN))
    def submit(self, kind):
        made = KINDS[kind]
        base = self.world.sheet()
        body = {**base, "revision": 1, **deepcopy(made.more)}
        body["patient"] |= made.patient
        body["lines"][0] |= made.line
        body["signatures"][0]["person"] = made.prescriber
        midnight = (self.world.now + timedelta(days=1)).replace(hour=0, minute=0)
        copy = Copy(made, body, {}, midnight)
        answer = self.world.call(_his(made), "POST", "/prescriptions", body)
        assert answer.status_code == 201, answer.text
        self.reviewed(copy, answer.json())
        self.copies.append(copy)

    @precondition(lambda self: self.copies)
    @rule(pick=st.integers(0, 4), kind=st.sampled_from(sorted(KINDS)), gap=st.sampled_from([1, 1, 1, 1, 0, 2, -1]))
    def revise(self, pick, kind, gap):
        copy, made = self.copies[pick % len(self.copies)], KINDS[kind]
        if made.institution != copy.kind.institution:
            made = copy.kind
        body = deepcopy(copy.body)
        for name in ("rescue", "diagnoses", "prescriber"):
            body.pop(name, None)
        fresh = self.world.sheet()
        body = {**fresh, **body, **deepcopy(made.more)}
        body["patient"] = {**fresh["patient"], "id": copy.body["patient"]["id"], **made.patient}
        body["lines"][0] = {**fresh["lines"][0], **made.line}
        body["department"] = f"内科{copy.revision}之{gap}"
        body["revision"] = copy.revision + gap
        body["signatures"] = [
            {
                "role": "prescriber",
                "person": made.prescriber,
                "at": self.world.now.isoformat(),
                "revision": body["revision"],
            }
        ]
        if body["revision"] < 1:
            return
        answer = self.world.call(_his(made), "POST", "/prescriptions", body)
        if gap != 1:
            codes = {0: "same-revision-other-content", 2: "revision-gap", -1: "stale-revision"}
            self.refused(copy, answer, {codes[gap]})
            return
        named = table_row("revise", copy.state)
        if named is None or ("after_review_due" in named.guards and copy.after != "due"):
            self.refused(copy, answer, {"move-not-allowed"})
            return
        if bool(body.get("rescue")) != (copy.state in ("rescued", "supplied")):
            self.refused(copy, answer, {"contradiction"})
            return
        assert answer.status_code == 201, answer.text
        copy.body, copy.kind = body, made
        copy.resigned, copy.countersigned, copy.reasoned = frozenset(), False, False
        self.reviewed(copy, answer.json())

    @precondition(lambda self: self.copies)
    @rule(pick=st.integers(0, 4))
    def change_the_producer(self, pick):
        """A revision with the same clinical content: an approval outlives it."""
        copy = self.copies[pick % len(self.copies)]
        body, number = deepcopy(copy.body), copy.revision + 1
        body["lines"][0]["producer"] = f"第{number}药厂"
        body["signatures"][0] |= {"revision": number, "at": self.world.now.isoformat()}
        body["revision"] = number
        if self.world.now >= copy.expires:
            return
        answer = self.world.call(_his(copy.kind), "POST", "/prescriptions", body)
        named = table_row("revise", copy.state)
        if named is None or ("after_review_due" in named.guards and copy.after != "due"):
            self.refused(copy, answer, {"move-not-allowed"})
            return
        assert answer.status_code == 201, answer.text
        # What was written at the desk is not on the sheet that the prescriber sends.
        stays = self.mirror.outlives(copy) and not copy.reasoned and not copy.countersigned
        copy.body, copy.resigned, copy.countersigned, copy.reasoned = body, frozenset(), False, False
        if not stays:
            self.reviewed(copy, answer.json())
            return
        copy.version += 1
        copy.observed = "*" in self.mirror.silent(copy.kind.institution)
        self.sent.append((copy, body))
        self.agree(copy, answer.json())

    @precondition(lambda self: self.sent)
    @rule(pick=st.integers(0, 50))
    def send_again(self, pick):
        copy, body = self.sent[pick % len(self.sent)]
        answer = self.world.call(_his(copy.kind), "POST", "/prescriptions", body)
        if body["revision"] < copy.revision:
            self.refused(copy, answer, {"stale-revision"})
            return
        assert answer.status_code == 200, answer.text
        assert answer.json()["replayed"] is True
        self.agree(copy, answer.json())

    @precondition(lambda self: self.copies)
    @rule(luck=LUCK)
    def go_on(self, luck):
        """Some moves that the table has, by people who may make them, asked for as they should be."""
        luck = self.drawn(luck)
        for copy in luck.sample(self.copies, min(2, len(self.copies))) * 4:
            if (ask := self.proper(copy, luck)) is not None:
                self.ask(copy, ask)

    @precondition(lambda self: self.copies)
    @rule(luck=LUCK)
    def nearly(self, luck):
        """Some moves that the table has, each with one thing wrong."""
        luck = self.drawn(luck)
        for copy in luck.choices(self.copies, k=4):
            if (ask := self.proper(copy, luck)) is not None:
                self.spoil(copy, ask, luck)
                self.ask(copy, ask)

    # Hypothesis leaves some rules out of each example; an example without these two is not worth its county.
    @precondition(lambda self: self.copies)
    @rule(luck=LUCK)
    def go_on_and_err(self, luck):
        self.go_on(luck)
        self.nearly(luck)

    @precondition(lambda self: self.copies)
    @rule(luck=LUCK)
    def err_and_go_on(self, luck):
        self.nearly(luck)
        self.go_on(luck)

    def drawn(self, luck):
        """Chance that is another at each step and the same in each run."""
        self.turn += 1
        return Random(luck * 1000 + self.turn)

    def spoil(self, copy, ask, luck):
        match luck.choice(("person", "by", "fence", "revision", "reason", "token", "dispensed", "late")):
            case "person":
                ask.who, ask.by = luck.choice([name for name in PEOPLE if name != ask.who]), None
            case "by":
                ask.by = luck.choice(NAMES)
            case "fence":
                ask.fence = copy.fence + 1
            case "revision":
                ask.revision += 1
            case "reason":
                ask.reason = luck.choice([None, {"code": "other"}, {"code": "stable-on-it"}])
            case "token":
                ask.token, ask.token_is_good = "1.1.x", False
            case "dispensed":
                ask.dispensed = None
            case "late":
                self.time_passes_between_ticks(660)
                ask.token = None

    def proper(self, copy, luck):
        """A move asked for as it should be; None if nobody here may make any."""
        moves = [move for move in offered(copy) if move != "revise"]
        if not moves:
            return None
        seldom = (*ENDS, *(("countersign",) if copy.kind.prescriber == "D001" else ()))
        (move,) = luck.choices(moves, [1 if move in seldom else 6 for move in moves])
        named = table_row(move, copy.state)
        able = [
            name
            for name in PEOPLE
            if set(ROLES[name][1]) & set(named.by) and ROLES[name][2] in ("", copy.kind.institution)
        ]
        if not able:
            return None
        holding = [each for each in able if ROLES[each][3] == copy.holder]
        name = luck.choice(holding if "holder" in named.guards and holding else able)
        by = None
        if ROLES[name][0] == "client":
            signs = {"resign": copy.kind.prescriber, "countersign": "D001", "release": "D001"}
            by = signs.get(move, "C001")
        ask = Ask(name, move, copy.revision, by, reason=REASON.get(move))
        if "holder" in named.guards:
            ask.fence = copy.fence
        if move == "supply":
            ask.dispensed = {"dispenser": "P001", "checker": "P002"}
        if move == "charge" and luck.random() < 0.5:
            ask.token = self.gate(copy)["token"]
        return ask

    @precondition(lambda self: self.copies)
    @rule(
        pick=st.integers(0, 4),
        who=st.sampled_from(PEOPLE),
        move=st.sampled_from(sorted({move.name for move in MOVES if move.by != ("system",)})),
        by=st.sampled_from(NAMES),
        revision=st.sampled_from([0, 0, 0, 1]),
        fence=st.sampled_from([None, 0, 0, 1]),
        reason=st.sampled_from(
            [None, {"code": "other", "text": "见病历"}, {"code": "other"}, {"code": "patient-away"}]
        ),
        dispensed=st.booleans(),
        token=st.sampled_from([None, None, "1.2.x", "9"]),
    )
    def try_anything(self, pick, who, move, by, revision, fence, reason, dispensed, token):
        """A move that anybody asks for in any way."""
        copy = self.copies[pick % len(self.copies)]
        fence = None if fence is None else copy.fence + fence or None
        ask = Ask(who, move, copy.revision + revision, by, fence, reason, token, token is None)
        ask.dispensed = {"dispenser": "P001", "checker": "P002"} if dispensed else None
        self.ask(copy, ask)

    @precondition(lambda self: any(copy.state == "taken" for copy in self.copies))
    @rule(pick=st.integers(0, 4), settle=st.booleans())
    def approve(self, pick, settle):
        """The holder approves, and settles what was found for the patient."""
        taken = [copy for copy in self.copies if copy.state == "taken"]
        copy = taken[pick % len(taken)]
        holder = next(name for name in PEOPLE if ROLES[name][3] == copy.holder)
        ask = Ask(holder, "approve", copy.revision, fence=copy.fence)
        may = [each["key"] for each in copy.told["review"]["findings"] if each["severity"] != "block"]
        self.ask(copy, ask, settle=may if settle and not copy.needs_second else [])
        copy.settled |= bool(may) and settle

    @precondition(lambda self: any(copy.rescue or copy.how == "released" for copy in self.copies))
    @rule()
    def look_at_what_is_due(self):
        """What the list says is to be reviewed afterwards can be."""
        listed = self.world.ok("pharmacist", "GET", "/queue")["after_review"]
        due = {copy.told["id"] for copy in self.copies if copy.after == "due" and table_row("confirm", copy.state)}
        assert {each["id"] for each in listed} == due

    # --- what the county does --------------------------------------------------------------------

    @rule(delta=st.sampled_from([{"minutes": 4}, {"minutes": 11}, {"minutes": 16}, {"hours": 1}, {"hours": 16}]))
    def time_passes(self, delta):
        self.world.wait(**delta)
        self.mirror.now = self.world.now
        self.tick()

    @rule(seconds=st.integers(1, 900))
    def time_passes_between_ticks(self, seconds):
        self.world.wait(seconds=seconds)
        self.mirror.now = self.world.now

    @rule()
    def tick(self):
        self.world.service.tick()
        for copy in self.copies:
            if self.mirror.tick(copy) is not None:
                copy.version += 1

    @rule(
        who=st.sampled_from(["pharmacist", "second"]),
        skills=st.sampled_from([("general",), ("general", "paediatric"), ("herbs",)]),
        covers=st.sampled_from([(), (), (TOWNSHIP,), (OTHER,)]),
        hours=st.integers(1, 8),
    )
    def sign_on(self, who, skills, covers, hours):
        until = self.world.now + timedelta(hours=hours)
        told = self.world.on_duty(who, skills=skills, covers=covers, until=until.isoformat())
        duty = Duty(told["id"], ROLES[who][3], frozenset(skills), frozenset(covers), until)
        self.mirror.duty[duty.id] = duty

    @precondition(lambda self: self.mirror.duty)
    @rule(pick=st.integers(0, 9))
    def sign_off(self, pick):
        chosen = sorted(self.mirror.duty)[pick % len(self.mirror.duty)]
        self.world.ok("lead", "DELETE", f"/duty/{chosen}")
        del self.mirror.duty[chosen]

    @rule(
        what=st.one_of(
            st.tuples(st.just("decide"), st.sampled_from([(), ("pass",), ("note", "pass", "warn")]),
                      st.sampled_from([(), (), (OTHER,)])),
            st.tuples(st.just("observe"), st.sampled_from([(), ("*",), ("RX-QTY-002",), (SECOND,)])),
            st.tuples(st.just("pause"), st.sampled_from([SECOND, "RX-SKIN-001", "RX-QTY-002"]), st.integers(1, 30)),
        )
    )  # fmt: skip
    def the_county_changes(self, what):
        getattr(self, what[0])(*what[1:])

    def decide(self, passes, members):
        until = {} if passes else {"until": (self.world.now - timedelta(days=2)).date().isoformat()}
        body = {"minutes": "1", "decided_on": "2026-01-05", "from": "2026-01-05", "members": members, **until}
        body["passes"] = passes or ["pass"]
        self.put("lead", "/standing-decisions/PT-1", body, "decision")
        self.mirror.passes, self.mirror.covered = frozenset(passes), frozenset(members)

    def observe(self, rules):
        self.put("administrator", f"/members/{TOWNSHIP}", {"name": "镇卫生院", "observes": rules}, "member")
        self.mirror.observes = frozenset(rules)

    def pause(self, named, hours):
        """Pause a rule, or let it speak again."""
        if (running := self.mirror.paused.pop(named, None)) is not None:
            code = 200 if self.world.now < running[1] else 404
            assert self.world.call("lead", "DELETE", f"/pauses/{running[0]}").status_code == code
            return
        until = self.world.now + timedelta(hours=hours)
        body = {"target": named, "until": until.isoformat(), "reason": "误报"}
        told = self.world.ok("lead", "POST", "/pauses", body)
        self.mirror.paused[named] = told["id"], until

    # --- how it is compared ----------------------------------------------------------------------

    def put(self, who, path, body, register):
        version = self.versions[register]
        headers = {"If-Match": f'"{version}"'} if version else {}
        self.versions[register] = self.world.ok(who, "PUT", path, body, headers=headers)["version"]

    def reviewed(self, copy, told):
        """A sheet was reviewed: it must stand where its verdict, the decision and the duty put it."""
        if self.world.now < copy.expires and not copy.settled:
            expected = self.mirror.binding(copy)
            assert told["binding"] == expected or {told["binding"], expected} <= {"pass", "note", "warn"}, told[
                "review"
            ]
        self.mirror.reviewed(copy, told["binding"])
        copy.version += 1
        self.sent.append((copy, copy.body))
        if copy.how == "machine":
            duty = {each.person for each in self.mirror.on_duty(copy.kind.institution)}
            assert told["approved"]["by"] in {f"decision PT-1; on duty {person}" for person in duty}
        self.agree(copy, told)

    def ask(self, copy, ask, settle=()):
        codes = self.mirror.against(copy, ask)
        body = ask.body() | ({"settle": settle} if settle else {})
        answer = self.world.call(ask.who, "POST", f"/prescriptions/{copy.told['id']}/moves", body)
        if codes:
            self.refused(copy, answer, codes)
            return
        assert answer.status_code == 200, (ask, answer.text)
        if self.mirror.moved(copy, ask):
            self.reviewed(copy, answer.json())
            return
        copy.version += 1
        self.agree(copy, answer.json())

    def refused(self, copy, answer, codes):
        assert answer.headers["content-type"] == "application/problem+json", (codes, answer.text)
        problem = answer.json()
        assert problem["code"] in codes, (codes, problem)
        if problem["code"] == "move-not-allowed":
            assert (problem["state"], problem["allowed"]) == (copy.state, offered(copy))

    def agree(self, copy, told):
        """An answer says what the mirror says."""
        expected = (copy.state, copy.version, copy.revision, copy.holder, copy.after, copy.how)
        approved = told["approved"] or {"how": None}
        got = (told["state"], told["version"], told["revision"], told["holder"], told["after_review"], approved["how"])
        assert got == expected, (got, expected)
        assert told["allowed"] == offered(copy)
        objected = copy.state == "charged" and copy.after == "objected"
        assert told["action"] == ("refuse" if objected else STATE_NAMES[copy.state].action)
        if told["approved"] is not None:
            written = self.world.ok(_his(copy.kind), "GET", f"/prescriptions/{told['id']}/history")["reviews"][-1]
            assert told["approved"]["content"] == content_digest(Prescription.model_validate(written["sheet"]))
        copy.told = told

    def gate(self, copy):
        path = f"/release?institution={copy.kind.institution}&number={copy.body['number']}"
        told = self.world.ok(_his(copy.kind), "GET", path)
        open_ = copy.state in ("approved", "released", "refunded") and self.world.now < copy.expires
        open_ = open_ and copy.after != "objected"
        assert (told["release"], told["state"], told["token"] is not None) == (open_, copy.state, open_)
        assert told["reviewed"] is (copy.how in ("machine", "pharmacist"))
        return told

    @invariant()
    def every_sheet_stands_where_the_mirror_says(self):
        next(County.steps)
        with self.world.service.database.read() as connection:
            for copy in self.copies:
                stored = prescriptions.by_id(connection, copy.told["id"])
                assert (stored.state, stored.version, stored.level, stored.fence) == (
                    copy.state, copy.version, stored.level if copy.state != "waiting" else copy.level, copy.fence,
                )  # fmt: skip
                told = [each for each in audit.of_prescription(connection, stored.id) if each.action not in BESIDE]
                assert len(told) == stored.version
                if stored.approved_content is not None:
                    assert stored.approved_content == stored.content
                if stored.state in ("charged", "supplied", "released", "approved"):
                    assert stored.approved_how is not None

    def teardown(self):
        try:
            for copy in self.copies:
                self.gate(copy)
                told = self.world.ok(_his(copy.kind), "GET", f"/prescriptions/{copy.told['id']}")
                self.agree(copy, told)
                _in_order(self.world.ok("lead", "GET", f"/prescriptions/{copy.told['id']}/history")["entries"])
            self.audit_holds()
            self.replay_is_equal()
        finally:
            self.stack.close()

    def audit_holds(self):
        service = self.world.service
        service.sealer.seal(self.world.now)
        verifier = read_public_key(service.keys / "audit.pub.pem")
        export = io.BytesIO()
        export_stored(service.database, export, self.world.now)
        export.seek(0)
        assert verify_export(export, [verifier]).faults == ()
        assert check_stored(service.database, [verifier]).faults == ()

    def replay_is_equal(self):
        reviewer = self.shipped[0]
        with self.world.service.database.read() as connection:
            for each in reviews.between(connection, None, None):
                decision, facts = reviews.unpacked(each.decision), reviews.unpacked(each.facts)
                whose = (each.number, each.revision, each.institution, each.issued_on)
                assert decision_json(decide_again(reviewer, *whose, facts_from_json(facts))) == decision
                sheet = Prescription.model_validate_json(reviews.unpacked(each.body))
                world = Circumstances.model_validate_json(reviews.unpacked(each.circumstances))
                again, computed = reviewer.decide(sheet, world, each.at)
                assert (decision_json(again), facts_json(computed)) == (decision, facts)


def _his(kind):
    return "his" if kind.institution == TOWNSHIP else "his-other"


def _in_order(entries):
    """Nothing was charged but what was approved just so, and nothing supplied but what was charged or rescued."""
    approved = state = None
    for entry in entries:
        body = entry["body"]
        if entry["action"] in BESIDE:
            continue
        assert body.get("from") == state
        move, before, state = entry["action"], state, body["to"]
        if move in ("submit", "revise", "resign", "countersign"):
            approved = body["content"] if state not in ("waiting", "returned", "blocked") else None
        elif move == "release" or (move == "approve" and state == "approved"):
            approved = body["content"]
        elif move == "charge":
            assert body["content"] == approved
            assert approved is not None
        elif move == "supply":
            assert before in ("charged", "rescued")
            assert approved is not None


# On PostgreSQL a new county costs more than the steps in it.
EXAMPLES = {"sqlite": 24, "postgresql": 6}


def test_the_county_does_what_the_table_of_moves_says(database_kind, new_database, tmp_path, shipped):
    @contextmanager
    def factory():
        folder = tmp_path / secrets.token_hex(4)
        folder.mkdir()
        yield new_database(database_kind), folder

    made = type("Tried", (County,), {"factory": staticmethod(factory), "shipped": shipped})
    long = int(os.environ.get("RX_LONG_MACHINE", "0"))
    run_state_machine_as_test(
        made,
        settings=settings(
            max_examples=long or EXAMPLES[database_kind],
            stateful_step_count=80 if long else 50,
            deadline=None,
            database=None,
            derandomize=not long,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink) if long else (Phase.generate,),
        ),
    )
