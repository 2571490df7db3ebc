"""The infra checkout → all files of one host's configuration. Reads it, writes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyhelpers.config.crossings import DEFAULT_GATEWAY
from pyhelpers.config.secret import Secret
from pyhelpers.errors import ConfigurationError
from pyhelpers.sync import compose, env_file, lint
from pyhelpers.sync.compose import FOLDER, OVERRIDE, StackWrong
from pyhelpers.sync.digest import digest_of, listing_of, nginx_digest, with_digest
from pyhelpers.sync.model import File, Files, Target
from pyhelpers.sync.render import kind_of, nginx_files, words
from pyhelpers.sync.secrets import Secrets
from pyhelpers.sync.sops import decrypted
from pyhelpers.sync.templates import SUFFIX, Templates, TemplateWrong

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pyhelpers.config.model import Config

# Notes and examples are for people; the rest of the folder is the server's.
LEFT_OUT = (".md", ".example.env", ".swp", "~", ".gitkeep", ".DS_Store")


def target_of(
    config: Config, folder: Path, host: str, environ: Mapping[str, str], commit: str = ""
) -> Target:
    """What `host` shall have. Raises `ConfigurationError` with every problem at once."""
    rendering = _rendering(config, folder, host, environ)
    files, secrets = rendering.files(), rendering.secrets
    made = target(project_of(config, host), host, files, commit)
    return replace(made, hidden=tuple(Secret(value) for value in secrets if value))


def project_of(config: Config, host: str) -> str:
    """The stack's Compose project. Not the installation's name alone: hosts may share an engine."""
    return f"{config.project}-{host}"


def target(project: str, host: str, files: Files, commit: str, action: str = "apply") -> Target:
    digest = digest_of(listing_of(files))
    services = compose.digests_in(files)
    return Target(host, project, files, digest, nginx_digest(files), services, commit, action)


def _rendering(config: Config, folder: Path, host: str, environ: Mapping[str, str]) -> _Rendering:
    stack = config.hosts[host].stack
    if stack is None:
        raise ConfigurationError(
            error=f"hosts.{host} has no `stack` in protostar.yml: there is nothing to sync",
            try_=f"say which folder it is, as in  stack: compose/{host}",
        )
    if not (folder / stack).is_dir():
        raise ConfigurationError(
            error=f"hosts.{host}.stack: there is no folder {stack}", try_="protostar config check"
        )
    return _Rendering(config, folder, host, stack, environ)


class _Rendering:
    """One host's files; collects what is wrong with them."""

    def __init__(
        self, config: Config, folder: Path, host: str, stack: str, environ: Mapping[str, str]
    ) -> None:
        self._config, self._folder, self._host, self._stack = config, folder, host, stack
        self._problems: list[str] = []
        sealed = config.hosts[host].secrets
        sops = None if sealed is None else lambda: decrypted(folder / sealed)
        self._secrets = Secrets(environ, sops, sealed or "")
        self._rendering = ""
        mine = sorted({s.gateway for s in config.services.values() if host in s.host_names})
        self._gateway = mine[0] if mine else DEFAULT_GATEWAY
        if len(mine) > 1:
            self._problems.append(
                f"protostar.yml: services on {host} are behind several gateways "
                f"({', '.join(mine)}); a stack brings one"
            )
        self._templates = Templates(folder / stack, stack, secret=self._secret, **self._words())

    def _words(self) -> dict[str, Any]:
        """What templates know."""
        known = words(self._config, self._host, self._gateway)
        return {**known, "root": str(self._config.hosts[self._host].root)}

    def _secret(self, name: str) -> str:
        if not env_file.is_secret(self._rendering):
            raise TemplateWrong(
                "secret() is for env files and for files below secrets/: others can be read by all"
            )
        value = self._secrets.value(name)
        if env_file.is_env(self._rendering) and env_file.UNFIT.search(value):
            raise TemplateWrong(
                f"{name} holds a quote or a line break, which an env file cannot: "
                "use a file below secrets/"
            )
        return value

    @property
    def secrets(self) -> list[str]:
        return list(self._secrets.found.values())

    def files(self) -> Files:
        files = {f"{FOLDER}/{name}": file for name, file in self._compose_files()}
        files[f"{FOLDER}/.env"] = self._variables(files.get(f"{FOLDER}/.env"))
        files |= {f"nginx/{name}": File(data) for name, data in self._nginx().items()}
        self._refuse()
        self._secrets.refuse_missing()
        return with_overrides(self._checked(files))

    def _compose_files(self) -> Iterator[tuple[str, File]]:
        top = self._folder / self._stack
        switched = self._of_services()
        for path in sorted(top.rglob("*")):
            name = str(path.relative_to(top))
            if not path.is_file() or name.endswith(LEFT_OUT) or path.resolve() in switched:
                continue
            yield name.removesuffix(SUFFIX), self._file(path, name)

    def _of_services(self) -> set[Path]:
        """Compose files of services that a deploy switches, and what they name: their releases'."""
        paths = {(self._folder / s.compose).resolve() for s in self._config.services.values()}
        named = (path.parent / name for path in paths for name in _named_by(path))
        return paths | {path.resolve() for path in named}

    def _file(self, path: Path, name: str) -> File:
        if path.is_symlink():
            self._problems.append(f"{self._stack}/{name}: is a link; only files are sent")
        plain = name.removesuffix(SUFFIX)
        data = self._rendered(name, plain) if name.endswith(SUFFIX) else path.read_bytes()
        return File(data, env_file.file_mode(plain))

    def _rendered(self, name: str, plain: str) -> bytes:
        self._rendering = plain
        try:
            data = self._templates.render(name)
        except TemplateWrong as wrong:
            self._problems.append(str(wrong))
            return b""
        if not env_file.is_env(plain):
            return data
        return env_file.protected(data.decode(), self._secrets.found.values()).encode()

    def _variables(self, own: File | None) -> File:
        """What Compose interpolates: ours first, so that the stack's own `.env` may differ."""
        ours = "".join(f"{name}={value}\n" for name, value in self._our_variables().items())
        return File(ours.encode() + (own.data if own else b""), 0o600)

    def _our_variables(self) -> dict[str, str]:
        config, host = self._config, self._host
        found = {
            "PROTOSTAR_ROOT": str(config.hosts[host].root),
            "PROTOSTAR_HOST": host,
        }
        gateway = config.gateways.get(self._gateway)
        if gateway is not None:
            found |= {
                "PROTOSTAR_GATEWAY": gateway.container,
                "PROTOSTAR_NETWORK": gateway.network,
                "PROTOSTAR_PRIVATE_PORT": str(gateway.private_port),
                "PROTOSTAR_PUBLIC": f"0.0.0.0:{gateway.public_port}",
            }
            if gateway.tls is not None:
                found["PROTOSTAR_PUBLIC_TLS"] = f"0.0.0.0:{gateway.tls.port}"
        return found

    def _nginx(self) -> dict[str, bytes]:
        kind = kind_of(self._stack)
        folder = self._folder / "nginx"
        if not (folder / kind).is_dir():
            return {}
        try:
            return nginx_files(self._config, self._host, self._gateway, folder, kind)
        except ConfigurationError as wrong:
            self._problems.append(wrong.error)
            return {}

    def _checked(self, files: Files) -> Files:
        try:
            self._problems += [self._shown(words) for words in lint.problems(files)]
        except StackWrong as wrong:
            self._problems.append(self._shown(str(wrong)))
        self._refuse()
        return files

    def _shown(self, words: str) -> str:
        """By the checkout's path, so that the person finds the file."""
        return f"{self._stack}/{words.removeprefix(f'{FOLDER}/')}"

    def _refuse(self) -> None:
        if self._problems:
            raise ConfigurationError(
                error="\n".join(self._problems), try_=f"edit {self._problems[0].split(':')[0]}"
            )


def _named_by(path: Path) -> list[str]:
    """What is wrong with a service's Compose file, its deploy tells."""
    try:
        return compose.files_named(path.read_bytes())
    except (OSError, StackWrong):
        return []


def with_overrides(files: Files) -> Files:
    """And what follows from them: the services' digests, and the name of the nginx files."""
    plain = {name: file for name, file in files.items() if name != OVERRIDE}
    made = compose.override(compose.service_digests(plain))
    nginx = {n.removeprefix("nginx/"): f.data for n, f in plain.items() if n.startswith("nginx/")}
    named = {f"nginx/{n}": File(data) for n, data in (with_digest(nginx) if nginx else {}).items()}
    return {**plain, **named, OVERRIDE: File(made)}
