"""Hosts and services are looked at, all of them, whatever fails on the way."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

import pytest
import responses

from pyhelpers.config.model import Config
from pyhelpers.deploy.doctor.examine import Doctor
from pyhelpers.deploy.doctor.model import Disk, Labelled
from pyhelpers.deploy.doctor.reading import Looker, planned_ports, published, read_machine
from pyhelpers.deploy.doctor.registry import examine_registry
from pyhelpers.errors import Unreachable, WrongUsage
from tests.unit.deploy.doubles import Engine, MemoryHost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyhelpers.deploy.doctor.model import Finding
    from pyhelpers.hosts.protocol import Host

SERVICE = {"host": "a5", "image": "shop/api", "compose": "api.yml", "port": 3000}
CONFIG: dict[str, Any] = {
    "project": "shop",
    "hosts": {"a5": {"ssh": "deploy@a5.lan:2222"}, "a6": {"ssh": "deploy@a6.lan"}},
    "services": {"api": SERVICE, "web": {**SERVICE, "host": "a6", "image": "shop/web"}},
}
GATEWAY = "http://127.0.0.1:8081/-/gateway"
NOW_S = 1_800_000_000.0


def config(**changes: Any) -> Config:
    return Config.model_validate({**CONFIG, **changes})


class Listing(Engine):
    """Lists what any filter lets through: the doctor asks for all."""

    def __init__(self, listed: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__()
        self.listed = list(listed)

    def containers(self, **asked: Any) -> list[dict[str, Any]]:
        return [] if asked.get("filters") else self.listed

    def info(self) -> dict[str, str]:
        return {"DockerRootDir": "/var/lib/docker"}

    def version(self) -> dict[str, str]:
        return {"Version": "28.5.2", "Arch": "amd64"}


def listed(name: str, *ports: dict[str, Any], state: str = "running", **labels: str) -> Any:
    said = {f"org.protostar.{key}": value for key, value in labels.items()}
    return {"Names": [f"/{name}"], "Labels": said, "State": state, "Ports": list(ports)}


class Answers:
    """What the host's programs say, by how the command begins."""

    def __init__(self, **changes: Any) -> None:
        self.info: dict[str, Any] = {
            "ServerVersion": "28.5.2",
            "DockerRootDir": "/var/lib/docker",
            "LoggingDriver": "json-file",
            "LiveRestoreEnabled": True,
        }
        self.refused = ""
        self.clock = f"{NOW_S:.9f}\n"
        self.__dict__.update(changes)

    def __call__(self, argv: Sequence[str]) -> tuple[int, str]:
        typed = " ".join(argv)
        if typed.startswith("docker info"):
            return (1, self.refused) if self.refused else (0, json.dumps(self.info))
        if "df -PB1" in typed:
            return 0, f"/dev/sda1 1000 300 700 30% {argv[-1]}\n"
        answers = {
            "date": self.clock,
            "id -un": "deploy\n",
            "docker compose version": "2.40.3\n",
            "sh -c for t;": "tar\n",
        }
        return 0, next((said for start, said in answers.items() if typed.startswith(start)), "")


def host_of(answers: Answers, *containers: dict[str, Any]) -> MemoryHost:
    host = MemoryHost(Listing(containers))
    host.ends = answers
    return host


def looked(host: MemoryHost, said: Config | None = None) -> Looker:
    return Looker(cast("Host", host), said or config(), lambda: NOW_S)


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


