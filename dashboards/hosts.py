"""What the machines and their containers take, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.panels import Query, choice, graph, page, rows

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard as Page

    from dashboards.panels import Panels

HOST = '{host=~"$host"}'
# Plain Docker: what has no name is a cgroup between.
CONTAINER = '{host=~"$host",name!=""}'
DISK = '{host=~"$host",fstype!~"tmpfs|ramfs|overlay"}'
RATE = "[$__rate_interval]"


def made() -> Page:
    variables = [choice("host", "up")]
    return page(
        "hosts", "Hosts and containers", variables, *machines(), *containers(), *observers()
    )


def machines() -> Panels:
    idle = 'node_cpu_seconds_total{host=~"$host",mode="idle"}'
    cores = Query(f"1 - avg by (host) (rate({idle}{RATE}))", "{{host}}")
    memory = Query(f"node_memory_MemAvailable_bytes{HOST}", "{{host}}")
    disk = f"node_filesystem_avail_bytes{DISK} / node_filesystem_size_bytes{DISK}"
    return [
        graph("Cores in use", cores, unit="percentunit"),
        graph("Memory left", memory, unit="bytes"),
        graph("Disk left", Query(disk, "{{host}} {{mountpoint}}"), unit="percentunit"),
        graph("Load", Query(f"node_load5{HOST}", "{{host}}")),
    ]


def containers() -> Panels:
    cores = f"sum by (host, name) (rate(container_cpu_usage_seconds_total{CONTAINER}{RATE}))"
    memory = f"container_memory_working_set_bytes{CONTAINER}"
    share = f"{memory} / (container_spec_memory_limit_bytes{CONTAINER} > 0)"
    return [
        graph("Containers: cores", Query(cores, "{{name}}")),
        graph("Containers: memory", Query(memory, "{{name}}"), unit="bytes"),
        rows("Containers: nearest to their limit", Query(f"topk(20, {share})"), unit="percentunit"),
    ]


def observers() -> Panels:
    requests = f"sum by (code) (rate(registry_http_requests_total{HOST}{RATE}))"
    series = Query(f"prometheus_tsdb_head_series{HOST}", "{{host}}")
    return [
        rows("Who is asked, and answers", Query(f"up{HOST}")),
        graph("Registry: requests", Query(requests, "{{code}}"), unit="reqps"),
        graph("Series that Prometheus holds", series),
    ]
