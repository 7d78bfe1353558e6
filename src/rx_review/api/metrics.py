"""What a service counts, for Prometheus. The workers of one service write to one folder, and any of them sums up.

What happens is counted where it happens; how things stand (`Standing`) is asked when somebody reads, since every worker
would answer the same. Labels are templates, verdicts and kinds, never ids or names of people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from rx_review import config

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Answers of a local service, up to the long polls.
REQUEST_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30)
# A review takes half a millisecond; with counterfactuals, eight.
REVIEW_SECONDS = (0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.25, 1)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# prometheus_client chose between memory and files when it was imported, just now, by this same setting.
_FOLDER = config.metrics_dir()
_OWN = CollectorRegistry()

_REQUESTS = Counter("rx_review_requests", "Requests answered", ["route", "method", "status"], registry=_OWN)
_REQUEST_SECONDS = Histogram(
    "rx_review_request_seconds", "Seconds to the end of an answer", ["route", "method"], registry=_OWN,
    buckets=REQUEST_SECONDS,
)  # fmt: skip
_REVIEWS = Counter("rx_review_reviews", "Reviews by verdict", ["verdict"], registry=_OWN)
_REVIEW_SECONDS = Histogram("rx_review_review_seconds", "Seconds of a review", registry=_OWN, buckets=REVIEW_SECONDS)
_DISAGREEMENTS = Counter(
    "rx_review_engine_disagreements", "Reviews on which the two executors disagreed", registry=_OWN
)
_DATABASE_ERRORS = Counter("rx_review_database_errors", "Errors of the database by kind", ["kind"], registry=_OWN)
_RESTARTS = Counter("rx_review_worker_restarts", "Workers that ended unasked and were started again", registry=_OWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How things stand at one instant; None is left out.

    Attributes:
        queue: prescriptions that wait for a pharmacist, by the code of the member.
        oldest_seconds: how long the oldest of them has waited, 0 where none waits.
        unsealed: audit rows that are not in the chain yet.
        edition: digest of the edition in force.
    """

    queue: dict[str, int] | None = None
    oldest_seconds: float | None = None
    unsealed: int | None = None
    edition: str | None = None


def observe_request(method: str, route: str | None, status: int, seconds: float) -> None:
    """Count an answer; `route` is a template, None where no route answered."""
    # Callers invent methods and paths: each would be a series for ever.
    known, place = method if method in METHODS else "other", route or "none"
    _REQUESTS.labels(place, known, str(status)).inc()
    _REQUEST_SECONDS.labels(place, known).observe(seconds)


def observe_review(verdict: str, seconds: float) -> None:
    """Count a review and how long it took."""
    _REVIEWS.labels(verdict).inc()
    _REVIEW_SECONDS.observe(seconds)


def observe_disagreement() -> None:
    """Count a review on which the two executors disagreed."""
    _DISAGREEMENTS.inc()


def observe_database_error(kind: str) -> None:
    """Count an error of the database; `kind` is one of a few words, such as the name of its class."""
    _DATABASE_ERRORS.labels(kind).inc()


def observe_restart() -> None:
    """Count a worker that was started again."""
    _RESTARTS.inc()


def render(standing: Standing | None = None) -> bytes:
    """All counts of all workers, and how things stand, in the text format of Prometheus (`CONTENT_TYPE`)."""
    registry = CollectorRegistry()
    if _FOLDER is None:
        registry.register(_Counted())
    else:
        MultiProcessCollector(registry, str(_FOLDER))  # type: ignore[no-untyped-call] # the library has no types there
    if standing is not None:
        registry.register(_Stands(standing))
    return generate_latest(registry)


class _Counted(Collector):
    """What this process alone counted."""

    def collect(self) -> Iterator[Metric]:
        yield from _OWN.collect()


class _Stands(Collector):
    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def collect(self) -> Iterator[Metric]:
        stands = self._standing
        if stands.queue is not None:
            queue = GaugeMetricFamily("rx_review_desk_queue", "Prescriptions that wait, by member", labels=["member"])
            for member, waiting in sorted(stands.queue.items()):
                queue.add_metric([member], waiting)
            yield queue
        for name, meaning, value in (
            ("rx_review_desk_oldest_seconds", "How long the oldest of them has waited", stands.oldest_seconds),
            ("rx_review_audit_unsealed_rows", "Audit rows that are not in the chain yet", stands.unsealed),
        ):
            if value is not None:
                yield GaugeMetricFamily(name, meaning, value)
        if stands.edition is not None:
            edition = GaugeMetricFamily("rx_review_edition_info", "The edition in force", labels=["edition"])
            edition.add_metric([stands.edition], 1)
            yield edition
