"""The real sops, where script/sops or somebody has put it; and a stand-in for how it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pyhelpers.errors import ConfigurationError
from pyhelpers.sync.sops import decrypted
from pyhelpers.sync.stack import target_of

if TYPE_CHECKING:
    from tests.unit.sync.checkout_double import Checkout

CHECKOUT = Path(__file__).parents[3]
PLAIN = "CACHE_PASSWORD: p$ss#word\nPORT: 5432\n"


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A `sops` in PATH, and no other beside the interpreter."""
    program = folder / "bin" / "sops"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(sys, "executable", str(folder / "python"))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'Failed to get the data key' >&2; exit 128", "Failed to get the data key"),
        ("echo 'sops metadata not found' >&2; exit 1", "sops metadata not found"),
        ("exit 1", "sops says nothing"),
        ("echo '[1]'", "it is not a mapping of NAME: value"),
        ('echo \'{"a": {"b": 1}}\'', "a: only NAME: value at the top level is read"),
    ],
)
def test_what_cannot_be_decrypted_is_told_with_the_reason_and_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    stand_in(tmp_path, monkeypatch, script)
    with pytest.raises(ConfigurationError, match=r"a5\.sops\.yml cannot be decrypted") as refused:
        decrypted(tmp_path / "a5.sops.yml")
    assert words in refused.value.error


def test_a_hosts_sops_file_gives_what_the_environment_lacks(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, 'echo "{\\"CACHE_PASSWORD\\": \\"$4\\"}"')
    checkout.edit("protostar.yml", "stack: compose/a5", "stack: compose/a5, secrets: a5.sops.yml")
    target = target_of(checkout.config, checkout.folder, "a5", {})
    told = target.files["compose/cache.env"].data.decode()
    assert told.startswith(f"CACHE_PASSWORD='{checkout.folder}/a5.sops.yml'\n")


def test_without_sops_the_script_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ConfigurationError, match="sops is not installed") as refused:
        decrypted(tmp_path / "a5.sops.yml")
    assert refused.value.try_ == "script/sops"


# --- the real one -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tools() -> Path:
    """Where script/sops has built it: the first build takes minutes, so no test begins it."""
    there = subprocess.run([CHECKOUT / "script" / "sops", "--check"], check=False)
    if there.returncode:  # a laptop may lack Go; under CI nothing is left out
        (pytest.fail if os.environ.get("CI") else pytest.skip)("script/sops builds it")
    return Path(sys.executable).parent


@pytest.fixture
def sealed(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A SOPS file and the age key for it in the environment."""
    key, path = tmp_path / "key.txt", tmp_path / "a5.sops.yml"
    subprocess.run([tools / "age-keygen", "-o", key], check=True, capture_output=True)
    public = key.read_text().split("public key: ")[1].split()[0]
    path.write_text(PLAIN)
    seal = [str(tools / "sops"), "--encrypt", "--age", public, "--in-place", str(path)]
    subprocess.run(seal, check=True, capture_output=True)
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(key))
    return path


class TestTheRealSops:
    def test_gives_the_secrets(self, sealed: Path) -> None:
        assert "p$ss" not in sealed.read_text()
        assert decrypted(sealed) == {"CACHE_PASSWORD": "p$ss#word", "PORT": "5432"}

    def test_without_the_key_says_so(
        self, sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("HOME", str(tmp_path))
        with pytest.raises(ConfigurationError, match="cannot be decrypted"):
            decrypted(sealed)

    def test_refuses_plain_yaml(self, sealed: Path) -> None:
        sealed.write_text(PLAIN)
        with pytest.raises(ConfigurationError, match="metadata"):
            decrypted(sealed)
