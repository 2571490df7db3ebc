"""A machine's facts → what is wrong with it, each with the command that mends it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from pyhelpers.deploy.doctor.model import OK, Disk, EngineRead, Labelled, Machine, ServiceState
from pyhelpers.deploy.doctor.ports import Listening, listening, unplanned
from pyhelpers.deploy.doctor.verdicts import judge

CASES_FILE = Path(__file__).parents[3] / "cases" / "doctor" / "machine.yml"
CASES: dict[str, Any] = yaml.safe_load(CASES_FILE.read_text(encoding="utf-8"))

ANYWHERE = "0.0.0.0"  # noqa: S104 - what others listen on, not we
ROTATING = json.dumps({"log-opts": {"max-size": "50m"}})
WELL: dict[str, Any] = {
    "engine": {},
    "engine_said": "",
    "missing_tools": [],
    "disks": [["/var/lib/docker", 50 << 30, 100 << 30]],
    "skew_s": 0.0,
    "round_trip_s": 0.0,
    "nginx": {"gateway": "1.30.6"},
    "listening": [[22, ANYWHERE], [80, ANYWHERE], [8081, "127.0.0.1"]],
    "services": {"api": {}},
    "incoming": [],
    "daemon_json": ROTATING,
    "dockerd": "dockerd ",
    "logind": "",
}
ENGINE = {"version": "28.5.2", "compose": "2.40.3", "log_driver": "json-file", "live_restore": True}


def machine(**changes: Any) -> Machine:
    said = {**WELL, **changes}
    return Machine(
        name="a5",
        root="/srv/protostar",
        user="deploy",
        missing_tools=tuple(said.pop("missing_tools")),
        engine=_engine(said.pop("engine")),
        disks=tuple(Disk(*each) for each in said.pop("disks")),
        listening=frozenset(_listening(*each) for each in said.pop("listening")),
        planned_ports=frozenset({22, 80}),
        services={name: _service(**each) for name, each in said.pop("services").items()},
        incoming=tuple(said.pop("incoming")),
        **said,
    )


def _engine(said: Any) -> EngineRead | None:
    if said == "none":
        return None
    fields = {**ENGINE, "published": {}, "containers": [], **said}
    fields["containers"] = tuple(_labelled(**each) for each in fields["containers"])
    return EngineRead(**fields)


def _labelled(**changes: Any) -> Labelled:
    well = {"name": "api-blue-app-1", "service": "api", "colour": "blue", "running": True}
    return Labelled(**{**well, "root": "/srv/protostar", **changes})


def _service(**changes: Any) -> ServiceState:
    said = {"live": ["blue"], "held": False, **changes}
    return ServiceState(frozenset(said.pop("live")), **said)


def _listening(port: int, address: str) -> Listening:
    return Listening(port, address, address in ("127.0.0.1", "::1"))


@pytest.mark.parametrize("name", CASES)
def test_a_machine_is_judged(name: str) -> None:
    case = CASES[name]
    bad = [each for each in judge(machine(**case["machine"])) if each.level != OK]
    assert [each.level for each in bad] == [level for level, _, _ in case["lines"]], bad
    for found, (_, what, mend) in zip(bad, case["lines"], strict=True):
        assert what in found.what
        assert mend in found.mend


def test_what_is_well_is_said_and_needs_no_mending() -> None:
    found = judge(machine())
    assert len(found) >= 9
    assert [each.mend for each in found if each.mend] == []


class TestPorts:
    TEXT = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 0A01A8C0:0016 0B01A8C0:D431 01 00000000:00000000 00:00000000 00000000     0        0 3 1
   3: 0A01A8C0:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4 1
  sl  local_address                         remote_address                        st tx_queue
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0 0
   1: 00000000000000000000000001000000:0277 00000000000000000000000000000000:0000 0A 0 0
   2: 0000000000000000FFFF00000100007F:0278 00000000000000000000000000000000:0000 0A 0 0
   3: B80D0120000000000000000001000000:1538 00000000000000000000000000000000:0000 0A 0 0
"""

    def test_that_listen_are_read_from_both_files(self) -> None:
        assert sorted(listening(self.TEXT)) == [
            Listening(22, ANYWHERE),
            Listening(80, "::"),
            Listening(631, "::1", loopback=True),
            Listening(632, "127.0.0.1", loopback=True),
            Listening(5432, "192.168.1.10"),
            Listening(5432, "2001:db8::1"),
            Listening(8081, "127.0.0.1", loopback=True),
        ]

    def test_that_others_can_reach_and_nobody_planned_are_named_with_their_addresses(self) -> None:
        found = unplanned(listening(self.TEXT), {22})
        assert found == {80: ("::",), 5432: ("192.168.1.10", "2001:db8::1")}

    def test_of_this_very_machine_are_found(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            text = Path("/proc/net/tcp").read_text(encoding="ascii")
            port = server.getsockname()[1]
        assert Listening(port, "127.0.0.1", loopback=True) in listening(text)

    @pytest.mark.parametrize("text", ["", "nonsense\n", "a b c d\n"])
    def test_that_cannot_be_read_are_none(self, text: str) -> None:
        assert listening(text) == frozenset()
