"""Whether Compose and nginx take a configuration, before anything of the server is touched."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyhelpers.errors import NOTHING_CHANGED, ConfigurationError, PreflightError
from pyhelpers.sync import archive, commands, lint
from pyhelpers.sync.compose import NGINX_LABEL
from pyhelpers.sync.looking import ARCHIVE
from pyhelpers.sync.state import config_of

if TYPE_CHECKING:
    from pyhelpers.hosts.protocol import Finished, Host
    from pyhelpers.sync.model import Files, Target

COMPOSE_S, NGINX_S, FILES_S = 60.0, 300.0, 60.0
_CERTIFICATE = re.compile(r"^\s*ssl_certificate\s+([^\s;$]+)(?:\$read_anew)?\s*;", re.MULTILINE)
# nginx and Compose name the place where the files lay for the check.
_PLACE = re.compile(r"(/[\w./-]*)?/(incoming|releases)/[0-9a-f]{12}/")


def send(host: Host, target: Target) -> None:
    """The files, whole, to where nothing looks for them yet.

    Raises `PreflightError` when the host cannot write them.
    """
    path = config_of(host) / "releases" / f"{target.digest}{ARCHIVE}"
    try:
        host.put(path, archive.packed(target.files), 0o600)
    except OSError as problem:
        raise _unwritten(host, problem.strerror or str(problem)) from None
    done = host.run(commands.unpack(config_of(host), target.digest), deadline_s=FILES_S)
    if not done.ok:
        discard(host, target)
        raise _unwritten(host, _last(done))


def _unwritten(host: Host, why: str) -> PreflightError:
    return PreflightError(
        error=f"{host.name}: the configuration cannot be written: {why}",
        state=f"{NOTHING_CHANGED}; what serves is the configuration before",
        try_=f"df -h {config_of(host)}, on {host.name}",
    )


def discard(host: Host, target: Target) -> None:
    host.run(commands.discard(config_of(host), target.digest), deadline_s=FILES_S)


@dataclass(frozen=True, slots=True)
class Checked:
    """What Compose makes of the files, and what nginx warns of."""

    model: dict[str, Any]
    warnings: tuple[str, ...]


_CERTIFICATE_WRONG = {
    "expired": "the certificate {} has expired",
    "other": "the key beside the certificate {} is another's",
}
_CERTIFICATE_SOON = {
    "soon": "the certificate {} expires within 14 days",
    "absent": "there is no certificate {} yet: protostar certs renew",
}


def checked(host: Host, target: Target, where: str) -> Checked:
    """Raises `ConfigurationError` with what Compose or nginx say.

    `where`: below config/, where the files lie.
    """
    model = _compose_model(host, target, where)
    clashes = lint.port_clashes(model)
    if clashes:
        raise _refused(host, "\n".join(clashes))
    warnings: list[str] = []
    for name, service in model["services"].items():
        if NGINX_LABEL in (service.get("labels") or {}):
            warnings += _test_nginx(host, name, service, where)
            warnings += _test_certificates(host, target, service, where)
    return Checked(model, tuple(warnings))


def _compose_model(host: Host, target: Target, where: str) -> dict[str, Any]:
    argv = commands.compose(config_of(host), where, target.project, *commands.CONFIG)
    done = host.run(argv, deadline_s=COMPOSE_S)
    if not done.ok:
        raise _refused(host, target.masked(f"docker compose: {_shown(done)}"))
    model: dict[str, Any] = json.loads(done.out)
    return model


def _test_nginx(host: Host, name: str, service: dict[str, Any], where: str) -> list[str]:
    """What it warns of."""
    done = host.run(commands.test_apart(service, where), deadline_s=NGINX_S)
    if not done.ok:
        raise _refused(host, f"nginx of {name}: {_shown(done)}")
    return [f"nginx of {name}: {_shown(done)}"] if "[warn]" in done.err else []


def _test_certificates(
    host: Host, target: Target, service: dict[str, Any], where: str
) -> list[str]:
    """Which will expire soon. Raises for one that has: nginx would serve it without a word."""
    named = certificates_in(target.files)
    if not named:
        return []
    argv = commands.certificates_apart(service, where, named)
    told = [line.partition(" ") for line in host.run(argv, deadline_s=NGINX_S).out.splitlines()]
    wrong = [
        _CERTIFICATE_WRONG[word].format(path)
        for word, _, path in told
        if word in _CERTIFICATE_WRONG
    ]
    if wrong:
        raise _refused(host, "\n".join(wrong))
    return [_CERTIFICATE_SOON[word].format(path) for word, _, path in told]


def certificates_in(files: Files) -> list[str]:
    """Those that the nginx files name; one that a variable names is nginx's own affair."""
    texts = (f.data.decode(errors="replace") for n, f in files.items() if n.startswith("nginx/"))
    return sorted({path for text in texts for path in _CERTIFICATE.findall(text)})


def _refused(host: Host, why: str) -> ConfigurationError:
    return ConfigurationError(
        error=why, try_=f"mend it in the checkout, then protostar sync plan {host.name}"
    )


def _shown(done: Finished) -> str:
    """By the checkout's names. Compose's last line is the one that says it."""
    text = done.err.strip() or done.out.strip() or f"status {done.status}"
    return _PLACE.sub("", text)


def _last(done: Finished) -> str:
    return (done.err.strip().splitlines() or [f"status {done.status}"])[-1]
