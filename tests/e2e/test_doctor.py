"""A server over SSH: what is wrong with it is said, prepare mends it, and then nothing is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bench.server import ROOT

from .ssh_servers import servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.server import Server
    from bench.servers import Servers

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory, tags: list[str]) -> Iterator[Servers]:
    """One server with its gateway, and one that is nowhere."""
    with servers(tmp_path_factory.mktemp("remote"), tags) as made:
        made.add_server("a5", images=("protostar/base:trixie",))
        made.add("api", host="a5")
        made.start_gateways()
        yield made


@pytest.fixture
def a5(remote: Servers) -> Server:
    return remote.servers["a5"]


def examined(remote: Servers, *names: str) -> tuple[int, list[dict[str, Any]]]:
    done = remote.deploy("doctor", *names, "--json")
    return done.code, json.loads(done.out)


def bad(remote: Servers, *names: str) -> dict[str, tuple[str, str]]:
    """What is not ok → its level and its mend. The exit code must agree."""
    code, found = examined(remote, *names)
    lines = {f["what"]: (f["level"], f["mend"]) for f in found if f["level"] != "ok"}
    assert code == (4 if "fail" in {level for level, _ in lines.values()} else 0), found
    return lines


def test_prepare_over_ssh_mends_what_the_doctor_found_and_twice_changes_nothing(
    remote: Servers, a5: Server
) -> None:
    before = bad(remote, "a5")
    assert before == dict.fromkeys(
        (
            "containers' logs do not rotate",
            "containers do not go on while the engine restarts (live-restore)",
        ),
        ("warn", "protostar deploy prepare a5 --apply"),
    )
    key = str(remote.key.with_suffix(".pub"))
    prepare = ("prepare", "a5", "--key", key, "--as", f"root@{a5.address}", "--apply")
    first = remote.deploy(*prepare)
    assert first.code == 0, first.err
    assert "done           daemon.json" in first.out
    assert "so the engine was not restarted" in first.err
    again = remote.deploy(*prepare)
    assert (again.code, again.out.splitlines()[-1]) == (0, "a5: nothing to do")
    # The doctor comes with the key that is limited now; the gateway's port is let through.
    assert bad(remote, "a5") == {}


def test_who_is_not_root_is_told_who_must_connect(remote: Servers) -> None:
    refused = remote.deploy("prepare", "a5", "--apply")
    assert refused.code == 4
    assert "Try: protostar deploy prepare a5 --apply --as root@ADDRESS" in refused.err


def test_a_login_that_is_none_is_wrong_usage(remote: Servers) -> None:
    assert remote.deploy("prepare", "a5", "--as", "root@").code == 2


def test_each_defect_is_a_line(remote: Servers, a5: Server) -> None:
    label = ["--label", f"org.protostar.root={ROOT}", "--label", "org.protostar.colour=blue"]
    sleep = ["protostar/base:trixie", "sleep", "600"]
    try:
        a5.docker("run", "-d", "--name", "db", "-p", "5432:5432", *sleep)
        gone = ["--label", "org.protostar.service=old"]
        a5.docker("run", "-d", "--name", "old-blue-app-1", *label, *gone, *sleep)
        a5.sh(f"install -d -o deploy {ROOT}/incoming && touch {ROOT}/incoming/layer.part")
        found = bad(remote, "a5")
    finally:
        a5.docker("rm", "-f", "db", "old-blue-app-1")
        a5.sh(f"rm -r {ROOT}/incoming")
    assert len(found) == 3
    assert {level for level, _ in found.values()} == {"warn"}
    whats = " | ".join(found)
    assert "port 5432 is open on 0.0.0.0, ::" in whats
    assert "the container db" in whats
    assert "old is not on a5 in protostar.yml: old-blue-app-1" in whats
    assert "1 files of unfinished transfers" in whats


def test_a_user_without_the_right_to_the_engine_is_told_how_to_get_it(
    remote: Servers, a5: Server
) -> None:
    a5.run("gpasswd", "-d", "deploy", "docker")
    try:
        found = bad(remote, "a5")
    finally:
        a5.run("usermod", "-aG", "docker", "deploy")
    assert found["deploy may not use the engine"] == ("fail", "sudo usermod -aG docker deploy")


def test_a_host_that_does_not_answer_is_one_line_beside_the_others(
    remote: Servers, a5: Server
) -> None:
    remote.top = {
        "hosts": {
            "a5": {"ssh": f"deploy@{a5.address}", "host_key": a5.fingerprint, "root": ROOT},
            "a6": {"ssh": f"deploy@{a5.address}:1"},
        }
    }
    remote.write()
    try:
        code, found = examined(remote)
    finally:
        remote.top = {}
        remote.write()
    assert code == 4
    (line,) = [each for each in found if each["of"] == "a6"]
    assert (line["level"], bool(line["mend"])) == ("fail", True)
    assert {each["of"] for each in found} == {"a5", "a6", "api"}
