"""Which colour serves, how well, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.panels import Query, choice, graph, lines, page, rows

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard as Page

    from dashboards.panels import Panels

CHOSEN = 'host=~"$host",service=~"$service"'
ALL = f"protostar_gateway_requests_total{{{CHOSEN}}}[$__rate_interval]"
ERRORS = f'protostar_gateway_requests_total{{{CHOSEN},status=~"5.."}}[$__rate_interval]'
SECONDS = f"protostar_gateway_request_seconds_bucket{{{CHOSEN}}}[$__rate_interval]"
LIVE = "protostar_deploy_live_since_timestamp_seconds"
BY = "host, service, colour"
NAMED = "{{service}} {{colour}}"


def made() -> Page:
    variables = [choice("host", "up"), choice("service", LIVE)]
    log = lines("Errors", '{host=~"$host", service=~"$service", level="error"}')
    return page("services", "Services", variables, *deploys(), *traffic(), *latency(), log)


def deploys() -> Panels:
    live = Query(f"{LIVE}{{{CHOSEN}}} * 1000")
    steps = Query(f"protostar_deploy_step_seconds{{{CHOSEN}}}")
    return [
        rows("Live: colour, release, since", live, unit="dateTimeAsIso"),
        rows("The last deploy's steps", steps, unit="s"),
        rows("Deploys by what came of them", Query(f"protostar_deploy_count{{{CHOSEN}}}")),
        rows("The last one went well", Query(f"protostar_deploy_success{{{CHOSEN}}}")),
    ]


def traffic() -> Panels:
    requests, errors = f"sum by ({BY}) (rate({ALL}))", f"sum by ({BY}) (rate({ERRORS}))"
    statuses = Query(f"sum by (service, status) (rate({ALL}))", "{{service}} {{status}}")
    return [
        graph("Requests", Query(requests, NAMED), unit="reqps"),
        graph("Share of 5xx", Query(f"{errors} / {requests}", NAMED), unit="percentunit"),
        graph("Answers by status", statuses, unit="reqps"),
    ]


def latency() -> Panels:
    buckets = f"sum by ({BY}, le) (rate({SECONDS}))"
    slow = Query(f"histogram_quantile(0.95, {buckets})", f"95 %: {NAMED}")
    usual = Query(f"histogram_quantile(0.5, {buckets})", f"half: {NAMED}")
    return [graph("Answered within", slow, usual, unit="s")]
