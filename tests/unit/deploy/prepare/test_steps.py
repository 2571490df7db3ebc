"""Facts of a server → the steps that are missing, and what they type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pyhelpers.deploy.prepare import daemon, key, packages, sessions
from pyhelpers.deploy.prepare.model import PrepareStep, ServerFacts, user_name
from pyhelpers.deploy.prepare.steps import AWAIT, RELOAD, RESTART, START, steps
from pyhelpers.errors import ConfigurationError, PreflightError, WrongUsage
from tests.unit.deploy.prepare.builders import PUBLIC, RIGHT, WANTED, facts

CASES = Path(__file__).parents[3] / "cases" / "prepare"


def cases(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CASES / f"{name}.yml").read_text(encoding="utf-8"))
    return found


STEPS, DAEMON = cases("steps"), cases("daemon")


def step(name: str, found: ServerFacts) -> PrepareStep:
    return next(each for each in steps(found, WANTED) if each.name == name)


def typed(name: str, found: ServerFacts) -> list[list[str]]:
    return [list(each.argv) for each in step(name, found).commands]


@pytest.mark.parametrize("name", STEPS)
def test_a_step_has_something_to_do_when_its_facts_say_so(name: str) -> None:
    case = STEPS[name]
    found = [each.name for each in steps(facts(**case["facts"]), WANTED) if not each.done]
    assert found == case["steps"]


@pytest.mark.parametrize("name", DAEMON)
def test_daemon_json_gets_what_it_lacks(name: str) -> None:
    case = DAEMON[name]
    dockerd = case.get("dockerd", "dockerd ")
    if "refused" in case:
        with pytest.raises(PreflightError, match=case["refused"]):
            daemon.merged(case["file"], dockerd)
    elif "same" in case:
        assert daemon.merged(case["file"], dockerd) == case["file"]
    else:
        becomes = daemon.merged(case["file"], dockerd)
        assert json.loads(becomes) == case["becomes"]
        assert daemon.merged(becomes, dockerd) == becomes


class TestTheCommands:
    def test_of_an_engine_are_apts_and_wait_until_it_answers(self) -> None:
        quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
        names = ["docker.io", "docker-cli", "docker-compose", "iptables"]
        assert typed("engine", facts(engine="")) == [
            ["apt-get", "update", "--quiet"],
            [*quiet, "install", "--yes", "--no-install-recommends", *names],
            ["sh", "-c", START, "start", "docker"],
            ["timeout", "60", "sh", "-c", AWAIT],
        ]

    def test_of_the_user_and_his_group(self) -> None:
        assert typed("user", facts(passwd="")) == [
            ["useradd", "--create-home", "--shell", "/bin/bash", "deploy"]
        ]
        assert typed("group", facts(groups="")) == [
            ["usermod", "--append", "--groups", "docker", "deploy"]
        ]

    def test_write_the_key_as_the_user_beside_and_rename(self) -> None:
        home = "x:x:1:1::/var/lib/x:/bin/sh"
        as_user = ["runuser", "-u", "deploy", "--"]
        file = "/var/lib/x/.ssh/authorized_keys"
        found = facts(passwd=home, authorized_keys="")
        assert typed("key", found) == [
            [*as_user, "mkdir", "-p", "-m", "700", "/var/lib/x/.ssh"],
            [*as_user, "dd", f"of={file}.new", "conv=fsync", "status=none"],
            [*as_user, "chmod", "600", f"{file}.new"],
            [*as_user, "mv", f"{file}.new", file],
        ]
        assert step("key", found).commands[1].stdin == RIGHT.authorized_keys

    def test_make_only_the_folders_that_are_not_right(self) -> None:
        make = ["install", "-d", "-m", "755", "-o", "deploy"]
        one = facts(folders=("deploy 755", "root 755"))
        assert typed("folders", one) == [[*make, "/srv/protostar/live"]]
        none = facts(folders=("", ""))
        assert typed("folders", none) == [[*make, "/srv/protostar", "/srv/protostar/live"]]

    def test_check_daemon_json_before_it_is_renamed_and_restart_an_engine_without_containers(
        self,
    ) -> None:
        path = "/etc/docker/daemon.json"
        assert typed("daemon.json", facts(daemon_json="")) == [
            ["mkdir", "-p", "/etc/docker"],
            ["dd", f"of={path}.new", "conv=fsync", "status=none"],
            ["dockerd", "--validate", "--config-file", f"{path}.new"],
            ["chmod", "644", f"{path}.new"],
            ["mv", f"{path}.new", path],
            ["sh", "-c", RELOAD, "reload", "docker", "/run/docker.pid"],
            ["timeout", "120", "sh", "-c", RESTART, "restart", "docker", "/run/docker.pid"],
            ["timeout", "60", "sh", "-c", AWAIT],
        ]

    def test_leave_an_engine_with_containers_running_and_say_what_that_means(self) -> None:
        busy = step("daemon.json", facts(daemon_json="", containers_running=3))
        assert busy.commands[-1].argv[-3:] == ("reload", "docker", "/run/docker.pid")
        assert busy.note.startswith("3 containers run, so the engine was not restarted")
        assert "next restart" in busy.note

    def test_only_reload_an_engine_that_was_not_told_of_its_file(self) -> None:
        assert typed("daemon.json", facts(live_restore=False)) == [
            ["sh", "-c", RELOAD, "reload", "docker", "/run/docker.pid"]
        ]

    def test_check_sshds_configuration_before_it_counts(self) -> None:
        path = "/etc/ssh/sshd_config.d/10-protostar.conf"
        assert typed("sshd", facts(sshd="")) == [
            ["mkdir", "-p", "/etc/ssh/sshd_config.d"],
            ["dd", f"of={path}.new", "conv=fsync", "status=none"],
            ["chmod", "644", f"{path}.new"],
            ["mv", f"{path}.new", path],
            ["sshd", "-t"],
            ["sh", "-c", RELOAD, "reload", "ssh", "/run/sshd.pid"],
        ]

    def test_keep_whom_logind_spared_before(self) -> None:
        told = "[Login]\nKillUserProcesses=yes\nKillExcludeUsers=root ann\n"
        written = step("logind", facts(logind=told)).commands[1].stdin
        assert written.endswith("[Login]\nKillExcludeUsers=root ann deploy\n")
        assert not sessions.kills_processes_of(told + written, "deploy")


class TestTheKey:
    def test_may_listen_on_loopback_and_reach_the_gateways_and_nothing_else(self) -> None:
        assert key.options((9081, 8081)) == (
            'restrict,port-forwarding,permitlisten="127.0.0.1:*",'
            'permitopen="127.0.0.1:8081",permitopen="127.0.0.1:9081"'
        )

    def test_without_a_gateway_may_open_nothing(self) -> None:
        assert key.options(()).endswith('permitopen="none"')

    def test_replaces_its_own_line_and_leaves_the_others(self) -> None:
        other = PUBLIC.replace("Tnv9", "Tnv8").replace("ann", "bob")
        before = f"# a comment\nno-pty {PUBLIC}\n{other}\n{PUBLIC}\n"
        wanted = f"{key.options((8081,))} {PUBLIC}"
        after = key.with_key(before, PUBLIC, (8081,))
        assert after == f"# a comment\n{other}\n{wanted}\n"
        assert key.with_key(after, PUBLIC, (8081,)) == after

    @pytest.mark.parametrize(
        "text",
        [
            "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n",
            "",
            f"{PUBLIC}\n{PUBLIC}\n",
            f'command="rm" {PUBLIC}',
        ],
    )
    def test_is_one_public_key_and_what_is_none_is_not_quoted(self, text: str) -> None:
        with pytest.raises(ConfigurationError) as refused:
            key.public_key(text, "k")
        assert "c2VjcmV0" not in str(refused.value)
        assert "ssh-keygen -y -f k" in refused.value.try_

    def test_may_lack_its_comment(self) -> None:
        bare = " ".join(PUBLIC.split()[:2])
        assert key.public_key(f"{bare}\n", "k") == bare


@pytest.mark.parametrize(
    ("os_release", "names"),
    [
        ("", ("docker.io", "docker-cli", "docker-compose", "iptables")),
        ("ID=debian\n", ("docker.io", "docker-cli", "docker-compose", "iptables")),
        ('ID=ubuntu\nVERSION_ID="24.04"\n', ("docker.io", "docker-compose-v2")),
        ('ID="debian"\nVERSION_ID="12"\n', None),
        ("ID=alpine\nVERSION_ID=3.22\n", None),
        ('ID=ubuntu\nVERSION_ID="20.04"\n', None),
    ],
)
def test_packages_are_the_distributions_own_or_refused(
    os_release: str, names: tuple[str, ...] | None
) -> None:
    if names is None:
        with pytest.raises(PreflightError, match="too old or unknown"):
            packages.engine_packages(os_release)
    else:
        assert packages.engine_packages(os_release) == names


@pytest.mark.parametrize("name", ["Ann", "a b", "x\nMatch all", "-x", "", "ä", "a" * 33])
def test_what_cannot_be_a_user_is_refused(name: str) -> None:
    with pytest.raises(WrongUsage):
        user_name(name)


def test_a_user_may_be_called_so() -> None:
    assert user_name("deploy-1_x") == "deploy-1_x"
