"""Configuration sync of a gateway that speaks TLS: who keeps a connection loses no request."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench import over_tls
from bench.installation import Installation
from bench.load import LoadProcess
from bench.stack import Stack
from tests.nginx.files import self_signed

from .town import APP, QUICK, Said, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.e2e

# The client shakes hands in Python: a rate that a busy machine bears. With 120: script/bench sync.
RATE = 40


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, tags: list[str]) -> Iterator[Stack]:
    at = Installation(tmp_path_factory.mktemp("tls") / "town")
    tags.append(at.tag)
    try:
        over_tls.secure(at)
        name = at.add("api", **{**QUICK, **APP})
        made = Stack.of(at)
        over_tls.ease(made)
        first = made.sync("apply")
        assert first.code == 0, first.err
        assert at.deploy("run", name, "v1").code == 0
        yield made
    finally:
        at.remove()


def test_a_changed_gateway_fails_no_request_over_tls(stack: Stack, tmp_path: Path) -> None:
    options = over_tls.options(stack.at, RATE, keepalive=1.0, seconds=60)
    with LoadProcess(options, tmp_path) as load:
        for number in range(2):
            time.sleep(1)
            stack.append("nginx/mixins/log.conf", f"# line {number}")
            stack.commit()
            applied = stack.sync("apply")
            assert applied.code == 0, applied.err
        time.sleep(1)
        result = load.stop()
    assert result.report.requests > 4 * RATE
    assert result.report.failed == 0, result.report.failed_by
    reused = sum(event.reused for event in result.events)
    assert reused > 0.7 * result.report.requests


@contextmanager
def certificate(stack: Stack, files: dict[str, bytes]) -> Iterator[None]:
    """Others lie there while the block lasts; nginx has loaded those before."""
    folder = stack.at.root / "certificates" / over_tls.SHOP
    kept = {name: (folder / name).read_bytes() for name in files}
    try:
        for name, data in files.items():
            (folder / name).write_bytes(data)
        yield
    finally:
        for name, data in kept.items():
            (folder / name).write_bytes(data)


def refused(stack: Stack, line: str) -> Said:
    """A change that never comes to a flip, and what the error says."""
    before = stack.current
    stack.append("nginx/mixins/log.conf", line)
    stack.commit()
    done = stack.sync("apply")
    assert done.code == 3, (done.out, done.err)
    assert stack.current == before
    return said(done)


def test_another_servers_key_is_refused_though_nginx_would_only_see_it_at_a_handshake(
    stack: Stack, tmp_path: Path
) -> None:
    self_signed(tmp_path / "other", over_tls.SHOP)
    other = (tmp_path / "other/privkey.pem").read_bytes()
    with certificate(stack, {"privkey.pem": other}):
        told = refused(stack, "# with another key")
    assert f"/certificates/{over_tls.SHOP}/fullchain.pem is another's" in told.error
    assert told.state.startswith("nothing was changed")


def test_an_expired_certificate_is_refused_though_nginx_would_take_it(stack: Stack) -> None:
    with certificate(stack, expired(over_tls.SHOP)):
        told = refused(stack, "# with an old certificate")
    assert f"the certificate /certificates/{over_tls.SHOP}/fullchain.pem has expired" in told.error
    assert told.state.startswith("nothing was changed")


def expired(name: str) -> dict[str, bytes]:
    """A pair that was good until yesterday."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=90))
        .not_valid_after(today - timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return {
        "fullchain.pem": made.public_bytes(pem),
        "privkey.pem": key.private_bytes(pem, pkcs8, plain),
    }
