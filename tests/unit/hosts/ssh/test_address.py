"""Each ssh_config of tests/cases/ssh leads the way that stands beside it."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import pytest
import yaml

from pyhelpers.config.model import Host
from pyhelpers.errors import ConfigurationError, Exit
from pyhelpers.hosts.ssh.address import Hop, Wanted, hops, read_config

CASES = Path(__file__).parents[3] / "cases" / "ssh" / "address.yml"
CLAIMS = {"known_as", "keys", "known_hosts", "identities_only", "pinned"}
KNOWN = {"name", "config", "to", "fingerprint", "identity", "way", "refused", *CLAIMS}


def cases() -> list[Any]:
    entries = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    for entry in entries:
        assert not set(entry) - KNOWN, entry
        assert ("way" in entry) != ("refused" in entry), entry
    return [pytest.param(entry, id=entry["name"]) for entry in entries]


def wanted(entry: dict[str, Any]) -> Wanted:
    """As protostar.yml is read: its own rule takes the text apart."""
    parts = Host(ssh=entry.get("to", "deploy@a5")).ssh_parts()
    assert parts is not None
    user, host, port = parts
    return Wanted(host, user, port, entry.get("fingerprint", ""))


def way_of(entry: dict[str, Any], folder: Path) -> tuple[Hop, ...]:
    (folder / "config").write_text(entry.get("config", ""), encoding="utf-8")
    return hops(wanted(entry), read_config(folder / "config"), entry.get("identity", ""))


def told(hop: Hop) -> dict[str, Any]:
    return {
        "known_as": hop.known_as,
        "keys": hop.identity_files,
        "known_hosts": hop.known_hosts,
        "identities_only": hop.identities_only,
        "pinned": hop.fingerprint,
    }


def meant(claim: str, value: Any) -> Any:
    return (
        tuple(Path(name).expanduser() for name in value)
        if claim in ("keys", "known_hosts")
        else value
    )


@pytest.mark.parametrize("entry", cases())
def test_the_way_to_a_host(entry: dict[str, Any], tmp_path: Path) -> None:
    if "refused" in entry:
        with pytest.raises(ConfigurationError) as refused:
            way_of(entry, tmp_path)
        assert entry["refused"] in refused.value.error
        assert refused.value.exit_code is Exit.CONFIGURATION
        assert refused.value.try_.startswith("ssh -G ")
        return
    way = way_of(entry, tmp_path)
    me = getpass.getuser()
    assert [f"{hop.user}@{hop.address}:{hop.port}" for hop in way] == [
        each.format(me=me) for each in entry["way"]
    ]
    claims = {claim: meant(claim, entry[claim]) for claim in CLAIMS & set(entry)}
    assert {claim: told(way[-1])[claim] for claim in claims} == claims


def test_the_user_is_who_one_is_when_nobody_says_another(tmp_path: Path) -> None:
    (hop,) = way_of({"to": "a5"}, tmp_path)
    assert hop.user == getpass.getuser()


def test_the_pin_is_no_word_about_the_hosts_on_the_way(tmp_path: Path) -> None:
    config = "Host a5\n  ProxyJump ann@jump\n"
    pin = "SHA256:" + "A" * 43
    jump, last = way_of({"config": config, "fingerprint": pin}, tmp_path)
    assert (jump.fingerprint, last.fingerprint) == ("", pin)


def test_without_an_ssh_config_there_is_nothing_to_look_up(tmp_path: Path) -> None:
    assert read_config(tmp_path / "none").lookup("a5") == {"hostname": "a5"}


def test_an_ssh_config_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(b"Host \xff\xfe\n")
    with pytest.raises(ConfigurationError) as refused:
        read_config(tmp_path / "config")
    assert str(tmp_path / "config") in refused.value.error


@pytest.mark.parametrize(("port", "shown"), [(22, "deploy@a5"), (2222, "deploy@a5:2222")])
def test_a_hop_is_shown_with_its_port_when_it_is_not_the_usual(port: int, shown: str) -> None:
    (hop,) = hops(Wanted("a5", "deploy", port), read_config(Path("/nowhere/config")))
    assert hop.shown == shown
