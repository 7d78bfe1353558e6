"""What the C engine gets wrong in silence (W1 to W14): shown on the raw extension, then that we cannot meet it."""

import json

import durable_rules_engine as c
import pytest
from tests.engine.raw import Raw, encode, fires, fnv1a, handed_over, in_child, on_one
from tests.properties.worlds import code, flag, number, program, rule_of

from rx_review.engine.bounds import ordered_tests
from rx_review.engine.durable import DurableProgram
from rx_review.engine.language import Test as Ask
from rx_review.errors import EngineError
from rx_review.facts.vocabulary import BY_SUBJECT

DRUG = code("drug", ("warfarin", "aspirin", "青霉素"))
ASPIRIN = Ask(DRUG, "is", "aspirin")
AGE, HIGH, LOW = number("age"), number("high"), number("low")
PREGNANT = flag("pregnant")

# The public package with its timer threads kept from starting: they crash (C2, C3).
PUBLIC = """
import threading
threading.Timer.start = lambda timer: None
from durable import engine
ran = []
def host(run, *names):
    return engine.Host({"rx": {name: {**on_one({"drug": "aspirin"}), "run": run} for name in names}})
def fact(number, **more):
    return {"id": number, "sid": "one", "drug": "aspirin", **more}
"""


def fired(conditions, *facts):
    """What our driver says, as pairs of rule and fact."""
    return sorted(DurableProgram(program(*conditions)).fire(facts, {}))


def patterns(*conditions):
    """Each rule's patterns as our driver hands them to the engine."""
    return [rule["all"] for rules in handed_over(*conditions) for rule in rules.values()]


def every_test():
    """One rule for each kind of test there is, as a condition and as an exception."""
    tests = [Ask(AGE, operator, 7) for operator in ("is", "is_not", "over", "at_least", "under", "at_most")]
    tests += [Ask(AGE, "over", None, "high"), Ask(DRUG, "is_one_of", DRUG.values[:2]), Ask(PREGNANT, "is", 1)]
    return [rule_of(f"{i}", (ASPIRIN, test)) for i, test in enumerate(tests)] + [
        rule_of(f"{i}-unless", (ASPIRIN,), (test,)) for i, test in enumerate(tests)
    ]


def test_w1_absence_of_another_fact_depends_on_the_order_and_we_never_ask_for_it():
    rule = {"r": {"all": [{"p": {"kind": "line"}}, {"n$not": {"kind": "reason"}}]}}
    line, reason = {"kind": "line"}, {"kind": "reason"}
    assert (fires(rule, [line, reason]), fires(rule, [reason, line])) == (["r"], [])
    assert "$not" not in json.dumps(patterns(*every_test()))
    condition = rule_of("r", (ASPIRIN,), (Ask(PREGNANT, "is", 1),))
    silent, fires_ = {"drug": "aspirin", "pregnant": 1}, {"drug": "aspirin", "pregnant": 0}
    assert fired([condition], fires_, silent) == [(0, 0)]
    assert fired([condition], silent, fires_) == [(0, 1)]


def test_w2_an_alternative_before_a_join_skips_the_join_and_we_never_join():
    second = {"$and": [{"$or": [{"kind": "x"}, {"kind": "y"}]}, {"patient": {"a": "patient"}}]}
    rule = {"r": {"all": [{"a": {"kind": "first"}}, {"b": second}]}}
    assert fires(rule, [{"kind": "first", "patient": 1}, {"kind": "y", "patient": 2}]) == ["r"]
    assert {len(alone) for alone in patterns(*every_test())} == {1}
    assert {name for alone in patterns(*every_test()) for name in alone[0]} == {"m"}


def test_w3_a_fact_cannot_deny_itself_and_we_deny_on_the_same_fact_by_a_plain_test():
    line = {"kind": "line"}
    rule = {"all": [{"a": {"$and": [line, {"x": 1}]}}, {"b$not": {"$and": [line, {"y": 1}]}}]}
    assert fires({"r": rule}, [{"kind": "line", "x": 1, "y": 1}]) == ["r"]
    assert fired([rule_of("r", (ASPIRIN,), (Ask(AGE, "over", 17),))], {"drug": "aspirin", "age": 18}) == []


def test_w4_two_prescription_numbers_share_their_facts_and_we_use_none_as_a_state(monkeypatch):
    engine = Raw({"r": {"all": [{"a": {"drug": "warfarin"}}, {"b": {"drug": "aspirin"}}]}})
    engine.assert_fact("CF20263326449199", id="1", drug="warfarin")
    engine.assert_fact("CF20267470817006", id="2", drug="aspirin")
    assert engine.drain() == ["r"], "one patient's warfarin meets another's aspirin"
    sent, really = [], c.assert_fact
    monkeypatch.setattr(c, "assert_fact", lambda handle, fact: sent.append(json.loads(fact)) or really(handle, fact))
    assert fired([rule_of("r", (ASPIRIN,))], {"drug": "aspirin", "sid": "CF1"}, {"drug": "aspirin", "id": "9"}) == [
        (0, 0),
        (0, 1),
    ]
    assert [(fact["id"], fact["sid"]) for fact in sent] == [
        ("0", "review"),
        ("1", "review"),
        ("sentinel", "review"),
    ]


