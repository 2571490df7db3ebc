"""The gateways that are compared, and what is read from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench import gateway_conf
from bench.installation import Installation
from bench.marker import Shot, cpu_ticks, figures, rotated
from bench.output import BenchError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    place = Installation(tmp_path_factory.mktemp("gateway"), tag="t")
    place.add("api", route="/")
    place.render()
    folder: Path = place.nginx
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*.conf")}


def served(files: dict[str, str]) -> str:
    """What is loaded for a public request."""
    names = ("nginx.conf", "services.conf", "public.conf", "colours.conf", "mixins/log.conf")
    loaded = [
        files[n] for n in names if n == "nginx.conf" or f"include {n};" in "".join(files.values())
    ]
    return "\n".join(loaded)


def test_with_the_marker_nothing_is_changed_but_workers_and_log(rendered: dict[str, str]) -> None:
    found = gateway_conf.with_marker(rendered)
    changed = {name for name in rendered if rendered[name] != found[name]}
    assert changed == {"nginx.conf", "mixins/log.conf"}
    assert "if (-f /live/api-t.blue)" in served(found)


def test_without_it_no_file_is_tested_and_no_name_looked_up(rendered: dict[str, str]) -> None:
    found = gateway_conf.without(rendered, "api-t")
    assert "include colours.conf;" not in found["public.conf"]
    assert "proxy_pass http://live;" in found["public.conf"]
    assert "server api-t-blue:3000 max_fails=0;" in found["services.conf"]
    assert "resolve" not in found["services.conf"]
    assert "include private.conf;" not in found["nginx.conf"]


def test_all_else_is_the_same(rendered: dict[str, str]) -> None:
    one, other = gateway_conf.with_marker(rendered), gateway_conf.without(rendered, "api-t")
    assert {n for n in one if one[n] != other[n]} == {"nginx.conf", "public.conf", "services.conf"}


def test_a_template_that_changed_is_noticed(rendered: dict[str, str]) -> None:
    with pytest.raises(BenchError, match="worker_processes"):
        gateway_conf.with_marker({**rendered, "nginx.conf": "worker_processes 2;"})


def test_only_nginx_time_counts() -> None:
    fields = "S 1 1 1 0 -1 4194560 9 9 9 9 {} {} 7 7 20 0 1 0 100 1000"
    lines = [
        f"1 (nginx) {fields.format(1, 2)}",
        f"22 (nginx) {fields.format(300, 40)}",
        f"30 (cat) {fields.format(5000, 5000)}",
        "",
    ]
    assert cpu_ticks(lines) == 343


def test_every_round_begins_with_another() -> None:
    assert [rotated(["a", "b", "c"], i)[0] for i in range(4)] == ["a", "b", "c", "a"]


def test_medians_are_told_and_every_failure() -> None:
    def shots(cpu_us: float) -> list[Shot]:
        return [Shot(rps, 500, 2000, failed, cpu_us) for rps, failed in ((1, 0), (5, 2), (9, 1))]

    taken = {"marker": shots(20), "plain": shots(17), "reload": shots(17), "marker3": shots(26)}
    told = figures(taken, {"marker": 9, "reload": 8, "plain": 0, "marker3": 0})
    assert (told["marker_rps"], told["marker_p99_ms"], told["reload_failed"]) == (5, 2.0, 3)
    assert (told["marker_cost_us"], told["marker_cost_3_services_us"]) == (3, 9)
