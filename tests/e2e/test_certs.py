"""Certificates from a real ACME server, served by the real gateway, while it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.load import LoadProcess, Options
from tests.e2e.secured_place import OTHER, SHOP, TOOLS, SecuredPlace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(200)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredPlace]:
    place = SecuredPlace(tmp_path_factory.mktemp("certs"))
    try:
        place.start()
        yield place
    finally:
        place.remove()


def test_the_first_one_is_served_without_a_reload(place: SecuredPlace) -> None:
    before = place.workers()
    assert place.served() == ""
    assert place.renewed(SHOP)["due"] == ""
    assert "Fingerprint" in place.served()
    assert place.workers() == before
    key = place.town.root / "certificates" / SHOP / "privkey.pem"
    assert (key.stat().st_mode & 0o777, key.stat().st_uid) == (0o400, 101)
    assert f'name="{SHOP}"' in place.figures()


def test_again_there_is_nothing_to_do(place: SecuredPlace) -> None:
    serial = place.renewed(SHOP)["serial"]
    assert place.renewed(SHOP)["serial"] == serial


def test_a_renewal_under_load_fails_no_request_and_keeps_the_key(
    place: SecuredPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(place.acme.root()))
    before, key, workers = place.served(), place.key(), place.workers()
    options = Options(place.url, 60, seconds=60, keepalive=0.5, posts=0)
    with LoadProcess(options, tmp_path) as load:
        place.renewed(SHOP, "--force")
        events = load.stop().events
    assert len(events) > 100
    assert [each.detail for each in events if each.status is None] == []
    assert place.served() != before
    assert (place.key(), place.workers()) == (key, workers)


def test_a_new_key_is_served_after_a_reload(place: SecuredPlace) -> None:
    key, workers = place.key(), place.workers()
    before = place.served()
    place.renewed(SHOP, "--force", "--new-key")
    assert place.served() != before
    assert place.key() != key
    assert place.workers() != workers


def test_the_dns_proves_names_that_nothing_serves(place: SecuredPlace) -> None:
    found = place.renewed(TOOLS)
    assert found["names"] == [f"a.{TOOLS}", f"b.{TOOLS}"]


def test_a_refusal_leaves_the_old_one_and_is_a_figure(place: SecuredPlace) -> None:
    before = place.served()
    refused = place.certs("renew", OTHER)
    assert refused.code == 6
    assert OTHER in refused.err
    assert "the certificate that is there stays" in refused.err
    assert place.served() == before
    assert f'renewal_failed{{host="here",name="{OTHER}"}} 1' in place.figures()


def test_a_server_that_is_down_leaves_the_old_one(place: SecuredPlace) -> None:
    before = place.served()
    place.acme.stop()
    try:
        refused = place.certs("renew", SHOP, "--force")
        assert refused.code == 6
        assert place.certs("list").code == 0
    finally:
        place.acme.start()
    assert place.served() == before
