"""How a name is proven, and that no proof is left behind."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, cast

import pytest

from pyhelpers.certs.proofs import DnsProof, HttpProof
from pyhelpers.errors import FailedBeforeSwitch
from pyhelpers.hosts.local import LocalHost
from tests.unit.backup.host_double import AnsweringHost

if TYPE_CHECKING:
    from pathlib import Path

    from pyhelpers.hosts.protocol import Host


def test_a_file_is_served_as_long_as_it_is_wanted(tmp_path: Path) -> None:
    host = LocalHost("a5", PurePosixPath(tmp_path))
    path = tmp_path / "certificates/acme/.well-known/acme-challenge/token"
    with HttpProof(host).shown("shop.test", "token", "proof"):
        assert path.read_text() == "proof"
    assert not path.exists()


@pytest.fixture
def here() -> AnsweringHost:
    return AnsweringHost()


def dns(here: AnsweringHost, waited: list[float]) -> DnsProof:
    return DnsProof(cast("Host", here), ["hook"], 30, waited.append)


def test_a_record_is_there_as_long_as_it_is_wanted(here: AnsweringHost) -> None:
    waited: list[float] = []
    proof = dns(here, waited)
    with proof.shown("*.shop.test", "token", "value"):
        proof.settle()
        assert here.asked == ["hook present _acme-challenge.shop.test value"]
    assert here.asked[-1] == "hook cleanup _acme-challenge.shop.test value"
    assert waited == [30]


def test_a_record_is_taken_away_when_the_server_refuses(here: AnsweringHost) -> None:
    with pytest.raises(RuntimeError), dns(here, []).shown("shop.test", "token", "value"):
        raise RuntimeError
    assert here.asked[-1].startswith("hook cleanup")


def test_a_command_that_fails_is_told_with_its_words(here: AnsweringHost) -> None:
    here.answer("present", status=2, text="first\nno such zone")
    with pytest.raises(FailedBeforeSwitch) as failed, dns(here, []).shown("a.test", "t", "v"):
        pass
    assert failed.value.error == "hook present _acme-challenge.a.test: no such zone"