class TestWhatIsRead:
    def test_is_what_the_host_said(self, web: responses.RequestsMock) -> None:
        web.get(GATEWAY, json={"nginx": "1.30.6", "services": {}})
        blue = listed("api-blue-app-1", service="api", colour="blue", root="/srv/protostar")
        host = host_of(Answers(), blue, listed("gateway", {"PublicPort": 80, "Type": "tcp"}))
        host.mark("blue")
        host.files[host.root / "incoming" / "x.part"] = b""
        found = read_machine(looked(host))
        assert found.engine is not None
        assert found.engine.containers == (
            Labelled("api-blue-app-1", "api", "blue", "/srv/protostar", running=True),
        )
        assert found.engine.published == {80: "gateway"}
        assert found.missing_tools == ("tar",)
        assert [each.path for each in found.disks] == ["/var/lib/docker", "/srv/protostar"]
        assert found.services["api"].live == {"blue"}
        assert found.incoming == ("x.part",)
        assert found.nginx == {"gateway": "1.30.6"}

    def test_of_an_engine_that_refuses_is_what_it_said(self, web: responses.RequestsMock) -> None:
        host = host_of(Answers(refused="a warning\npermission denied\n"))
        found = read_machine(looked(host))
        assert (found.engine, found.engine_said) == (None, "permission denied")
        assert found.disks == (Disk("/srv/protostar", 700, 1000),)

    def test_of_an_engine_behind_a_client_that_ends_well_is_its_error(
        self, web: responses.RequestsMock
    ) -> None:
        info = {"ServerVersion": "", "ServerErrors": ["Cannot connect to the Docker daemon"]}
        found = read_machine(looked(host_of(Answers(info=info))))
        assert (found.engine, found.engine_said) == (None, "Cannot connect to the Docker daemon")

    def test_of_the_clock_is_taken_against_the_middle_of_the_round_trip(
        self, web: responses.RequestsMock
    ) -> None:
        times = iter([100.0, 104.0])
        host = host_of(Answers(clock="107.5\n"))
        found = read_machine(Looker(cast("Host", host), config(), lambda: next(times)))
        assert (found.skew_s, found.round_trip_s) == (5.5, 4.0)

    def test_of_ports_are_those_that_others_reach(self) -> None:
        ports = [
            {"PublicPort": 80, "Type": "tcp", "IP": "0.0.0.0"},  # noqa: S104 - what docker lists
            {"PublicPort": 8081, "Type": "tcp", "IP": "127.0.0.1"},
            {"PublicPort": 53, "Type": "udp", "IP": "::"},
            {"PrivatePort": 9000, "Type": "tcp"},
        ]
        assert published([listed("gateway", *ports)]) == {80: "gateway"}

    def test_of_the_plan_are_sshs_port_and_the_gateways(self) -> None:
        gateways = {"gateway": {"public_port": 8080}, "spare": {"public_port": 99}}
        said = config(gateways=gateways)
        assert planned_ports(said, "a5", "10.0.0.9 51000 10.0.0.5 2222\n") == {2222, 8080}
        assert planned_ports(said, "a5", "\n") == {22, 8080}

    def test_with_tls_its_port_is_of_the_plan_too(self) -> None:
        tls = {"names": ["shop.test"], "certificate": "shop.test"}
        said = config(gateways={"gateway": {"tls": tls}})
        assert planned_ports(said, "a5", "\n") == {22, 80, 443}

    @pytest.mark.parametrize(
        ("stack", "ports"),
        [("compose/proxy", {443}), ("compose/centre", {7070, 8899}), ("compose/a5", set())],
    )
    def test_of_the_admins_way_are_the_ports_that_its_servers_publish(
        self, stack: str, ports: set[int]
    ) -> None:
        said = config(
            hosts={**CONFIG["hosts"], "c": {"ssh": "deploy@c.lan", "stack": stack}},
            gateways={"gateway": {"static": {"store": "s3.lan:7070"}}},
            ops={
                "proxy_address": "203.0.113.7",
                "home": "home.test",
                "port": 8899,
                "certificate": "ops.test",
                "allow": ["198.51.100.0/24"],
                "tools": {"s3": {"name": "s3.test", "port": 7070}},
            },
        )
        assert planned_ports(said, "c", "\n") == {22} | ports


def doctor(folder: Path, hosts: dict[str, MemoryHost | Unreachable]) -> Doctor:
    def connect(name: str) -> Host:
        found = hosts[name]
        if isinstance(found, Unreachable):
            raise found
        found.name = name
        return cast("Host", found)

    return Doctor(config(), folder, connect, lambda: NOW_S)


def whats(found: Sequence[Finding], of: str) -> list[str]:
    return [each.what for each in found if each.of == of]