def test_w5_two_different_facts_are_taken_for_one_and_our_own_ids_never_are():
    engine = Raw({"r": on_one({"$gte": {"line": 0}})})
    assert [engine.assert_fact(line=95790), engine.assert_fact(line=168350)] == [0, 2]
    assert engine.drain() == ["r"]
    ours = [*map(str, range(100_000)), "sentinel", "sid-review"]
    assert len({fnv1a(name) for name in ours}) == len(ours)
    assert fired([rule_of("r", (Ask(AGE, "at_least", 0),))], {"age": 95790}, {"age": 168350}) == [
        (0, 0),
        (0, 1),
    ]


def test_w6_the_same_line_twice_fires_once_without_an_id_and_twice_with_ours():
    engine = Raw({"r": on_one({"drug": "aspirin"})})
    assert [engine.assert_fact(drug="aspirin"), engine.assert_fact(drug="aspirin")] == [0, 2]
    assert engine.drain() == ["r"]
    assert fired([rule_of("r", (ASPIRIN,))], {"drug": "aspirin"}, {"drug": "aspirin"}) == [(0, 0), (0, 1)]


def test_w7_an_event_feeds_only_the_first_of_five_rules_and_we_assert_facts():
    engine = Raw({f"r{i}": on_one({"drug": "aspirin"}) for i in range(5)})
    _, slot = c.assert_event(engine.handle, encode({"sid": "one", "id": "1", "drug": "aspirin"}))
    assert len(engine.drain(slot)) == 1
    assert len(fired([rule_of(f"{i}", (ASPIRIN,)) for i in range(5)], {"drug": "aspirin"})) == 5


@pytest.mark.parametrize(
    "bad", ['{"id":"2","age":1e-07}', '{"id":"2","age":Infinity}', "{" + '"x":1,' * 260 + '"id":"2"}']
)
def test_w8_a_batch_stops_at_a_bad_fact_and_says_it_is_done_and_one_by_one_is_refused(bad):
    engine = Raw({"r": on_one({"$gte": {"age": 0}})})
    code_, slot = c.assert_facts(engine.handle, f'[{{"id":"1","age":1}},{bad},{{"id":"3","age":1}}]')
    assert (code_, len(engine.drain(slot))) == (0, 1), "one of three facts, and no error"
    with pytest.raises(Exception, match="error code"):
        c.assert_fact(engine.handle, bad)


def test_w8_our_driver_reports_the_bad_fact():
    driver = DurableProgram(program(rule_of("r", (Ask(AGE, "at_least", 0),))))
    with pytest.raises(EngineError):
        driver.fire([{"age": 1}, {"age": "1e-07"}, {"age": 1}], {})
    assert sorted(driver.fire([{"age": 1}, {"age": 1}], {})) == [(0, 0), (0, 1)]


def test_w9_the_public_batch_runs_no_action_when_one_fact_matches_nothing_and_ours_fires():
    done = in_child(
        PUBLIC
        + """
try:
    host(lambda c: ran.append(c.m.id), "r").assert_facts("rx", [fact("1"), fact("2", drug="none")])
except engine.MessageNotHandledException:
    print("not handled", ran)
"""
    )
    assert done.out.strip() == "not handled []", done.err
    assert fired([rule_of("r", (ASPIRIN,))], {"drug": "aspirin"}, {"drug": "warfarin"}) == [(0, 0)]


def test_w10_rules_in_ascii_never_match_chinese_and_ours_are_written_like_the_facts():
    rules = {"is": on_one({"drug": "青霉素"}), "is_not": on_one({"$neq": {"drug": "青霉素"}})}
    engine = Raw(rules, ascii_only=True)
    engine.assert_fact(id="1", drug="青霉素")
    assert engine.drain() == ["is_not"]
    ours = [rule_of("is", (Ask(DRUG, "is", "青霉素"),)), rule_of("is_not", (Ask(DRUG, "is_not", "青霉素"),))]
    assert fired(ours, {"drug": "青霉素"}) == [(0, 0)]


