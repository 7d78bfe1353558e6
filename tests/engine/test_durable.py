"""The driver of the C engine: bounds are proved before it runs, and after an error the next review is right."""

import contextlib
import json
import random
import sys
import threading

import pytest
from tests.engine.raw import fnv1a
from tests.properties.worlds import code, flag, make_facts, make_rule, make_world, number, program, rule_of

from rx_review.engine import durable
from rx_review.engine.bounds import ALTERNATIVES, PENDING, PROPERTIES, TEXT, pending, prove_bounds, shards
from rx_review.engine.durable import DurableProgram
from rx_review.engine.language import GREATEST
from rx_review.engine.language import Test as Ask
from rx_review.engine.plain import PlainProgram
from rx_review.errors import EngineError

AGE, DAYS = number("age"), number("days")
DRUG = code("drug", ("青霉素", "青霉素 V", "阿莫西林"))
OVER = rule_of("over", (Ask(AGE, "over", 17),))


def driver_of(*conditions):
    return DurableProgram(program(*conditions))


def test_sixty_tests_open_at_once_are_one_ruleset_and_sixty_one_are_two():
    many = [rule_of(f"{i}", (Ask(AGE, "over", i),)) for i in range(PENDING + 1)]
    assert [len(shard) for shard in shards(enumerate(many[:-1]))] == [60]
    assert [len(shard) for shard in shards(enumerate(many))] == [60, 1]
    assert sorted(driver_of(*many).fire([{"age": 1000}], {})) == [(i, 0) for i in range(61)]


def test_five_hundred_rules_that_all_fire_are_sharded_and_all_fire():
    many = [rule_of(f"{i}", (Ask(AGE, "over", i),)) for i in range(500)]
    assert all(pending(shard) <= PENDING for shard in shards(enumerate(many)))
    assert sorted(driver_of(*many).fire([{"age": 500}, {"age": 250}], {})) == sorted(
        [(i, 0) for i in range(500)] + [(i, 1) for i in range(250)]
    )


def test_different_codes_exclude_each_other_and_need_no_second_ruleset():
    wards = code("ward", tuple(f"w{i}" for i in range(200)))
    many = [rule_of(name, (Ask(wards, "is", name), Ask(AGE, "over", 1))) for name in wards.values]
    numbered = list(enumerate(many))
    assert (pending(numbered), len(list(shards(enumerate(many))))) == (1, 1)
    assert driver_of(*many).fire([{"ward": "w7", "age": 2}], {}) == [(7, 0)]


def test_no_rules_fire_nothing():
    assert DurableProgram(program()).fire([{"age": 1}], {}) == []


def test_no_facts_fire_nothing():
    assert driver_of(OVER).fire([], {}) == []


# The same by the engine's hash; the last pair only by FNV-1, which the engine's source names but does not use.
ALIKE = [("costarring", "liquid"), ("knlluit", "quwzjay"), ("kvuuqb", "xzerut")]


@pytest.mark.parametrize("names", [*ALIKE, ("id", "sid"), ("sentinel", "m")])
def test_facts_whose_names_the_engine_takes_for_one_are_told_apart(names):
    first, second = map(number, names)
    driver = driver_of(rule_of("r", (Ask(first, "over", 1), Ask(second, "under", 1))))
    one, other = dict(zip(names, (2, 0), strict=True)), dict(zip(names, (0, 2), strict=True))
    assert driver.fire([one, other], {}) == [(0, 0)]


@pytest.mark.parametrize("names", ALIKE)
def test_properties_that_the_engine_takes_for_one_are_refused_and_no_others(names):
    same = fnv1a(names[0]) == fnv1a(names[1])
    with pytest.raises(EngineError, match="share a 32-bit hash") if same else contextlib.nullcontext():
        prove_bounds([(0, OVER)], names)


@pytest.mark.parametrize("name", ["id", "sid", "sentinel"])
def test_a_property_with_a_name_of_the_driver_is_refused(name):
    with pytest.raises(EngineError, match="share"):
        prove_bounds([(0, OVER)], [name])


def test_integers_are_exact_to_two_to_the_53rd_and_beyond_are_refused():
    neighbours = driver_of(rule_of("r", (Ask(AGE, "over", GREATEST - 1),)))
    assert neighbours.fire([{"age": GREATEST - 1}, {"age": GREATEST}], {}) == [(0, 1)]
    for beyond in (GREATEST + 1, 10**20, -1):
        with pytest.raises(EngineError, match="compares exactly"):
            driver_of(rule_of("r", (Ask(AGE, "over", beyond),)))


