"""The command line of the benches, and what they say that they measure."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from bench.__main__ import BENCHES
from bench.engine import CHECKOUT
from bench.output import module_of

PROMISED = {
    "deploy": {
        *("requests", "failed", "doubled", "lost", "recreate_failed", "late_old", "switch_s_max"),
        *("rollback_warm_s", "deploy_total_s", "help_s", "plan_s", "rss_mb"),
    },
    "pipeline": {"stages", "requests", "failed"},
    "kill": {"kills", "failed", "locks_left", "converged", "colours_max"},
    "remote": {
        *("deploys", "requests", "failed", "handshakes", "overhead_s", "rss_mb"),
        *("moved_mb_tunnel", "moved_mb_none", "moved_mb_save_load"),
    },
    "cuts": {
        *("cuts", "failed", "lock_free_s_max", "converged", "engine_restart_outage_s_max"),
    },
    "soak": {
        *("deploys", "failed", "deployer_rss_mb_first", "deployer_rss_mb_last"),
        *("deployer_fds_first", "deployer_fds_last", "host_fds_first", "host_fds_last"),
        *("host_containers_first", "host_containers_last"),
        *("host_images_first", "host_images_last", "host_networks_first", "host_networks_last"),
        *("host_disk_mb_first", "host_disk_mb_last", "host_rss_mb_first", "host_rss_mb_last"),
    },
    "sync": {"second_apply_s", "requests", "failed", "tls_requests", "tls_failed"},
    "centre-off": {"off_s", "requests", "failed", "cached_failed", "uncached_s_max"},
    "durability": {"kills", "writes_acknowledged", "lost"},
    "observers": {"series", "prometheus_mb_max", "collector_mb_max", "scrapes", "lost"},
    "backup": {"rows", "lost", "wal_gap_s", "restore_s_per_gb", "corrupted_found"},
    "certs": {"renewals", "requests", "failed"},
    "paths": {"checks", "failed", "extra_hop_ms_p50"},
    "jobs": {"jobs", "plan_s", "requests", "writes_second_apply", "lines_after_apply"},
    "marker": {
        *("marker_rps", "plain_rps", "reload_rps"),
        *("marker_p99_ms", "plain_p99_ms", "reload_p99_ms"),
        *("marker_cost_us", "reload_failed", "marker_failed"),
    },
    "model": {"cases", "violations"},
}


def typed(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=CHECKOUT)


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_has_every_promised_key_and_none_twice(name: str) -> None:
    keys = [figure.key for figure in importlib.import_module(module_of(name)).FIGURES]
    assert set(keys) >= PROMISED[name]
    assert len(keys) == len(set(keys))


def test_the_help_of_the_script_has_a_line_for_each_bench() -> None:
    done = typed("script/bench", "--help")
    assert done.returncode == 0
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert [word for word in listed if word in BENCHES] == list(BENCHES)


@pytest.mark.parametrize("name", ["", "deply"])
def test_an_unknown_name_ends_with_2_and_the_list(name: str) -> None:
    for command in (["script/bench"], [sys.executable, "-m", "bench"]):
        done = typed(*command, *([name] if name else []))
        assert done.returncode == 2
        assert all(bench in done.stderr for bench in BENCHES)
