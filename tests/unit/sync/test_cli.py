"""The command line: what is printed, the object, and the exit codes, on a host in memory."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click
import pytest

from pyhelpers import cli
from pyhelpers.sync.cli import shared
from tests.unit.sync.memory import MemoryHost

if TYPE_CHECKING:
    from tests.unit.sync.checkout_double import Checkout

LOG = "nginx/mixins/log.conf"


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> MemoryHost:
    there = MemoryHost()

    def host_of(_config: object, name: str) -> MemoryHost:
        there.name = name
        return there

    monkeypatch.setattr(shared, "host_of", host_of)
    monkeypatch.setenv("CACHE_PASSWORD", "p$ss#word")
    monkeypatch.delenv("JENKINS_URL", raising=False)
    return there


class Typed:
    """`protostar sync ARGUMENTS`, as a person types it."""

    def __init__(
        self,
        checkout: Checkout,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self._file = str(checkout.folder / "protostar.yml")
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        argv = ["protostar", "sync", *arguments, "-f", self._file]
        self._monkeypatch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = self._capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err


@pytest.fixture
def typed(
    checkout: Checkout,
    host: MemoryHost,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Typed:
    return Typed(checkout, monkeypatch, capsys)


def test_a_plan_an_apply_and_another(typed: Typed, host: MemoryHost) -> None:
    code, out, _ = typed("plan", "a5")
    assert code == 0
    assert out.startswith("a5: apply nothing → ")
    assert "make cache, gateway" in out
    assert host.current == ""
    code, out, _ = typed("apply", "a5")
    assert (code, out.splitlines()[-1]) == (0, f"Done: a5 serves {host.current}")
    code, out, _ = typed("apply", "a5")
    assert (code, out) == (0, f"a5: nothing to do, {host.current} is there and serves\n")


def test_the_same_as_one_object(typed: Typed, host: MemoryHost) -> None:
    told = json.loads(typed("apply", "a5", "--json")[1])
    assert told["to"] == host.current
    assert told["create"] == ["cache", "gateway"]
    assert json.loads(typed("plan", "a5", "--json")[1])["steps"] == []
    assert [line["outcome"] for line in json.loads(typed("history", "a5", "--json")[1])] == ["done"]


def test_history_is_a_table(typed: Typed) -> None:
    typed("apply", "a5")
    heading, line = typed("history", "a5")[1].splitlines()
    assert heading.split()[:4] == ["at", "who", "action", "outcome"]
    assert "apply" in line
    assert "cache, gateway" in line


def test_a_diff_shows_lines_and_masks_secrets(
    typed: Typed, checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed("apply", "a5")
    assert typed("diff", "a5")[1] == "a5: no difference\n"
    checkout.write(LOG, "# another\n")
    monkeypatch.setenv("CACHE_PASSWORD", "hunter2")
    told = typed("diff", "a5")[1]
    assert "+# another" in told
    assert "+CACHE_PASSWORD=*** (the new value)" in told
    assert "hunter2" not in told
    assert "p$ss" not in told


def test_drift_is_shown_with_exit_code_4(typed: Typed, host: MemoryHost) -> None:
    typed("apply", "a5")
    assert typed("drift", "a5")[0] == 0
    host.edit(LOG, b"# by hand\n")
    code, out, _ = typed("drift", "a5")
    assert code == 4
    assert "+# by hand" in out
    told = json.loads(typed("drift", "a5", "--json")[1])
    assert told["drift"] == [{"path": LOG, "what": "edited"}]


def test_an_edit_by_hand_is_refused_adopted_or_undone(typed: Typed, host: MemoryHost) -> None:
    typed("apply", "a5")
    host.edit(LOG, b"# by hand\n")
    code, _, err = typed("apply", "a5")
    assert code == 4
    assert err.startswith("Error: somebody changed a5 by hand since the last apply:")
    assert "\nState: nothing was changed\nTry: protostar sync drift a5" in err
    code, _, err = typed("apply", "a5", "--adopt")
    assert code == 0
    assert "counts now" in err
    assert host.releases[host.current][LOG].data == b"# by hand\n"
    host.edit(LOG, b"# again\n")
    code, _, err = typed("apply", "a5", "--overwrite")
    assert code == 0
    assert "protostar sync rollback a5 --to " in err
    assert host.releases[host.current][LOG].data == b"# log\n"


def test_a_rollback_needs_no_name(typed: Typed, host: MemoryHost, checkout: Checkout) -> None:
    typed("apply", "a5")
    first = host.current
    checkout.write(LOG, "# second\n")
    typed("apply", "a5")
    assert typed("rollback", "a5")[0] == 0
    assert host.current == first
    assert typed("rollback", "a5")[0] == 4


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("apply", "a6"), 2, "Error: there is no host `a6` in protostar.yml"),
        (("apply", "b6"), 3, "Error: hosts.b6 has no `stack` in protostar.yml"),
        (("apply", "a5", "--adopt", "--overwrite"), 2, "say one of them"),
    ],
)
def test_what_cannot_be_meant(
    typed: Typed, arguments: tuple[str, ...], code: int, words: str
) -> None:
    told = typed(*arguments)
    assert told[0] == code
    assert words in told[2]


def test_a_missing_secret_is_told_before_the_host_is_asked(
    typed: Typed, host: MemoryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CACHE_PASSWORD")
    code, _, err = typed("apply", "a5")
    assert code == 3
    assert "1 secret is missing: CACHE_PASSWORD" in err
    assert host.done == []


def test_completion_offers_hosts_that_have_a_stack(checkout: Checkout) -> None:
    context = click.Context(click.Command("x"))
    context.params["file"] = checkout.folder / "protostar.yml"
    parameter = click.Argument(["host"])
    assert shared.complete_hosts(context, parameter, "") == ["a5"]
    context.params["file"] = checkout.folder / "none.yml"
    assert shared.complete_hosts(context, parameter, "") == []
