"""Counts add up over workers, and no caller can make them grow without end."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.api.running import Running

from rx_review.api import metrics


def samples(text):
    """Value of each sample by its name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def change(act, *key):
    """By how much an act changes one sample."""
    before = samples(metrics.render().decode()).get(key, 0)
    act()
    return samples(metrics.render().decode())[key] - before


def test_an_answer_is_counted_by_template_method_and_status():
    labels = ("method", "GET"), ("route", "/v1/a/{b}")
    key = ("rx_review_requests_total", *labels, ("status", "200"))
    assert change(lambda: metrics.observe_request("GET", "/v1/a/{b}", 200, 0.03), *key) == 1
    for bound, more in (("0.02", 0), ("0.05", 1), ("+Inf", 1)):
        key = ("rx_review_request_seconds_bucket", *sorted([*labels, ("le", bound)]))
        assert change(lambda: metrics.observe_request("GET", "/v1/a/{b}", 200, 0.03), *key) == more


def test_what_callers_invent_makes_one_series():
    for number in range(50):
        metrics.observe_request(f"METHOD{number}", None, 405, 0.001)
    found = [key for key in samples(metrics.render().decode()) if ("method", "other") in key and "total" in key[0]]
    nowhere = [key for key in found if ("route", "none") in key and ("status", "405") in key]
    assert nowhere == [("rx_review_requests_total", ("method", "other"), ("route", "none"), ("status", "405"))]
    assert not any("METHOD" in str(key) for key in found)


@pytest.mark.parametrize(
    ("act", "key"),
    [
        (lambda: metrics.observe_review("hold", 0.001), ("rx_review_reviews_total", ("verdict", "hold"))),
        (lambda: metrics.observe_review("pass", 0.001), ("rx_review_review_seconds_count",)),
        (metrics.observe_disagreement, ("rx_review_engine_disagreements_total",)),
        (
            lambda: metrics.observe_database_error("OperationalError"),
            ("rx_review_database_errors_total", ("kind", "OperationalError")),
        ),
    ],
)
def test_each_act_is_counted_once(act, key):
    assert change(act, *key) == 1


def test_how_things_stand_is_said_when_asked_and_left_out_where_unknown():
    standing = metrics.Standing(queue={"T02": 0, "T01": 4}, oldest_seconds=61.5, unsealed=7, edition="ab12")
    found = samples(metrics.render(standing).decode())
    assert found[("rx_review_desk_queue", ("member", "T01"))] == 4
    assert found[("rx_review_desk_queue", ("member", "T02"))] == 0
    assert found[("rx_review_desk_oldest_seconds",)] == 61.5
    assert found[("rx_review_audit_unsealed_rows",)] == 7
    assert found[("rx_review_edition_info", ("edition", "ab12"))] == 1
    names = {key[0] for key in samples(metrics.render(metrics.Standing(unsealed=0)).decode())}
    assert "rx_review_audit_unsealed_rows" in names
    assert not {"rx_review_desk_queue", "rx_review_desk_oldest_seconds", "rx_review_edition_info"} & names


def test_every_measure_is_documented_and_named_alike():
    text = metrics.render(metrics.Standing(queue={}, oldest_seconds=0, unsealed=0, edition="a")).decode()
    families = list(text_string_to_metric_families(text))
    assert all(re.fullmatch("rx_review_[a-z_]+", family.name) and family.documentation for family in families)


def test_any_worker_answers_for_all_of_them(tmp_path):
    service = Running(tmp_path, workers=2)
    try:
        service.wait_for("serving")
        answered = {int(service.get("/process")) for _ in range(40)}
        assert answered == set(service.processes().values())
        key = ("rx_review_requests_total", ("method", "GET"), ("route", "/process"), ("status", "200"))
        # Whichever worker is asked: the system spreads these too.
        readings = [samples(service.get("/metrics")) for _ in range(8)]
        assert {found[key] for found in readings} == {40}
        assert {found[("rx_review_audit_unsealed_rows",)] for found in readings} == {3}
        service.parent.terminate()
        assert service.parent.wait(20) == 0
    finally:
        service.end()
