"""What is typed on a host, word by word."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from pyhelpers.hosts.local import LocalHost
from pyhelpers.sync import archive, commands
from pyhelpers.sync.digest import digest_of, listing_of
from pyhelpers.sync.looking import listing_of as listed
from pyhelpers.sync.looking import sections
from pyhelpers.sync.model import File
from pyhelpers.sync.state import answers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = PurePosixPath("/srv/protostar")
CONFIG = ROOT / "config"
FILES = {
    "compose/compose.yml": File(b"services: {}\n"),
    "compose/.env": File(b"A=1\n", 0o600),
    "nginx/mixins/log.conf": File(b"# log\n"),
}


def test_compose_reads_the_two_files_where_they_lie() -> None:
    assert commands.compose(CONFIG, "current", "shop-a5", *commands.UP, "cache") == [
        *("sh", "-c", commands.COMPOSE, "compose", "--progress", "plain"),
        *("--project-directory", "/srv/protostar/config/current/compose", "-p", "shop-a5"),
        *("-f", "/srv/protostar/config/current/compose/compose.yml"),
        *("-f", "/srv/protostar/config/current/compose/override.yml"),
        *("up", "--detach", "--no-deps", "--no-build", "cache"),
    ]


def test_what_changes_something_holds_a_lock_that_the_next_sync_waits_for() -> None:
    assert commands.working(ROOT, ["docker", "ps"], 30) == [
        *("flock", "--shared", "/srv/protostar/guard/sync.work"),
        *("timeout", "--kill-after=5", "30", "docker", "ps"),
    ]
    assert commands.await_work(ROOT, 60) == [
        *("flock", "--exclusive", "--wait", "60", "/srv/protostar/guard/sync.work", "true")
    ]


def test_nginx_is_tested_apart_with_the_same_image_mounts_and_rights() -> None:
    service = {
        "image": "nginx:1.30.6",
        "user": "101:101",
        "read_only": True,
        "tmpfs": ["/tmp:size=64m"],  # noqa: S108 - of a container
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "volumes": [
            {"type": "bind", "source": "/srv/c", "target": "/etc/protostar", "read_only": True},
            {"type": "volume", "source": "cache", "target": "/cache"},
        ],
    }
    assert commands.test_apart(service, "incoming/abc") == [
        *("docker", "run", "--rm", "--network", "none", "--entrypoint", "nginx"),
        *("--user", "101:101", "--read-only", "--tmpfs", "/tmp:size=64m"),  # noqa: S108 - as above
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"),
        *("--mount", "type=bind,source=/srv/c,target=/etc/protostar,readonly"),
        *("nginx:1.30.6", "-t", "-q", "-c", "/etc/protostar/incoming/abc/nginx/nginx.conf"),
        *("-p", "/etc/protostar/incoming/abc/nginx/"),
    ]


def test_compose_gets_nothing_of_the_environment_that_it_would_fill_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "docker"
    program.write_text('#!/bin/sh\nenv; echo "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("PROTOSTAR_ROOT", "/elsewhere")
    monkeypatch.setenv("DOCKER_HOST", "unix:///there is/a.sock")
    told = run(commands.compose(CONFIG, "current", "shop-a5", "ps"))
    assert "PROTOSTAR_ROOT" not in told
    assert "DOCKER_HOST=unix:///there is/a.sock\n" in told
    assert told.splitlines()[-1].startswith("compose --progress plain --project-directory")


# --- the scripts, run here --------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> PurePosixPath:
    (tmp_path / "config/releases").mkdir(parents=True)
    return PurePosixPath(tmp_path / "config")


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine with nothing on it."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def run(argv: list[str], *, ok: bool = True) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode == 0) is ok, done.stderr
    return done.stdout


def brought(config: PurePosixPath) -> str:
    digest = digest_of(listing_of(FILES))
    Path(config / "releases" / f"{digest}.tar").write_bytes(archive.packed(FILES))
    run(commands.unpack(config, digest))
    run(commands.place(config, digest))
    run(commands.flip(config, digest))
    return digest


@pytest.mark.usefixtures("docker")
def test_what_was_brought_is_listed_under_its_own_digest(config: PurePosixPath) -> None:
    digest = brought(config)
    told = sections(run(commands.look(config, "shop-a5")))
    assert told["current"] == [f"releases/{digest}"]
    assert set(told["kept"]) == {digest, f"{digest}.tar"}
    assert int(told["free"][0]) > 0
    assert digest_of(listed(told["modes"], told["sums"])) == digest


@pytest.mark.usefixtures("docker")
def test_a_host_without_anything_can_be_looked_at(tmp_path: Path) -> None:
    told = sections(run(commands.look(PurePosixPath(tmp_path / "no/config"), "shop-a5")))
    assert told["current"] == told["kept"] == told["unfinished"] == []
    assert int(told["free"][0]) > 0
    assert "modes" not in told


def test_compose_files_are_for_their_owner_alone_and_nginx_may_read_its_own(
    config: PurePosixPath,
) -> None:
    folder = Path(config / "releases" / brought(config))
    modes = {name: oct((folder / name).stat().st_mode & 0o777) for name in ("", "compose", "nginx")}
    assert modes == {"": "0o755", "compose": "0o700", "nginx": "0o755"}
    assert (folder / "compose/.env").stat().st_mode & 0o777 == 0o600


def test_a_release_that_is_there_is_replaced_and_half_of_one_thrown_away(
    config: PurePosixPath,
) -> None:
    digest = brought(config)
    edited = Path(config / "releases" / digest / "nginx/mixins/log.conf")
    edited.write_text("by hand")
    Path(config / "incoming" / "half").mkdir(parents=True)
    brought(config)
    assert edited.read_bytes() == b"# log\n"
    assert not Path(config / "incoming").exists()


def test_the_flip_is_to_a_relative_link_so_that_containers_can_follow_it(
    config: PurePosixPath,
) -> None:
    digest = brought(config)
    link = Path(config / "current")
    assert str(link.readlink()) == f"releases/{digest}"
    run(commands.flip(config, ""))
    assert not link.exists()


def test_a_folder_that_was_made_by_hand_makes_way_for_it(config: PurePosixPath) -> None:
    Path(config / "current" / "nginx").mkdir(parents=True)
    digest = brought(config)
    assert Path(config / "current").readlink().name == digest


def certificate(days: int) -> bytes:
    """One that is good for so many days from now."""
    now, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a5.example")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=30))
    made = made.not_valid_after(now + timedelta(days=days))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_certificates_that_have_expired_or_will_soon_are_told(tmp_path: Path) -> None:
    for name, days in (("good", 90), ("soon", 5), ("expired", -1)):
        (tmp_path / f"{name}.pem").write_bytes(certificate(days))
    script = ["sh", "-c", commands.CERTIFICATES, "certificates", str(tmp_path)]
    told = run([*script, "good.pem", "soon.pem", "expired.pem"])
    assert told == "soon soon.pem\nexpired expired.pem\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [(b"0123456789ab\n", ["0123456789ab"] * 3), (b"<html>\n</html>\n", [""] * 3)],
)
def test_nginx_is_asked_on_a_new_connection_each_time(body: bytes, told: list[str]) -> None:
    with answering(body) as (port, connections):
        assert answers_of(LocalHost("here", ROOT), port, 3) == told
    assert len(connections) == 3


def test_where_nobody_listens_there_is_no_answer() -> None:
    with answering(b"") as (port, _):
        pass
    assert answers_of(LocalHost("here", ROOT), port, 2) == ["", ""]


@contextmanager
def answering(body: bytes) -> Iterator[tuple[int, list[object]]]:
    """A server on loopback: its port, and who has asked it."""
    connections: list[object] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            connections.append(self.client_address)
            assert self.path == "/-/config"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield server.server_address[1], connections
        finally:
            server.shutdown()


def test_a_torn_last_line_of_the_history_does_not_spoil_the_next(config: PurePosixPath) -> None:
    path = Path(config / "history.jsonl")
    path.write_text('{"torn')
    run(commands.append(PurePosixPath(path), '{"at": "now"}'))
    assert path.read_text() == '{"torn\n{"at": "now"}\n'


def test_the_tree_comes_back_as_it_lies_there(config: PurePosixPath) -> None:
    brought(config)
    assert archive.unpacked(base64.b64decode(run(commands.fetch_tree(config)))) == FILES
