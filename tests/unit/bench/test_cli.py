"""The command line of the benches, and what they say that they measure."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from bench.__main__ import BENCHES
from bench.engine import CHECKOUT

PROMISED = {
    "deploy": {
        *("requests", "failed", "doubled", "lost", "recreate_failed", "late_old", "switch_s_max"),
        *("rollback_warm_s", "deploy_total_s", "help_s", "plan_s", "rss_mb"),
    },
    "kill": {"kills", "failed", "locks_left", "converged", "colours_max"},
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
    keys = [figure.key for figure in importlib.import_module(f"bench.{name}").FIGURES]
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
