"""The gateway as it is shipped: compose/a5/gateway.yml with a certificate beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from bench.engine import free_port
from bench.installation import Installation as Town

from .client import Client
from .files import SHOP, self_signed

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Town]:
    """Nothing is deployed behind it."""
    town = Town(tmp_path_factory.mktemp("compose") / "town")
    gateway = {
        "container": town.gateway,
        "network": town.network,
        "private_port": town.private_port,
        "public_port": town.public_port,
        "tls": {"names": [SHOP], "certificate": SHOP, "port": port},
    }
    town.top = {"gateways": {"gateway": gateway}}
    town.add("api", route="/")
    self_signed(town.root / "certificates" / SHOP, SHOP)
    with pytest.MonkeyPatch.context() as patch:
        # What sync writes into the stack's .env.
        patch.setenv("PROTOSTAR_PUBLIC_TLS", f"127.0.0.1:{port}")
        try:
            town.start_gateway()
            yield town
        finally:
            town.remove()


def test_serves_https_by_the_hosts_certificate(town: Town, port: int) -> None:
    told = Client("127.0.0.1", SHOP, town.root / "certificates" / SHOP, port).get()
    assert told.status_code == 503
    assert told.headers["Strict-Transport-Security"] == "max-age=63072000"


def test_sends_from_its_public_port_to_its_https_port(town: Town, port: int) -> None:
    told = httpx.get(town.url, headers={"Host": SHOP}, trust_env=False, timeout=5)
    assert (told.status_code, told.headers["Location"]) == (308, f"https://{SHOP}:{port}/")
