"""Secrets from the environment, from a file, from a SOPS file; and when they are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyhelpers.errors import ConfigurationError
from pyhelpers.sync import env_file
from pyhelpers.sync.secrets import Secrets

if TYPE_CHECKING:
    from pathlib import Path


def told(secrets: Secrets, *names: str) -> list[str]:
    return [secrets.value(name) for name in names]


def test_the_environment_comes_before_a_file_and_that_before_sops(tmp_path: Path) -> None:
    file = tmp_path / "b"
    file.write_text("of the file\n")
    environ = {"A": "of the environment", "A_FILE": "/nowhere", "B_FILE": str(file)}
    secrets = Secrets(environ, lambda: {"A": "x", "B": "x", "C": "of sops"})
    assert told(secrets, "A", "B", "C") == ["of the environment", "of the file", "of sops"]
    secrets.refuse_missing()


def test_sops_is_asked_only_when_it_is_needed_and_once() -> None:
    asked: list[int] = []

    def sops() -> dict[str, str]:
        asked.append(1)
        return {"B": "b", "C": "c"}

    secrets = Secrets({"A": "a"}, sops)
    assert told(secrets, "A") == ["a"]
    assert not asked
    assert told(secrets, "B", "C", "B") == ["b", "c", "b"]
    assert len(asked) == 1


def test_an_empty_one_is_a_missing_one() -> None:
    secrets = Secrets({"A": ""}, lambda: {"A": ""})
    told(secrets, "A")
    with pytest.raises(ConfigurationError, match="1 secret is missing: A"):
        secrets.refuse_missing()


def test_all_missing_ones_are_named_at_once_and_where_they_could_be() -> None:
    secrets = Secrets({}, dict, "secrets/a5.sops.yml")
    told(secrets, "B", "A", "B")
    with pytest.raises(ConfigurationError, match="2 secrets are missing: A, B") as refused:
        secrets.refuse_missing()
    assert "A=… or A_FILE=/path in the environment" in refused.value.try_
    assert "sops edit secrets/a5.sops.yml" in refused.value.try_


class TestAnEnvFile:
    @pytest.mark.parametrize(
        ("line", "written"),
        [
            ("A=s$cret\n", "A='s$cret'\n"),
            ("A=user:s$cret@db\n", "A='user:s$cret@db'\n"),
            ('A="s$cret"\n', 'A="s$cret"\n'),
            ("A=plain\n", "A=plain\n"),
            ("export A=s$cret\n", "export A='s$cret'\n"),
            ("# s$cret\n", "# s$cret\n"),
        ],
    )
    def test_has_quotes_around_each_value_that_holds_a_secret(
        self, line: str, written: str
    ) -> None:
        assert env_file.protected(line, ["s$cret", ""]) == written

    @pytest.mark.parametrize(
        ("name", "mode"),
        [
            ("compose/.env", 0o600),
            ("compose/db.env", 0o600),
            ("compose/redis.conf", 0o644),
            ("compose/secrets/key.pem", 0o644),
        ],
    )
    def test_is_for_its_owner_alone(self, name: str, mode: int) -> None:
        assert env_file.file_mode(name) == mode