def test_a_hundred_alternatives_are_right_and_one_more_is_refused():
    values = tuple(f"v{i}" for i in range(ALTERNATIVES + 1))
    wide = code("wide", values)
    assert driver_of(rule_of("r", (Ask(wide, "is_one_of", values[:-1]),))).fire(
        [{"wide": "v99"}, {"wide": "v100"}], {}
    ) == [(0, 0)]
    with pytest.raises(EngineError, match="alternatives"):
        driver_of(rule_of("r", (Ask(wide, "is_one_of", values),)))


def test_a_text_of_two_hundred_characters_is_right_and_a_longer_one_is_refused():
    longest, longer = "青" * TEXT, "青" * (TEXT + 1)
    text = code("text", (longest, longer))
    assert driver_of(rule_of("r", (Ask(text, "is", longest),))).fire([{"text": longest}, {"text": longer}], {}) == [
        (0, 0)
    ]
    with pytest.raises(EngineError, match="text"):
        driver_of(rule_of("r", (Ask(text, "is_one_of", (longest, longer)),)))


def test_a_fact_with_too_many_properties_is_refused():
    many = [rule_of(f"{i}", (Ask(number(f"n{i}"), "is", 1),)) for i in range(PROPERTIES)]
    with pytest.raises(EngineError, match="properties"):
        prove_bounds([(0, many[0])], [f"n{i}" for i in range(PROPERTIES)])


def test_chinese_codes_match_whole_and_only_themselves():
    rules = [rule_of(value, (Ask(DRUG, "is", value),)) for value in DRUG.values]
    others = [rule_of(f"not {value}", (Ask(DRUG, "is_not", value),)) for value in DRUG.values]
    fired = driver_of(*rules, *others).fire([{"drug": value} for value in DRUG.values], {})
    assert sorted(fired) == sorted(
        [(i, i) for i in range(3)] + [(3 + i, j) for i in range(3) for j in range(3) if i != j]
    )


def test_an_error_throws_the_ruleset_away_and_the_next_review_is_right(monkeypatch):
    driver = driver_of(OVER)
    before = driver.rulesets({})[0]._handle
    with pytest.raises(EngineError, match="review the prescription by hand"):
        driver.fire([{"age": 18}, {"age": "eighteen"}], {})
    assert driver.rulesets({})[0]._handle != before or driver.rulesets({})[0]._slot is None
    assert driver.fire([{"age": 17}, {"age": 18}], {}) == [(0, 1)]


@pytest.mark.parametrize("call", ["assert_fact", "retract_fact", "start_action_for_state", "complete_and_start_action"])
def test_whichever_call_fails_nothing_of_that_review_is_left(monkeypatch, call):
    driver = driver_of(OVER)

    def fail(*_):
        raise RuntimeError("error code: 303")

    with monkeypatch.context() as patch:
        patch.setattr(f"durable_rules_engine.{call}", fail)
        with pytest.raises(EngineError, match="303"):
            driver.fire([{"age": 18}, {"age": 19}], {})
    assert driver.fire([{"age": 17}], {}) == []
    assert driver.fire([{"age": 18}], {}) == [(0, 0)]


def test_an_error_names_the_engine_in_chinese_and_english():
    with pytest.raises(EngineError) as caught:
        driver_of(OVER).fire([{"age": "x"}], {})
    (fault,) = caught.value.faults
    assert (fault.where, fault.do) == ("engine", "review the prescription by hand")
    assert fault.zh.endswith("请人工审核")


@pytest.mark.parametrize("answers", [[None], [None, None]], ids=["nothing starts", "nothing at all"])
def test_a_lost_sentinel_is_an_error_never_no_findings(monkeypatch, answers):
    driver = driver_of(OVER)
    with monkeypatch.context() as patch:
        patch.setattr("durable_rules_engine.start_action_for_state", lambda *_: answers[0])
        with pytest.raises(EngineError, match="sentinel fired 0 times"):
            driver.fire([{"age": 18}], {})
    assert driver.fire([{"age": 18}], {}) == [(0, 0)]


