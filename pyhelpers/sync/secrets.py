"""Where a secret comes from: the environment, a file that the environment names, a SOPS file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pyhelpers.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Secrets:
    """Hands them out, and remembers what was missing: all of it is told at once."""

    def __init__(
        self,
        environ: Mapping[str, str],
        sops: Callable[[], Mapping[str, str]] | None = None,
        sops_file: str = "",
    ) -> None:
        self._environ, self._sops, self._sops_file = environ, sops, sops_file
        self._decrypted: Mapping[str, str] | None = None
        self.found: dict[str, str] = {}
        self.missing: list[str] = []
        self.unreadable: list[str] = []

    def value(self, name: str) -> str:
        """For the templates. A missing one is empty here and told by `refuse_missing`."""
        if name not in self.found:
            told = self._value(name)
            if told is None:
                self.missing.append(name)
            self.found[name] = told or ""
        return self.found[name]

    def _value(self, name: str) -> str | None:
        if self._environ.get(name):
            return self._environ[name]
        if self._environ.get(f"{name}_FILE"):
            return self._from_file(name, Path(self._environ[f"{name}_FILE"]))
        return self._from_sops().get(name) or None

    def _from_file(self, name: str, path: Path) -> str:
        """Without the newline that every editor leaves at the end."""
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as wrong:
            why = wrong.strerror if isinstance(wrong, OSError) else "it is not UTF-8"
            self.unreadable.append(f"{name}_FILE: {path} cannot be read: {why}")
            return ""

    def _from_sops(self) -> Mapping[str, str]:
        if self._sops is None:
            return {}
        if self._decrypted is None:
            self._decrypted = self._sops()
        return self._decrypted

    def refuse_missing(self) -> None:
        """Raises `ConfigurationError` that names every secret that nobody knows."""
        told = [*self.unreadable, *self._missing_lines()]
        if told:
            raise ConfigurationError(error="\n".join(told), try_=self._advice())

    def _missing_lines(self) -> list[str]:
        if not self.missing:
            return []
        word = "secret is" if len(self.missing) == 1 else "secrets are"
        return [f"{len(self.missing)} {word} missing: {', '.join(sorted(self.missing))}"]

    def _advice(self) -> str:
        if not self.missing:
            return "ls -l, on each of these files"
        name = min(self.missing)
        places = [f"{name}=… or {name}_FILE=/path in the environment"]
        return " or ".join(
            [*places, *([f"sops edit {self._sops_file}"] if self._sops_file else [])]
        )
