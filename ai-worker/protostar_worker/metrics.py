"""What is counted, as Prometheus reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from protostar_worker.models.router import Answered
    from protostar_worker.queue.consumer import Consumer

SECONDS = (0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    def __init__(self) -> None:
        # Its own, so that a second one in the same process (a test) starts at zero.
        self._registry = CollectorRegistry()
        self.depth = self._gauge("queue_jobs", "Jobs by state", "queue", "state")
        self.oldest = self._gauge("queue_oldest_seconds", "Age of the job that is next", "queue")
        self.in_flight = self._gauge("jobs_in_flight", "Jobs in hand", "queue")
        self.consuming = self._gauge("consuming", "1 while jobs are taken", "queue")
        self.breaker_open = self._gauge("endpoint_open", "1 while it is left alone", "endpoint")
        self.pickup = self._histogram("pickup_seconds", "From put in to taken", "queue")
        self.stage = self._histogram("stage_seconds", "Of an answer", "stage")
        self.first_token = self._histogram("first_token_seconds", "Until text came", "endpoint")
        self.ended = self._counter("jobs", "Ends of attempts", "queue", "outcome")
        self.tokens = self._counter("tokens", "As the endpoints count them", "endpoint", "way")
        self.cost = self._counter("cost_micro_usd", "By the configured prices", "endpoint")
        self.failures = self._counter("endpoint_failures", "Of single tries", "endpoint")
        self.dropped = self._gauge("stream_events_dropped", "While Redis was away")

    def answered(self, answered: Answered) -> None:
        self.first_token.labels(answered.endpoint).observe(answered.first_token_s)
        for bill in answered.bills:
            self.tokens.labels(bill.endpoint, "in").inc(bill.tokens_in)
            self.tokens.labels(bill.endpoint, "out").inc(bill.tokens_out)
            self.cost.labels(bill.endpoint).inc(bill.micro_usd)

    def watch(self, consumer: Consumer) -> None:
        consumer.on_end(lambda queue, outcome: self.ended.labels(queue, outcome).inc())
        consumer.on_pickup = lambda queue, waited_s: self.pickup.labels(queue).observe(waited_s)

    async def read_queue(self, consumer: Consumer) -> None:
        name = consumer.queue.name
        for state, count in (await consumer.queue.depth()).items():
            self.depth.labels(name, state).set(count)
        self.oldest.labels(name).set(await consumer.queue.oldest_s())
        self.in_flight.labels(name).set(consumer.in_flight)
        self.consuming.labels(name).set(consumer.consuming)

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"protostar_{name}", what, labels, registry=self._registry)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"protostar_{name}", what, labels, registry=self._registry)

    def _histogram(self, name: str, what: str, *labels: str) -> Histogram:
        return Histogram(
            f"protostar_{name}", what, labels, registry=self._registry, buckets=SECONDS
        )