def test_an_answer_cut_short_after_the_first_finding_is_an_error(monkeypatch):
    driver = driver_of(OVER)
    with monkeypatch.context() as patch:
        patch.setattr("durable_rules_engine.complete_and_start_action", lambda *_: None)
        with pytest.raises(EngineError, match="sentinel fired 0 times"):
            driver.fire([{"age": 18}, {"age": 19}], {})


@pytest.mark.parametrize(
    "answer",
    [
        '{"r0":{"m":{"sid":"review","id":"0","aa":18}}}',
        '{"r0":{"m_0":{"id":"0","sid":"review","aa":18}}}',
        '{"sentinel":{"m":{"id":"sentinel","sid":"review","sentinel":"?"}}}',
        '{"sentinel":{"m":{"id":"0","sid":"review","aa":18}}}',
        "",
    ],
    ids=["the id is not first", "several facts", "the sentinel is garbled", "the sentinel is another fact", "nothing"],
)
def test_an_answer_in_any_other_form_is_an_error_never_a_finding(monkeypatch, answer):
    driver = driver_of(OVER)
    with monkeypatch.context() as patch:
        patch.setattr("durable_rules_engine.start_action_for_state", lambda *_: ("{}", answer))
        with pytest.raises(EngineError, match="an answer that cannot be read"):
            driver.fire([{"age": 18}], {})
    assert driver.fire([{"age": 18}], {}) == [(0, 0)]


def test_an_interrupted_review_is_an_error_for_the_next_and_right_for_the_one_after(monkeypatch):
    driver = driver_of(OVER)

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("durable_rules_engine.start_action_for_state", interrupt)
        with pytest.raises(KeyboardInterrupt):
            driver.fire([{"age": 18}], {})
    with pytest.raises(EngineError):
        driver.fire([{"age": 18}], {})
    assert driver.fire([{"age": 17}, {"age": 19}], {}) == [(0, 1)]


def test_five_thousand_reviews_with_the_same_ids_answer_alike():
    choose = random.Random(5)
    world = make_world(choose)
    rules = program(*(make_rule(choose, world, f"{i}") for i in range(20)))
    driver, plain = DurableProgram(rules), PlainProgram(rules)
    reviews = [[make_facts(choose, world) for _ in range(choose.randint(1, 3))] for _ in range(50)]
    expected = [
        sorted((rule, i) for i, fact in enumerate(facts) for rule in plain.judge(fact, {})[0]) for facts in reviews
    ]
    assert any(expected)
    for _ in range(100):
        assert [sorted(driver.fire(facts, {})) for facts in reviews] == expected


@pytest.fixture
def impatient_threads():
    """Threads that take turns at every chance, not every five milliseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("impatient_threads")
def test_several_threads_through_one_program_get_their_own_answers():
    flags = [flag(f"f{i}") for i in range(8)]
    driver = driver_of(*(rule_of(f"{i}", (Ask(flags[i], "is", 1),)) for i in range(8)))
    wrong = []

    def review(index):
        for _ in range(200):
            try:
                right = driver.fire([{"f0": 0}, {f"f{index}": 1}], {}) == [(index, 1)]
            except EngineError:
                right = False
            if not right:
                wrong.append(index)

    threads = [threading.Thread(target=review, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_two_programs_do_not_see_each_other():
    first, second = driver_of(OVER), driver_of(rule_of("under", (Ask(AGE, "under", 18),)))
    assert (first.fire([{"age": 18}], {}), second.fire([{"age": 18}], {})) == ([(0, 0)], [])


def test_what_no_rule_tests_is_not_sent(monkeypatch):
    sent = []
    really = durable.durable_rules_engine.assert_fact
    monkeypatch.setattr(
        "durable_rules_engine.assert_fact", lambda handle, fact: sent.append(fact) or really(handle, fact)
    )
    driver_of(OVER).fire([{"age": 18, "days": 7, "drug": "青霉素"}], {})
    assert list(json.loads(sent[0]).values()) == ["0", "review", 18]


def test_parameters_of_another_day_or_member_are_read_anew():
    limited = driver_of(rule_of("r", (Ask(DAYS, "over", None, "p0_limit", "limit"),)))
    days = [{"days": 7}, {"days": 8}, {"days": 30}]
    assert sorted(limited.fire(days, {"p0_limit": 7})) == [(0, 1), (0, 2)]
    assert limited.fire(days, {"p0_limit": 14}) == [(0, 2)]
    assert limited.fire(days, {}) == []
    assert limited.fire(days, {"p0_limit": 30, "p0_other": 1}) == []