class TestWhoIsLookedAt:
    def test_a_host_that_cannot_be_reached_is_one_line_and_the_others_go_on(
        self, tmp_path: Path, web: responses.RequestsMock
    ) -> None:
        gone = Unreachable(error="a5.lan does not resolve", try_="getent hosts a5.lan")
        found = doctor(tmp_path, {"a5": gone, "a6": host_of(Answers())}).examine([])
        (line,) = [each for each in found if each.of == "a5"]
        assert (line.level, line.what) == ("fail", "a5.lan does not resolve")
        assert line.mend == "getent hosts a5.lan"
        assert whats(found, "api") == []
        assert whats(found, "a6")[0] == "a6 can be reached"
        assert "engine 28.5.2" in whats(found, "a6")
        assert whats(found, "web")

    def test_a_host_brings_its_services(self, tmp_path: Path, web: responses.RequestsMock) -> None:
        found = doctor(tmp_path, {"a5": host_of(Answers())}).examine(["a5"])
        assert {each.of for each in found} == {"a5", "api"}
        assert "api.yml cannot be read: No such file or directory" in whats(found, "api")

    def test_a_service_brings_only_itself(
        self, tmp_path: Path, web: responses.RequestsMock
    ) -> None:
        found = doctor(tmp_path, {"a5": host_of(Answers())}).examine(["api"])
        assert whats(found, "a5") == ["a5 can be reached"]
        assert whats(found, "api")

    def test_a_service_on_a_host_that_was_named_is_looked_at_once(
        self, tmp_path: Path, web: responses.RequestsMock
    ) -> None:
        found = doctor(tmp_path, {"a5": host_of(Answers())}).examine(["a5", "api"])
        assert whats(found, "api").count("bash on a5") == 1

    def test_hosts_are_looked_at_at_once(self, tmp_path: Path, web: responses.RequestsMock) -> None:
        both = threading.Barrier(2, timeout=5)

        class Met(MemoryHost):
            def run(self, argv: Sequence[str], **how: Any) -> Any:
                if argv == ["true"]:
                    both.wait()
                return super().run(argv, **how)

        hosts: dict[str, Any] = {name: Met(Listing()) for name in ("a5", "a6")}
        found = doctor(tmp_path, hosts).examine([])
        assert [each.what for each in found if "reached" in each.what] == [
            "a5 can be reached",
            "a6 can be reached",
        ]

    def test_a_name_that_is_neither_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(WrongUsage) as refused:
            doctor(tmp_path, {}).examine(["ap"])
        assert refused.value.try_ == "one of: a5, a6, api, web"

    def test_state_of_a_newer_program_is_a_line_and_not_the_end(
        self, tmp_path: Path, web: responses.RequestsMock
    ) -> None:
        host = host_of(Answers())
        host.files[host.root / "format"] = b"2\n"
        found = doctor(tmp_path, {"a5": host}).examine(["a5"])
        assert [each.what for each in found if "format 2" in each.what]
        assert "engine 28.5.2" in whats(found, "a5")

    def test_an_engine_that_fails_in_the_middle_is_a_line(
        self, tmp_path: Path, web: responses.RequestsMock
    ) -> None:
        host = host_of(Answers())
        host.engine.up = False
        found = doctor(tmp_path, {"a5": host}).examine(["a5"])
        assert "a5: the engine does not answer (ConnectionRefusedError)" in whats(found, "a5")
        assert whats(found, "api")


def hang_up(server: socket.socket) -> None:
    line, _ = server.accept()
    line.close()


