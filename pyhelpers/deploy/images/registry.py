"""A registry as the deployer reaches it: the v2 API, read-only, with `docker login`'s credentials.

https, as docker has it; http after that only for a loopback address, or where protostar.yml says
`plain_http`: to fall back to it unasked would let whoever stands in between say what a tag means.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

from pyhelpers.deploy.images import manifest
from pyhelpers.deploy.images.challenge import authorization
from pyhelpers.deploy.images.credentials import Credentials, credentials_of
from pyhelpers.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEADLINES_S = (5.0, 30.0)  # to connect; for each read
ATTEMPTS = 3
BETWEEN_S = 1.0
# A proxy in between would rather compress; a digest is of what the registry stores.
AS_STORED = {"Accept-Encoding": "identity"}
# What helps whatever is wrong with a registry.
WITHOUT = "protostar deploy run … --no-registry, where this machine's engine has the image"
CERTIFICATES = Path("/etc/docker/certs.d")


def is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0] or address
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Registry:
    """One registry. Every call raises `Unreachable` when it does not answer in time."""

    def __init__(
        self,
        address: str,
        *,
        plain_http: bool = False,
        find_credentials: Callable[[str], Credentials | None] = credentials_of,
        between_s: float = BETWEEN_S,
    ) -> None:
        self.address = address
        self._schemes = ["https", "http"] if plain_http or is_loopback(address) else ["https"]
        self._find_credentials = find_credentials
        self._between_s = between_s
        self._session = requests.Session()
        self._session.trust_env = not is_loopback(address)
        authority = CERTIFICATES / address / "ca.crt"  # where docker has it from
        if authority.exists():
            self._session.verify = str(authority)
        self._authorization = ""

    def manifest(self, name: str, version: str) -> tuple[str, dict[str, Any]] | None:
        """The digest of what a tag or a digest names, and the document; None: there is no such."""
        with self.ask("GET", f"/v2/{name}/manifests/{version}", manifest.ASKED) as answer:
            if answer.status_code == requests.codes.not_found:
                return None
            digest = f"sha256:{hashlib.sha256(self._well(answer).content).hexdigest()}"
            if version.startswith("sha256:") and version != digest:
                raise self._wrong(f"gave {digest} for {version}")
            return digest, json.loads(answer.content)

    def document(self, name: str, digest: str) -> dict[str, Any]:
        """A blob that is JSON: an image's configuration."""
        with self.ask("GET", f"/v2/{name}/blobs/{digest}") as answer:
            found: dict[str, Any] = json.loads(self._well(answer).content)
            return found

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """The answer, its body not read yet. Whoever has it closes it.

        Raises `Unreachable` when the registry does not answer, or not to us.
        """
        answer = self._send(method, path, headers or {})
        if answer.status_code == requests.codes.unauthorized:
            answer.close()
            self._authorization = self._authorized(answer)
            answer = self._send(method, path, headers or {})
        if answer.status_code in (requests.codes.unauthorized, requests.codes.forbidden):
            answer.close()
            raise self._denied(path)
        return answer

    def _send(self, method: str, path: str, headers: Mapping[str, str]) -> requests.Response:
        try:
            for attempt in self._attempts():
                with attempt:
                    return self._once(method, path, headers)
        except requests.RequestException as problem:
            raise self.unreachable(problem) from None
        raise AssertionError  # the last attempt returns or raises

    def _attempts(self) -> Retrying:
        return Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_fixed(self._between_s),
            retry=retry_if_exception(_may_pass),
            reraise=True,
        )

    def _once(self, method: str, path: str, headers: Mapping[str, str]) -> requests.Response:
        """By the first scheme that is spoken there; it is kept for what follows."""
        sent = {**AS_STORED, **headers}
        if self._authorization:
            sent["Authorization"] = self._authorization
        *others, last = self._schemes  # several threads of a front may find it out at once
        for scheme in others:
            with suppress(requests.exceptions.SSLError):
                answer = self._by(scheme, method, path, sent)
                self._schemes = [scheme]
                return answer
        answer = self._by(last, method, path, sent)
        self._schemes = [last]
        return answer

    def _by(
        self, scheme: str, method: str, path: str, headers: Mapping[str, str]
    ) -> requests.Response:
        url = f"{scheme}://{self.address}{path}"
        return self._session.request(method, url, headers=headers, stream=True, timeout=DEADLINES_S)

    def _authorized(self, refused: requests.Response) -> str:
        wanted = refused.headers.get("WWW-Authenticate", "")
        try:
            return authorization(self._session, wanted, self._find_credentials(self.address))
        except requests.RequestException as problem:
            raise self.unreachable(problem) from None

    # --- what goes wrong ------------------------------------------------------------------------

    def unreachable(self, problem: Exception) -> Unreachable:
        """Of a request that failed, also in the middle of its body."""
        if "WRONG_VERSION_NUMBER" in str(problem):
            return Unreachable(
                error=f"the registry {self.address} speaks plain HTTP, which is not trusted",
                try_="`plain_http: true` under registry in protostar.yml, if its network is safe",
            )
        if isinstance(problem, requests.exceptions.SSLError):
            return Unreachable(
                error=f"the certificate of the registry {self.address} is not trusted",
                try_=f"put its authority's certificate in {CERTIFICATES / self.address}/ca.crt",
            )
        return Unreachable(
            error=f"the registry {self.address} does not answer ({type(problem).__name__})",
            try_=f"{WITHOUT}, or curl -sS {self._schemes[0]}://{self.address}/v2/",
        )

    def _denied(self, path: str) -> Unreachable:
        name = path.removeprefix("/v2/").rpartition("/")[0].rpartition("/")[0]
        return Unreachable(
            error=f"the registry {self.address} does not let us read {name}",
            try_=f"docker login {self.address}",
        )

    def _wrong(self, what: str) -> Unreachable:
        return Unreachable(
            error=f"the registry {self.address} {what}",
            try_=f"{WITHOUT}, or curl -sSi {self._schemes[0]}://{self.address}/v2/",
        )

    def _well(self, answer: requests.Response) -> requests.Response:
        if not answer.ok:
            raise self._wrong(f"answers {answer.status_code}")
        try:
            _ = answer.content
        except requests.RequestException as problem:
            raise self.unreachable(problem) from None
        return answer

    def close(self) -> None:
        self._session.close()


def _may_pass(problem: BaseException) -> bool:
    """A registry that restarts is back in a moment; a certificate does not become another one."""
    lost = (requests.exceptions.ConnectionError, requests.exceptions.Timeout)
    return isinstance(problem, lost) and not isinstance(problem, requests.exceptions.SSLError)
