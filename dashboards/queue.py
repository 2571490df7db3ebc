"""The queue, the workers, the endpoints and what they cost; the databases below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.panels import Query, choice, graph, page

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard as Page

    from dashboards.panels import Panels

HOST = '{host=~"$host"}'
RATE = "[$__rate_interval]"


def made() -> Page:
    variables = [choice("host", "up")]
    return page("queue", "Queue and AI", variables, *jobs(), *waits(), *endpoints(), *databases())


def jobs() -> Panels:
    # Each worker says the same of the queue.
    states = f"max by (queue, state) (protostar_queue_jobs{HOST})"
    in_hand = f"sum by (queue, colour) (protostar_jobs_in_flight{HOST})"
    taking = f"sum by (queue, colour) (protostar_consuming{HOST})"
    ends = f"sum by (outcome) (rate(protostar_jobs_total{HOST}{RATE}))"
    return [
        graph("Jobs by state", Query(states, "{{queue}} {{state}}")),
        graph(
            "Jobs in hand",
            Query(in_hand, "{{queue}} {{colour}}"),
            Query(taking, "{{queue}} {{colour}}: takes jobs"),
        ),
        graph("Ends of jobs", Query(ends, "{{outcome}}"), unit="ops"),
    ]


def waits() -> Panels:
    oldest = f"max by (queue) (protostar_queue_oldest_seconds{HOST})"
    return [
        graph("Age of the next job", Query(oldest, "{{queue}}"), unit="s"),
        graph("95 % picked up within", quantile("protostar_pickup_seconds", "queue"), unit="s"),
        graph(
            "95 % of first words within",
            quantile("protostar_first_token_seconds", "endpoint"),
            unit="s",
        ),
    ]


def quantile(name: str, label: str) -> Query:
    buckets = f"sum by ({label}, le) (rate({name}_bucket{HOST}{RATE}))"
    return Query(f"histogram_quantile(0.95, {buckets})", f"{{{{{label}}}}}")


def endpoints() -> Panels:
    tokens = f"sum by (endpoint, way) (rate(protostar_tokens_total{HOST}{RATE}))"
    cost = f"sum by (endpoint) (increase(protostar_cost_micro_usd_total{HOST}[1d])) / 1e6"
    return [
        graph("Tokens", Query(tokens, "{{endpoint}} {{way}}")),
        graph("Cost of the last day", Query(cost, "{{endpoint}}"), unit="currencyUSD"),
    ]


def databases() -> Panels:
    redis = f"redis_memory_used_bytes{HOST} / (redis_memory_max_bytes{HOST} > 0)"
    return [
        graph("Redis: share of its memory", Query(redis, "{{service}}"), unit="percentunit"),
        graph(
            "PostgreSQL: connections",
            Query(f"sum by (host, datname) (pg_stat_database_numbackends{HOST})", "{{datname}}"),
            Query(f"max by (host) (pg_settings_max_connections{HOST})", "at most"),
        ),
    ]
