"""Who asks which Jenkins, and what folders hold: out of the environment, never of arguments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pyhelpers.config.secret import Secret
from pyhelpers.errors import ConfigurationError
from pyhelpers.jobs.connection import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyhelpers.jobs.definition import Credential

_TRY = "export JENKINS_URL=… JENKINS_USER=…; JENKINS_TOKEN, or the file JENKINS_TOKEN_FILE"


def settings(environ: Mapping[str, str], deadline_s: float) -> Settings:
    """`JENKINS_URL`, `JENKINS_USER`, and `JENKINS_TOKEN` or the file that `_FILE` names.

    Raises `ConfigurationError` that names all that is missing at once.
    """
    problems = list(_problems(environ))
    if problems:
        raise ConfigurationError(error="\n".join(problems), try_=_TRY)
    token = environ.get("JENKINS_TOKEN") or _content("JENKINS_TOKEN_FILE", environ)
    return Settings(environ["JENKINS_URL"], environ["JENKINS_USER"], Secret(token), deadline_s)


def _problems(environ: Mapping[str, str]) -> Iterator[str]:
    for name in ("JENKINS_URL", "JENKINS_USER"):
        if not environ.get(name):
            yield f"the environment has no {name}"
    if not environ.get("JENKINS_TOKEN") and not environ.get("JENKINS_TOKEN_FILE"):
        yield "the environment has no JENKINS_TOKEN and no JENKINS_TOKEN_FILE"
    if environ.get("JENKINS_URL"):
        yield from _url_problems(environ["JENKINS_URL"])


def _url_problems(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield "JENKINS_URL must begin with https:// or http://"
    elif "@" in parts.netloc:
        # An address is shown in messages.
        yield "JENKINS_URL must not hold a user or a password"


def secret_of(environ: Mapping[str, str], credential: Credential) -> Secret | None:
    """None where the variable is not set. Raises `ConfigurationError` for an unreadable file."""
    if not environ.get(credential.from_file):
        return None
    text = _content(credential.from_file, environ)
    # A private key without its last line feed is none to OpenSSH.
    return Secret(f"{text}\n" if credential.kind == "ssh-key" else text)


def _content(variable: str, environ: Mapping[str, str]) -> str:
    path = environ[variable]
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        error = f"the file that {variable} names cannot be read: {path}"
        raise ConfigurationError(error=error, try_=f"export {variable}=…") from None