class TestTheRegistry:
    def asked(self, address: str, reach: str, host: MemoryHost | None = None) -> list[Finding]:
        said = config(registry={"address": address, "reach": reach})
        return list(examine_registry(said, cast("Host", host or MemoryHost())))

    @pytest.mark.parametrize("status", [200, 404])
    def test_through_the_tunnel_must_let_the_deployer_read(
        self, status: int, web: responses.RequestsMock
    ) -> None:
        web.get("https://reg.lan:5000/v2/shop/api/tags/list", status=status)
        found = self.asked("reg.lan:5000", "tunnel")
        assert [(each.level, each.what) for each in found] == [
            ("ok", "the registry reg.lan:5000 lets the deployer read"),
            ("ok", "a port of a5 can lead to the deployer"),
        ]

    def test_that_does_not_know_the_deployer_says_how_to_log_in(
        self, web: responses.RequestsMock
    ) -> None:
        web.get("https://reg.lan:5000/v2/shop/api/tags/list", status=401)
        with pytest.raises(Unreachable) as refused:
            self.asked("reg.lan:5000", "tunnel")
        assert refused.value.try_ == "docker login reg.lan:5000"

    def test_that_is_ill_is_a_failure(self, web: responses.RequestsMock) -> None:
        web.get("https://reg.lan:5000/v2/shop/api/tags/list", status=503)
        (found, _) = self.asked("reg.lan:5000", "tunnel")
        assert (found.level, found.what) == (
            "fail",
            "the registry reg.lan:5000 answers 503 for /v2/shop/api/tags/list",
        )

    def test_through_the_tunnel_needs_a_port_that_sshd_gives(
        self, tmp_path: Path, web: responses.RequestsMock
    ) -> None:
        class Forbidden(MemoryHost):
            def exposed(self, handler: object) -> Any:
                raise Unreachable(error="a5: its sshd allows no port forwarding")

        web.get("https://reg.lan:5000/v2/shop/api/tags/list")
        host = Forbidden(Listing())
        host.ends = Answers()
        said = config(registry={"address": "reg.lan:5000", "reach": "tunnel"})
        found = Doctor(said, tmp_path, lambda _: cast("Host", host)).examine(["a5"])
        assert "a5: its sshd allows no port forwarding" in whats(found, "a5")

    def test_that_does_not_answer_the_deployer_is_a_failure(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(Unreachable) as refused:
            self.asked(address, "tunnel")
        assert "curl -sS" in refused.value.try_

    @pytest.mark.parametrize(
        ("address", "where"),
        [
            ("reg.lan:5000", ["reg.lan", "5000"]),
            ("reg.lan", ["reg.lan", "443"]),
        ],
    )
    def test_that_is_direct_must_be_reached_from_the_host(
        self, address: str, where: list[str]
    ) -> None:
        host = MemoryHost()
        assert [each.level for each in self.asked(address, "direct", host)] == ["ok"]
        reached, login = host.ran
        assert reached == [
            *("timeout", "5", "bash", "-c", 'exec 3<>"/dev/tcp/$1/$2"', "reach"),
            *where,
        ]
        assert login == ["docker", "login", address]

    def test_that_is_direct_and_not_reached_is_a_failure(self) -> None:
        host = MemoryHost()
        host.ends = lambda argv: (1, "refused")
        assert [each.level for each in self.asked("reg.lan", "direct", host)] == ["fail"]

    @pytest.mark.parametrize(
        ("status", "said", "levels"),
        [
            (0, "Authenticating with existing credentials...\nLogin Succeeded\n", ["ok", "ok"]),
            (1, "Authenticating with existing credentials...\nunauthorized\n", ["ok", "fail"]),
            (1, "Error: Cannot perform an interactive login from a non TTY device\n", ["ok"]),
        ],
    )
    def test_that_is_direct_has_the_hosts_login_tried(
        self, status: int, said: str, levels: list[str]
    ) -> None:
        host = MemoryHost()
        host.ends = lambda argv: (status, said) if "login" in argv else (0, "")
        assert [each.level for each in self.asked("reg.lan", "direct", host)] == levels

    def test_that_is_none_needs_nothing_where_the_deployer_is_the_host(self) -> None:
        said = config(hosts={"a5": {"local": True}, "a6": {"local": True}})
        host = MemoryHost()
        host.root = PurePosixPath("/srv/protostar")
        assert [each.level for each in examine_registry(said, cast("Host", host))] == ["ok"]

    def test_that_is_none_needs_the_deployers_own_engine(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine.sock")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(f"{tmp_path}/engine.sock")
            server.listen()
            closer = threading.Thread(target=hang_up, args=(server,))
            closer.start()
            (found,) = examine_registry(config(), cast("Host", MemoryHost()))
            closer.join()
        assert (found.level, found.mend) == ("fail", "docker info   # here, on the deployer")
