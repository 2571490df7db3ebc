"""Every server's rendered files: nginx warns of nothing, and gixy finds nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .files import (
    HARDENED,
    NGINX,
    OPS,
    SHOP,
    STORE,
    config,
    nginx_command,
    rendered,
    self_signed,
    write,
)

if TYPE_CHECKING:
    from pyhelpers.config.model import Config

TLS = {"names": [SHOP], "certificate": SHOP}
SECURE = config("203.0.113.7", "198.51.100.0/24", tls=TLS, static={"store": STORE})
PLAIN = config("2001:db8::7", "2001:db8:7::/48")
SETS = {
    "A5 with TLS": (SECURE, "a5"),
    "A5 without": (PLAIN, "a5"),
    "Centre": (SECURE, "centre"),
    "Centre, IPv6": (PLAIN, "centre"),
    "the proxy": (SECURE, "proxy"),
}
each_set = pytest.mark.parametrize(("told", "server"), SETS.values(), ids=SETS)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files") / "certificates"
    for each in (SHOP, OPS):
        self_signed(folder / each, each)
    return folder


@pytest.mark.e2e
@each_set
def test_nginx_takes_them_without_a_warning(
    tmp_path: Path, certificates: Path, told: Config, server: str
) -> None:
    mounts = ["-v", f"{write(tmp_path / server, rendered(told, server))}:/etc/protostar:ro"]
    mounts += ["-v", f"{certificates}:/certificates:ro"]
    run = ["docker", "run", "--rm", "--network", "none", "--label", "org.protostar.test=files"]
    argv = [*run, *HARDENED, *mounts, NGINX, *nginx_command("-t", "-q")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def gixy(file: Path) -> list[str]:
    """What it has to say, as `check: place`."""
    argv = [str(Path(sys.executable).with_name("gixy")), "--format", "json", str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    return [f"{each['plugin']}: {each['config']}" for each in json.loads(done.stdout)]


@each_set
def test_gixy_finds_nothing(tmp_path: Path, told: Config, server: str) -> None:
    assert gixy(write(tmp_path, rendered(told, server)) / "nginx.conf") == []


def test_gixy_reads_what_is_included(tmp_path: Path) -> None:
    """Or it would find nothing in anything."""
    files = rendered(SECURE, "a5")
    spoilt = files["mixins/proxy.conf"].replace(b" $host;", b" $http_host;")
    write(tmp_path, {**files, "mixins/proxy.conf": spoilt})
    assert any(line.startswith("host_spoofing") for line in gixy(tmp_path / "nginx.conf"))
