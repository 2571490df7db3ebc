"""Whether a machine is the one we know. Keys and known_hosts are real ones."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from pyhelpers.errors import Exit, Unreachable
from pyhelpers.hosts.ssh.address import Hop
from pyhelpers.hosts.ssh.host_key import (
    HostKeyRefused,
    Known,
    fingerprint,
    known_keys,
    preferred,
    verify,
)

if TYPE_CHECKING:
    from pathlib import Path


def new_key() -> paramiko.PKey:
    raw = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    message = paramiko.Message()
    message.add_string("ssh-ed25519")
    message.add_string(raw)
    return paramiko.Ed25519Key(data=message.asbytes())


KEYS = [new_key(), new_key()]


def key(number: int = 0) -> paramiko.PKey:
    return KEYS[number]


@cache
def other_type() -> paramiko.PKey:
    private = ec.generate_private_key(ec.SECP256R1())
    return paramiko.ECDSAKey(vals=(private, private.public_key()))


def line(names: str, number: int = 0) -> str:
    return f"{names} {key(number).get_name()} {key(number).get_base64()} a comment\n"


@dataclass
class Knowing:
    """A known_hosts file, and a hop that is looked for in it."""

    path: Path

    def hop(self, known_as: str = "a5.lan", pin: str = "", port: int = 22) -> Hop:
        return Hop("a5.lan", port, "deploy", known_as, (), (self.path,), fingerprint=pin)

    def verify(self, shown: paramiko.PKey, known_as: str = "a5.lan", pin: str = "") -> None:
        hop = self.hop(known_as, pin)
        verify(hop, shown, known_keys(hop))


@pytest.fixture
def knowing(tmp_path: Path) -> Knowing:
    return Knowing(tmp_path / "known_hosts")


def refused(knowing: Knowing, shown: paramiko.PKey, pin: str = "") -> HostKeyRefused:
    with pytest.raises(HostKeyRefused) as failed:
        knowing.verify(shown, pin=pin)
    assert failed.value.exit_code is Exit.PREFLIGHT
    assert failed.value.state == "nothing was changed"
    return failed.value


@pytest.mark.parametrize(
    ("names", "known_as"),
    [
        ("a5.lan", "a5.lan"),
        ("a5.lan,10.0.0.5", "10.0.0.5"),
        ("[a5.lan]:2222", "[a5.lan]:2222"),
        ("fd00::5", "fd00::5"),
        ("[fd00::5]:2222", "[fd00::5]:2222"),
        ("A5.lan", "a5.LAN"),
        ("*.lan", "a5.lan"),
        ("a?.lan", "a5.lan"),
        ("[*.lan]:2222", "[a5.lan]:2222"),
        ("*,!b5.lan", "a5.lan"),
    ],
)
def test_a_key_that_is_known_under_the_name_is_good(
    knowing: Knowing, names: str, known_as: str
) -> None:
    knowing.path.write_text(line("elsewhere", 1) + line(names))
    knowing.verify(key(), known_as)


@pytest.mark.parametrize(
    "names", ["*.lan,!a5.lan", "!a5.lan", "!*.lan,a5.lan", "[a]5.lan", "a5?lan."]
)
def test_a_pattern_that_excludes_or_is_of_others_makes_nobody_known(
    knowing: Knowing, names: str
) -> None:
    knowing.path.write_text(line(names))
    assert "is not known yet" in refused(knowing, key()).error


@pytest.mark.parametrize("name", ["a5.lan", "[a5.lan]:2222", "fd00::5"])
def test_names_may_be_hashed_as_ssh_keygen_does_it(knowing: Knowing, name: str) -> None:
    knowing.path.write_text(line(name))
    argv = ["ssh-keygen", "-q", "-H", "-f", str(knowing.path)]
    subprocess.run(argv, check=True, capture_output=True)
    assert name not in knowing.path.read_text()
    knowing.verify(key(), name)
    with pytest.raises(HostKeyRefused):
        knowing.verify(key(), "b5.lan")


def test_a_port_of_its_own_is_another_machine(knowing: Knowing) -> None:
    knowing.path.write_text(line("a5.lan"))
    with pytest.raises(HostKeyRefused, match=r"\[a5.lan\]:2222 is not known yet"):
        knowing.verify(key(), "[a5.lan]:2222")


@pytest.mark.parametrize(
    "text",
    [None, "", "# nothing\n", line("b5.lan")],
    ids=["no file", "empty", "a comment", "another host"],
)
def test_an_unknown_host_is_never_learned(knowing: Knowing, text: str | None) -> None:
    if text is not None:
        knowing.path.write_text(text)
    failed = refused(knowing, key())
    assert failed.error == f"a5.lan is not known yet; it shows {fingerprint(key())}"
    assert (knowing.path.read_text() if knowing.path.exists() else None) == text


def test_a_changed_key_shows_both(knowing: Knowing) -> None:
    knowing.path.write_text(line("a5.lan"))
    assert refused(knowing, key(1)).error == (
        f"a5.lan has changed its key: {fingerprint(key(1))}, known is {fingerprint(key())}"
    )


def test_a_key_of_another_type_is_no_proof(knowing: Knowing) -> None:
    knowing.path.write_text(line("a5.lan"))
    assert "a key of another type than the known one" in refused(knowing, other_type()).error


@pytest.mark.parametrize("number", [0, 1])
def test_while_a_key_is_being_replaced_both_are_good(knowing: Knowing, number: int) -> None:
    knowing.path.write_text(line("a5.lan") + line("a5.lan", 1))
    knowing.verify(key(number))


def test_a_revoked_key_is_bad_even_where_another_line_knows_it(knowing: Knowing) -> None:
    knowing.path.write_text(line("a5.lan") + "@revoked " + line("a5.lan"))
    assert "a key that known_hosts has revoked" in refused(knowing, key()).error
    assert "has revoked" in refused(knowing, key(), pin=fingerprint(key())).error


def test_a_certificate_authority_is_not_a_hosts_key(knowing: Knowing) -> None:
    knowing.path.write_text("@cert-authority " + line("a5.lan"))
    assert "is not known yet" in refused(knowing, key()).error


def test_a_pinned_key_needs_no_known_hosts(knowing: Knowing) -> None:
    knowing.verify(key(), pin=fingerprint(key()))


def test_the_pin_wins_over_known_hosts(knowing: Knowing) -> None:
    knowing.path.write_text(line("a5.lan"))
    pin = fingerprint(key(1))
    failed = refused(knowing, key(), pin)
    assert failed.error == f"a5.lan shows {fingerprint(key())}, protostar.yml says {pin}"


@pytest.mark.parametrize(
    "noise",
    [
        b"a5.lan\n",
        b"a5.lan ssh-ed25519\n",
        b"a5.lan ssh-ed25519 %%%\n",
        b"a5.lan ssh-ed25519 AAAA\n",
        b"a5.lan ssh-newest AAAAC3NzaC1lZDI1NTE5AAAA\n",
        b"a5.lan ssh-rsa AAAAB3NzaC1yc2EAAAAB\n",
        b"|1|x|y ssh-ed25519 AAAA\n",
        b"\xff\xfe\n",
        b"\n   \n# a5.lan\n",
    ],
)
def test_lines_that_nobody_can_read_are_passed_over(knowing: Knowing, noise: bytes) -> None:
    knowing.path.write_bytes(noise + line("a5.lan").encode())
    knowing.verify(key())


def test_a_hashed_line_that_is_damaged_is_passed_over(knowing: Knowing) -> None:
    knowing.path.write_text(line("|1|damaged") + line("a5.lan"))
    knowing.verify(key())


def test_a_known_hosts_that_is_no_file_is_named(knowing: Knowing) -> None:
    knowing.path.mkdir()
    with pytest.raises(Unreachable, match="known_hosts cannot be read: Is a directory"):
        knowing.verify(key())


def test_the_error_says_how_to_look_at_the_key_on_both_ways(knowing: Knowing) -> None:
    hop = knowing.hop(port=2222)
    with pytest.raises(HostKeyRefused) as failed:
        verify(hop, other_type(), known_keys(hop))
    assert failed.value.try_ == (
        "ssh-keyscan -t ecdsa -p 2222 a5.lan | ssh-keygen -lf -, compare it with "
        "`ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub` on that machine, then put the line "
        f"into {knowing.path}"
    )


def test_the_fingerprint_is_the_one_of_ssh_keygen(knowing: Knowing) -> None:
    knowing.path.write_text(line("a5.lan"))
    argv = ["ssh-keygen", "-lf", str(knowing.path)]
    shown = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert fingerprint(key()) in shown.split()


def test_the_type_that_we_can_verify_is_asked_for_first() -> None:
    types = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512")
    assert preferred(types, [Known(other_type())]) == (
        *("ecdsa-sha2-nistp256", "ssh-ed25519", "rsa-sha2-512"),
    )
    assert preferred(types, []) == types


def test_an_rsa_key_is_asked_for_by_each_of_its_signatures() -> None:
    types = ("ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256")
    known = [Known(paramiko.RSAKey.generate(1024))]
    assert preferred(types, known) == ("rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519")
