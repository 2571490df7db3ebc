"""The dynamic DNS on Centre: a real inadyn, and a provider that speaks as providers do."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from bench.engine import docker
from tests.nginx.files import self_signed

from .colours import wait_until
from .provider import Provider, serving
from .stacks import ServerStack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.e2e

NAME, USER = "dyn.test", "ann"
# With what inadyn's own language would read something into.
PASSWORD = 'p"a\\s{s}#$word'
HOME = "203.0.113.9"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("provider") / NAME
    self_signed(folder, NAME)
    return folder


@contextmanager
def updater(
    folder: Path, certificate: Path, provider: Provider, tags: list[str], *, trusted: bool = True
) -> Iterator[ServerStack]:
    """compose/centre/dyndns.yml as it is shipped, led to this provider, whom it trusts or not."""
    stack = ServerStack("centre", folder)
    tags.append(stack.tag)
    body: dict[str, object] = {"extra_hosts": [f"{NAME}:host-gateway"]}
    if trusted:
        pem = certificate / "fullchain.pem"
        body["volumes"] = [f"{pem}:/etc/ssl/certs/ca-certificates.crt:ro"]
    stack.more["dyndns"] = body
    where = f"{NAME}:{provider.port}"
    stack.given.update(DYNDNS_SERVER=where, DYNDNS_CHECKIP=where)
    stack.given.update(DYNDNS_USERNAME=USER, DYNDNS_PASSWORD=PASSWORD)
    try:
        stack.up("dyndns")
        yield stack
    finally:
        stack.remove()


def look_now(stack: ServerStack) -> None:
    """inadyn(8): its next look is in five minutes else."""
    docker("kill", "--signal", "USR2", stack.container("dyndns"))


def test_the_provider_is_told_the_homes_address_and_who_says_so(
    tmp_path: Path, certificate: Path, tags: list[str]
) -> None:
    with (
        serving(Provider(HOME), certificate) as provider,
        updater(tmp_path, certificate, provider, tags) as stack,
    ):
        wait_until(lambda: bool(provider.told), "the provider is told", 30)
        path, authorization = provider.told[0]
        assert urlsplit(path).path == "/nic/update"
        asked = parse_qs(urlsplit(path).query)
        assert asked == {"hostname": [stack.secret("DYNDNS_HOSTNAME")], "myip": [HOME]}
        assert base64.b64decode(authorization.removeprefix("Basic ")).decode() == (
            f"{USER}:{PASSWORD}"
        )
        container = stack.container("dyndns")
        assert PASSWORD not in docker("top", container) + docker("logs", container)

        # It remembers what it told: made anew it tells nothing, until the address is another.
        looks = provider.looks
        stack.compose("up", "--detach", "--wait", "--force-recreate", "dyndns")
        wait_until(lambda: provider.looks > looks, "it looks again", 30)
        provider.home = "203.0.113.10"
        look_now(stack)
        wait_until(lambda: len(provider.told) > 1, "the new address is told", 30)
        assert "myip=203.0.113.10" in provider.told[1][0]


def test_a_provider_that_says_no_is_asked_again_and_the_container_lives(
    tmp_path: Path, certificate: Path, tags: list[str]
) -> None:
    with (
        serving(Provider(HOME, answer="badauth"), certificate) as provider,
        updater(tmp_path, certificate, provider, tags) as stack,
    ):
        wait_until(lambda: bool(provider.told), "the provider is asked", 30)
        provider.answer = "good"
        look_now(stack)
        wait_until(lambda: len(provider.told) > 1, "it is asked again", 30)
        state = docker(
            "inspect", "--format", "{{.RestartCount}} {{.State.Running}}", stack.container("dyndns")
        )
        assert state.split() == ["0", "true"]


def test_nobody_gets_the_password_by_the_providers_name_alone(
    tmp_path: Path, certificate: Path, tags: list[str]
) -> None:
    """Somebody in between has no certificate that it trusts."""
    with (
        serving(Provider(HOME), certificate) as provider,
        updater(tmp_path, certificate, provider, tags, trusted=False) as stack,
    ):
        wait_until(lambda: "ertificate" in stack.compose("logs").stdout, "it looked", 30)
        assert provider.told == []
