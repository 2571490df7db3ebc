"""Configuration sync on the real engine: whole or not at all, and nobody notices."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
import requests

from bench.engine import CHECKOUT
from bench.installation import Installation
from bench.load import LoadProcess, Options
from bench.stack import PASSWORD, STACK, Stack

from .town import APP, QUICK, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.installation import Finished

pytestmark = pytest.mark.e2e

LOG = "nginx/mixins/log.conf"
# The second one must be over before somebody wonders whether it hangs.
SECOND_S = 2.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, tags: list[str]) -> Iterator[Stack]:
    """A gateway and a cache that sync has brought, and v1 of a service behind it."""
    at = Installation(tmp_path_factory.mktemp("sync") / "town")
    tags.append(at.tag)
    try:
        name = at.add("api", **{**QUICK, **APP})
        made = Stack.of(at)
        ends_well(made.sync("apply"))
        assert at.deploy("run", name, "v1").code == 0
        yield made
    finally:
        at.remove()


def ends_well(done: Finished) -> str:
    assert done.code == 0, (done.out, done.err)
    return done.out


def served(stack: Stack) -> str:
    """Which nginx files the gateway says that it has loaded."""
    return requests.get(f"{stack.at.private_url}/-/config", timeout=5).text.strip()


def outcomes(stack: Stack) -> list[str]:
    told = json.loads(ends_well(stack.sync("history", "--json")))
    return [f"{line['action']}: {line['outcome']}" for line in told]


def kill_at(argv: list[str], step: str) -> None:
    """SIGKILL as soon as it says that `step` begins."""
    env = {**os.environ, "CACHE_PASSWORD": PASSWORD}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=env, cwd=CHECKOUT) as apply:
        assert apply.stdout is not None
        heard = next((line for line in apply.stdout if line.startswith(f"→ {step}")), "")
        apply.send_signal(signal.SIGKILL)
    assert heard


def test_the_second_does_nothing_soon_and_says_so(stack: Stack) -> None:
    before = stack.containers()
    again = stack.sync("apply")
    assert "nothing to do" in ends_well(again)
    assert again.seconds < SECOND_S
    assert stack.containers() == before


def test_a_changed_gateway_loses_no_request_and_no_container(stack: Stack, tmp_path: Path) -> None:
    before, loaded = stack.containers(), served(stack)
    with LoadProcess(Options(stack.at.url, 120, keepalive=1.0, seconds=60), tmp_path) as load:
        time.sleep(1)
        stack.append(LOG, "# another line")
        stack.commit()
        ends_well(stack.sync("apply"))
        time.sleep(1)
        result = load.stop()
    assert result.report.failed == 0, result.report.failed_by
    assert result.report.reused > 100
    assert served(stack) not in ("", loaded)
    assert stack.containers() == before
    assert "nothing to do" in ends_well(stack.sync("apply"))


def test_only_the_changed_container_is_made_anew(stack: Stack) -> None:
    before = stack.containers()
    stack.append(f"{STACK}/redis.conf", "maxmemory 16mb")
    stack.commit()
    ends_well(stack.sync("apply"))
    after = stack.containers()
    assert [name for name in before if before[name] != after[name]] == [
        f"test-{stack.at.tag}-here-cache-1"
    ]


def test_a_broken_one_is_refused_before_the_host_changes(stack: Stack) -> None:
    before, current = stack.containers(), stack.current
    kept = sorted(path.name for path in (stack.at.root / "config").rglob("*"))
    good = stack.path(LOG).read_text()
    try:
        stack.append(LOG, "no_such_directive on;")
        done = stack.sync("apply")
    finally:
        stack.write(LOG, good)
    assert (done.code, said(done).state) == (3, "nothing was changed")
    assert 'unknown directive "no_such_directive" in nginx/mixins/log.conf' in done.err
    assert (stack.containers(), stack.current) == (before, current)
    assert sorted(path.name for path in (stack.at.root / "config").rglob("*")) == kept


def test_one_that_does_not_get_well_is_put_back(stack: Stack) -> None:
    current, conf = stack.current, stack.path(f"{STACK}/redis.conf").read_text()
    try:
        stack.append(f"{STACK}/redis.conf", "no-such-word yes")
        done = stack.sync("apply")
    finally:
        stack.write(f"{STACK}/redis.conf", conf)
    assert done.code == 7
    assert said(done).state == f"{current} serves again; it was put back"
    assert stack.current == current
    assert outcomes(stack)[-1] == "apply: put back"
    assert "nothing to do" in ends_well(stack.sync("apply"))


def test_a_hand_edit_is_seen_and_neither_lost_nor_kept_in_silence(stack: Stack) -> None:
    current = stack.current
    edited = stack.at.root / "config/current/nginx/mixins/log.conf"
    edited.write_text(edited.read_text() + "# by hand\n")
    refused = stack.sync("apply")
    assert (refused.code, stack.current) == (4, current)
    assert "nginx/mixins/log.conf: edited" in refused.err
    drift = stack.sync("drift")
    assert drift.code == 4
    assert "+# by hand" in drift.out
    done = stack.sync("apply", "--overwrite")
    ends_well(done)
    assert "# by hand" not in edited.read_text()
    kept = done.err.split("--to ")[1].split()[0]
    ends_well(stack.sync("rollback", "--to", kept))
    assert "# by hand" in edited.read_text()
    ends_well(stack.sync("rollback", "--to", current))
    assert stack.current == current


def test_an_older_commit_is_refused(stack: Stack) -> None:
    newest = stack.git("rev-parse", "HEAD")
    current = stack.current
    try:
        stack.git("checkout", "--quiet", "HEAD~2")
        refused = stack.sync("apply")
        assert refused.code == 4
        assert "is older than the commit that the host has" in refused.err
        assert stack.current == current
    finally:
        stack.git("checkout", "--quiet", newest)


def test_no_secret_is_shown(stack: Stack) -> None:
    for command in ("diff", "plan"):
        done = stack.sync(command, CACHE_PASSWORD="hunter2")
        ends_well(done)
        assert "hunter2" not in done.out + done.err
        assert "p$ss" not in done.out + done.err
    assert "CACHE_PASSWORD=***" in stack.sync("diff", CACHE_PASSWORD="hunter2").out
    assert "1 secret is missing: CACHE_PASSWORD" in stack.sync("plan", CACHE_PASSWORD="").err


@pytest.mark.parametrize("step", ["flip", "containers", "reload"])
def test_killed_at_a_step_the_same_again_converges(stack: Stack, step: str) -> None:
    stack.append(LOG, f"# killed at {step}")
    stack.append(f"{STACK}/redis.conf", f"# killed at {step}")
    stack.commit()
    kill_at(stack.argv("apply"), step)
    assert requests.get(stack.at.url, timeout=5).ok
    ends_well(stack.sync("apply"))
    assert "nothing to do" in ends_well(stack.sync("apply"))
    assert served(stack) in (stack.at.root / "config/current/nginx/digest.conf").read_text()
    assert not (stack.at.root / "config/applying").exists()