def test_w10_the_sentinel_is_chinese_so_that_a_wrong_encoder_fails_every_review(monkeypatch):
    monkeypatch.setattr("rx_review.engine.durable.encode", json.dumps)
    driver = DurableProgram(program(rule_of("r", (ASPIRIN,))))
    assert driver.rulesets({})
    monkeypatch.setattr("rx_review.engine.durable.encode", encode)
    with pytest.raises(EngineError, match="sentinel"):
        driver.fire([{"drug": "aspirin"}], {})


def test_w11_text_is_put_in_the_wrong_order_and_long_text_is_cut_and_we_compare_neither():
    assert fires({"over": on_one({"$gt": {"drug": "ab c"}})}, [{"drug": "ab"}]) == ["over"]
    assert fires({"is": on_one({"drug": "ab"})}, [{"drug": "ab" + "x" * 65534}]) == ["is"]
    codes = {name for name, fact in BY_SUBJECT["concern"].items() if fact.kind == "code"}
    assert all(len(value) <= 64 for name in codes for value in BY_SUBJECT["concern"][name].values)
    longest = code("drug", ("x" * 201,))
    with pytest.raises(EngineError, match="text"):
        DurableProgram(program(rule_of("r", (Ask(longest, "is", "x" * 201),))))


def test_w12_text_is_over_sixty_and_null_exists_and_neither_reaches_the_engine():
    assert fires({"r": on_one({"$gt": {"age": 60}})}, [{"age": "x"}]) == ["r"]
    assert fires({"r": on_one({"$neq": {"age": 5}})}, [{"age": None}]) == []
    assert fires({"r": on_one({"$ex": {"age": 1}})}, [{"age": None}]) == ["r"]
    assert fires({"r": on_one({"age": {"$m": "high"}})}, [{"age": None, "high": None}]) == ["r"]
    unknown = rule_of("r", (Ask(AGE, "is_not", 5),))
    assert fired([unknown], {}) == []
    assert fired([unknown], {"age": 6}) == [(0, 0)]


def test_w13_a_slow_action_loses_the_rest_of_the_review_and_our_loop_has_no_clock():
    done = in_child(
        PUBLIC
        + """
clock = [0.0]
engine._unix_now = lambda: clock[0]
def run(c):
    ran.append(c.m.id)
    clock[0] += 11
answer = host(run, "r1", "r2", "r3").assert_fact("rx", fact("1"))
print(answer, len(ran))
"""
    )
    assert done.out.strip() == "0 1", done.err
    driver = DurableProgram(program(*(rule_of(f"{i}", (ASPIRIN,)) for i in range(3))))
    assert len(driver.fire([{"drug": "aspirin"}], {})) == 3


def test_w14_what_an_action_raises_is_swallowed_and_we_have_no_actions():
    done = in_child(
        PUBLIC
        + """
def run(c):
    raise ValueError
answer = host(run, "r").assert_fact("rx", fact("1"))
print("exception" in answer)
"""
    )
    assert (done.code, done.out.strip()) == (0, "True"), done.err
    assert "run" not in json.dumps(handed_over(*every_test()))


UNKNOWN_RIGHT = [rule_of("r", (ASPIRIN, Ask(AGE, op, None, "high"))) for op in ("is", "is_not", "over", "at_least")]


@pytest.mark.parametrize("condition", UNKNOWN_RIGHT, ids=[r.when[1].operator for r in UNKNOWN_RIGHT])
def test_a_comparison_with_an_absent_fact_may_fire_and_ours_asks_first_whether_it_is_there(condition):
    """Not in the list above: the extension answers with what the test before it left in memory."""
    over, drug, told = {"$gt": {"age": {"$m": "high"}}}, {"drug": "aspirin"}, {"drug": "aspirin", "age": 5}
    shapes = [[drug, over], [drug, {"age": 5}, over], [over, drug], [drug, {"$neq": {"age": 6}}, over]]
    assert any(fires({"r": on_one(*shape), "s": on_one(drug)}, [told, told]) != ["s", "s"] for shape in shapes)
    assert fired([condition], {"drug": "aspirin", "age": 5}) == []
    exception = rule_of("u", (ASPIRIN,), condition.when[1:])
    assert fired([exception], {"drug": "aspirin", "age": 5}) == []
    both = rule_of("b", (Ask(AGE, "over", None, "low"), ASPIRIN), condition.when[1:])
    assert fired([both], {"drug": "aspirin", "age": 5, "low": 3}, {"drug": "aspirin", "age": 5}) == []


def test_the_rarest_tests_come_first():
    condition = rule_of("r", (Ask(AGE, "over", 7), Ask(PREGNANT, "is", 1), ASPIRIN), (Ask(PREGNANT, "is", 0),))
    assert [test for test in ordered_tests(condition) if isinstance(test, Ask)] == [
        ASPIRIN,
        Ask(PREGNANT, "is", 1),
        Ask(AGE, "over", 7),
    ]
