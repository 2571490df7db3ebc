"""The steps run on a server, in order, until one fails; and the script that says the same."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pyhelpers.deploy.prepare.apply import apply
from pyhelpers.deploy.prepare.model import PrepareStep, ServerFacts, command
from pyhelpers.deploy.prepare.reading import SBIN, read_server, root_prefix
from pyhelpers.deploy.prepare.script import as_script
from pyhelpers.deploy.prepare.steps import steps
from pyhelpers.errors import PreflightError
from tests.unit.deploy.doubles import MemoryHost
from tests.unit.deploy.prepare.builders import RIGHT, WANTED, facts

if TYPE_CHECKING:
    from collections.abc import Sequence


class Server:
    """Answers what the facts say; a command that mends the group mends it."""

    def __init__(self, found: ServerFacts) -> None:
        self.found = found
        self.root = True
        self.sudo = True
        self.fails: tuple[str, ...] = ()
        self.deaf = False

    def ends(self, argv: Sequence[str]) -> tuple[int, str]:
        if "id" in argv[:1]:
            return 0, "0\n" if self.root else "1000\n"
        if "sudo -n true" in argv:
            return (0, "") if self.sudo else (1, "a password is required")
        words = list(argv)[list(argv).index(SBIN[1]) + 1 :]
        if words[0] in self.fails:
            return 100, "E: no space left\n"
        if words[0] == "usermod" and not self.deaf:
            self.found = replace(self.found, groups="deploy docker\n")
        said = self._said(words)
        return (0, said) if said else (1, "")

    def _said(self, words: Sequence[str]) -> str:
        found, text = self.found, " ".join(words)
        answers = {
            "getent": found.passwd,
            "cat /etc/os-release": found.os_release,
            "docker version": found.engine,
            "docker compose": found.compose,
            "docker info": f"{str(found.live_restore).lower()} {found.containers_running}",
            "id -nG": found.groups,
            "cat /home/deploy": found.authorized_keys,
            "stat -c %U %a /srv/protostar/live": found.folders[1],
            "stat": found.folders[0],
            "cat /etc/docker": found.daemon_json,
            "sshd -T": found.sshd,
            'sh -c tr "\\0"': found.dockerd,
            "sh -c cat": found.logind,
        }
        return next((said for start, said in answers.items() if text.startswith(start)), "ok")


def host_of(server: Server) -> MemoryHost:
    host = MemoryHost()
    host.ends = server.ends
    return host


def shown_by(host: MemoryHost) -> tuple[bool, list[str]]:
    shown: list[str] = []
    changed = apply(host, WANTED, lambda state, step: shown.append(f"{state} {step.name}"))
    return changed, shown


def test_what_was_read_is_what_the_server_said() -> None:
    assert read_server(host_of(Server(RIGHT)), WANTED, SBIN) == replace(
        RIGHT, engine=RIGHT.engine, groups=RIGHT.groups
    )


def test_a_server_without_anything_reads_as_nothing() -> None:
    host = MemoryHost()
    host.ends = lambda argv: (127, "not found")
    assert read_server(host, WANTED, SBIN) == ServerFacts()


class TestWho:
    def test_root_needs_nothing_in_front(self) -> None:
        assert root_prefix(host_of(Server(RIGHT))) == SBIN

    def test_another_uses_sudo_without_a_question(self) -> None:
        server = Server(RIGHT)
        server.root = False
        assert root_prefix(host_of(server)) == ("sudo", "-n", *SBIN)

    def test_who_may_neither_is_told_how_to_say_who_connects(self) -> None:
        server = Server(RIGHT)
        server.root = server.sudo = False
        with pytest.raises(PreflightError) as refused:
            root_prefix(host_of(server))
        assert "--as root@" in refused.value.try_


class TestApply:
    def test_does_what_is_missing_and_says_what_was_there(self) -> None:
        changed, shown = shown_by(host_of(Server(facts(groups=""))))
        assert changed
        assert [each for each in shown if each.startswith("done")] == ["done group"]
        assert len(shown) == 8

    def test_a_second_time_changes_nothing(self) -> None:
        host = host_of(Server(facts(groups="")))
        shown_by(host)
        host.ran.clear()
        changed, shown = shown_by(host)
        assert not changed
        assert {each.split()[0] for each in shown} == {"unchanged"}
        assert not [argv for argv in host.ran if "usermod" in argv]

    def test_stops_at_the_first_failure_and_says_what_stands(self) -> None:
        server = Server(facts(groups="", folders=("", ""), sshd=""))
        server.fails = ("install",)
        host = host_of(server)
        with pytest.raises(PreflightError) as failed:
            shown_by(host)
        assert failed.value.error.endswith("ended with 100\nE: no space left")
        assert "folders" in failed.value.error
        assert failed.value.state.startswith("done: group; ")
        assert not [argv for argv in host.ran if "-t" in argv]

    def test_what_does_not_hold_afterwards_is_a_failure(self) -> None:
        server = Server(facts(groups=""))
        server.deaf = True
        with pytest.raises(PreflightError, match="group: all commands ended well"):
            shown_by(host_of(server))


class TestTheScript:
    def test_says_so_when_there_is_nothing_to_do(self) -> None:
        assert as_script("a5", steps(RIGHT, WANTED)) == "# a5: nothing to do"

    def test_is_one_that_a_shell_reads_and_that_says_why(self) -> None:
        found = steps(ServerFacts(), WANTED)
        script = as_script("a5", found, unread="a5.lan does not resolve")
        checked = subprocess.run(
            ["sh", "-n"], input=script, text=True, capture_output=True, check=False
        )
        assert (checked.returncode, checked.stderr) == (0, "")
        assert "Not looked at (a5.lan does not resolve)" in script
        assert "test ! -e /etc/docker/daemon.json" in script
        for step in found:
            assert f"# {step.why.splitlines()[0]}" in script

    def test_writes_what_apply_writes(self) -> None:
        words = ["a b", "$HOME", "'", "`id`", "\\"]
        typed = (command("printf", "%s|", *words), command("cat", stdin="$HOME `id`\nlast\n"))
        script = as_script("a5", [PrepareStep("x", "Because.", typed)])
        ran = subprocess.run(["sh"], input=script, text=True, capture_output=True, check=True)
        assert ran.stdout == "|".join(words) + "|" + "$HOME `id`\nlast\n"

    def test_leaves_out_what_is_there(self) -> None:
        script = as_script("a5", steps(facts(groups=""), WANTED))
        assert "# --- user: nothing to do" in script
        assert "useradd" not in script
