"""Secrets out of a SOPS file, by the real `sops`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from pyhelpers.errors import ConfigurationError

DEADLINE_S = 60.0


def decrypted(path: Path) -> dict[str, str]:
    """Its top-level keys. Raises `ConfigurationError` when sops cannot or will not read it."""
    argv = [_program(), "--decrypt", "--output-type", "json", str(path)]
    try:
        done = subprocess.run(argv, capture_output=True, check=False, timeout=DEADLINE_S)
    except subprocess.TimeoutExpired:
        raise _wrong(path, f"sops did not end within {DEADLINE_S:g} s") from None
    if done.returncode:
        raise _wrong(path, _why(done.stderr.decode(errors="replace")))
    return _scalars(path, json.loads(done.stdout))


def _program() -> str:
    """Beside our own interpreter, where script/sops puts it, or in PATH."""
    beside = Path(sys.executable).with_name("sops")
    found = str(beside) if beside.is_file() else shutil.which("sops")
    if found is None:
        raise ConfigurationError(error="sops is not installed on this machine", try_="script/sops")
    return found


def _scalars(path: Path, document: object) -> dict[str, str]:
    if not isinstance(document, dict):
        raise _wrong(path, "it is not a mapping of NAME: value")
    nested = [name for name, value in document.items() if isinstance(value, dict | list)]
    if nested:
        raise _wrong(path, f"{', '.join(nested)}: only NAME: value at the top level is read")
    return {name: str(value) for name, value in document.items()}


def _why(said: str) -> str:
    """Its reason without the long advice that follows; it never repeats what it has decrypted."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    useful = [line for line in lines if "metadata" in line or "failed" in line.lower()]
    return " ".join(useful[:2] or lines[:2]) or "sops says nothing"


def _wrong(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        error=f"{path} cannot be decrypted: {why}",
        try_=f"sops --decrypt {path}   # is your key in SOPS_AGE_KEY_FILE or SOPS_AGE_KEY?",
    )
