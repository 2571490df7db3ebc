"""Which keys are offered, in which order, and what is said when none of them opens the door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import paramiko
import pytest

from pyhelpers.errors import Unreachable
from pyhelpers.hosts.ssh.authentication import KEYS_AT_MOST, PASSPHRASE
from pyhelpers.hosts.ssh.connect import close, connect

from .server_double import SshServer, blob, write_key

if TYPE_CHECKING:
    from pathlib import Path

WORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def no_keys_of_the_person_who_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSH_AUTH_SOCK", PASSPHRASE):
        monkeypatch.delenv(name, raising=False)


def keys(folder: Path, count: int) -> list[Path]:
    return [write_key(folder / f"key{number}") for number in range(count)]


def let_in(server: SshServer, *offered: Path, only: bool = False) -> None:
    close(connect([server.hop(*offered, only=only)]))


def refused(server: SshServer, *offered: Path, user: str = "deploy") -> Unreachable:
    with pytest.raises(Unreachable) as failed:
        connect([server.hop(*offered, user=user)])
    return failed.value


def test_files_are_offered_in_their_order_until_one_is_good(tmp_path: Path) -> None:
    bad, good, never = keys(tmp_path, 3)
    with SshServer(good) as server:
        let_in(server, tmp_path / "none", bad, good, never)
        assert list(dict.fromkeys(server.policy.offered)) == [blob(bad), blob(good)]


def test_a_key_is_offered_once_however_often_it_is_named(tmp_path: Path) -> None:
    (bad,) = keys(tmp_path, 1)
    with SshServer() as server:
        refused(server, bad, bad)
        assert server.policy.offered == [blob(bad)]


def test_no_more_keys_than_a_server_lets_one_try(tmp_path: Path) -> None:
    many = keys(tmp_path, KEYS_AT_MOST + 2)
    with SshServer() as server:
        error = refused(server, *many)
        assert len(server.policy.offered) == KEYS_AT_MOST
    assert str(many[KEYS_AT_MOST - 1]) in error.error
    assert str(many[KEYS_AT_MOST]) not in error.error


def test_the_keys_that_were_refused_are_named(tmp_path: Path) -> None:
    one, two = keys(tmp_path, 2)
    with SshServer() as server:
        error = refused(server, one, two)
        port = server.port
    assert error.error == f"deploy@127.0.0.1:{port} refused {one}, {two}"
    assert error.try_ == f"ssh -v -p {port} deploy@127.0.0.1 true"


def test_no_key_at_all(tmp_path: Path) -> None:
    with SshServer() as server:
        assert refused(server, tmp_path / "none").error.endswith(" was offered no key")


def test_another_user_is_not_let_in(tmp_path: Path) -> None:
    (key,) = keys(tmp_path, 1)
    with SshServer(key) as server:
        assert refused(server, key, user="stranger").error.startswith("stranger@127.0.0.1:")


def test_a_locked_key_is_opened_with_the_word_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE, WORD)
    locked = write_key(tmp_path / "locked", WORD)
    with SshServer() as server:
        key = paramiko.PKey.from_path(locked, WORD.encode())  # type: ignore[arg-type]  # as in the code
        server.policy.allowed.add(key.asbytes())
        let_in(server, locked)


def test_the_word_is_not_asked_of_a_key_that_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE, WORD)
    (key,) = keys(tmp_path, 1)
    with SshServer(key) as server:
        let_in(server, key)


def test_a_locked_key_without_a_word_is_named(tmp_path: Path) -> None:
    locked = write_key(tmp_path / "locked", WORD)
    with SshServer() as server:
        error = refused(server, locked).error
    assert f"{locked} needs its passphrase in {PASSPHRASE}, or an agent" in error


def test_a_wrong_word_is_told_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE, "a wrong word")
    locked = write_key(tmp_path / "locked", WORD)
    with SshServer() as server:
        error = str(refused(server, locked))
    assert f"{locked} cannot be opened with the passphrase in {PASSPHRASE}" in error
    assert "a wrong word" not in error


@pytest.mark.parametrize("text", ["", "secret42", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"])
def test_a_file_that_is_no_key_is_named_and_not_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    with SshServer() as server:
        error = refused(server, path).error
    assert f"{path} cannot be read (" in error
    assert not text or text not in error


def test_a_folder_instead_of_a_key_is_named(tmp_path: Path) -> None:
    with SshServer() as server:
        assert f"{tmp_path} cannot be read (" in refused(server, tmp_path).error
