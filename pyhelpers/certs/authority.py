"""The ACME server, through certbot's own client library: an account, an order, when to renew."""

from __future__ import annotations

import datetime
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

import josepy
import requests
from acme import challenges, client, errors, messages
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pyhelpers.errors import FailedBeforeSwitch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

ORDER_S, ANSWER_S = 120.0, 20.0
AGENT = "protostar"
STAYS = "the certificate that is there stays"


class Proof(Protocol):
    """Shows the server what it wants to see, for as long as the block lasts."""

    kind: str

    def shown(self, name: str, token: str, value: str) -> AbstractContextManager[None]: ...

    def settle(self) -> None:
        """Called when all are shown, before the server looks."""


def new_account_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


class Authority:
    """One ACME server as one account sees it. Every failure is a `FailedBeforeSwitch`.

    `answer_s`: how long one of its answers may take.
    """

    def __init__(
        self, url: str, account_key: bytes, trust: str | None, *, answer_s: float = ANSWER_S
    ) -> None:
        self._url, self._trust, self._answer_s = url, trust, answer_s
        key = serialization.load_pem_private_key(account_key, password=None)
        self._key = josepy.jwk.JWKEC(key=key)
        self._client: client.ClientV2 | None = None

    def renewal(self, chain: str) -> float | None:
        """When the server wants it renewed; None when it has no opinion, or does not answer."""
        try:
            with told(self._url):
                moment, _ = self._open().renewal_time(chain.encode())
        except FailedBeforeSwitch:
            return None
        return moment.timestamp() if moment else None

    def issue(self, request: bytes, proof: Proof, mail: str | None) -> str:
        """The chain for a signing request. Raises `FailedBeforeSwitch` with the server's words."""
        with told(self._url), ExitStack() as shown:
            acme = self._open()
            _register(acme, mail)
            order = acme.new_order(request)
            waiting = [
                (body, response)
                for each in order.authorizations
                for body, response in self._show(each, proof, shown)
            ]
            if waiting:
                proof.settle()
            for body, response in waiting:
                acme.answer_challenge(body, response)
            # The library's deadlines are in the machine's own zone.
            deadline = datetime.datetime.now() + datetime.timedelta(seconds=ORDER_S)  # noqa: DTZ005
            return str(acme.poll_and_finalize(order, deadline).fullchain_pem)

    def _show(
        self, authorization: messages.AuthorizationResource, proof: Proof, shown: ExitStack
    ) -> Iterator[tuple[messages.ChallengeBody, challenges.ChallengeResponse]]:
        """Nothing when the server still remembers the last proof."""
        if authorization.body.status == messages.STATUS_VALID:
            return
        name = authorization.body.identifier.value
        for body in authorization.body.challenges:
            if body.chall.typ == proof.kind:
                response, value = body.response_and_validation(self._key)
                token = body.chall.encode("token")
                shown.enter_context(proof.shown(name, token, value))
                yield body, response
                return
        raise FailedBeforeSwitch(
            error=f"{self._url} offers no {proof.kind} for {name}",
            state=STAYS,
            try_="another `challenge` in protostar.yml",
        )

    def _open(self) -> client.ClientV2:
        if self._client is None:
            network = client.ClientNetwork(
                self._key,
                alg=josepy.jwa.ES256,
                user_agent=AGENT,
                # It is handed on to requests, which takes parts of a second too.
                timeout=self._answer_s,  # type: ignore[arg-type]
            )
            # As requests has it: a file of authorities instead of the machine's.
            network.verify_ssl = self._trust or True  # type: ignore[assignment]
            directory = client.ClientV2.get_directory(self._url, network)
            self._client = client.ClientV2(directory, network)
        return self._client


def _register(acme: client.ClientV2, mail: str | None) -> None:
    """The same key is the same account, however often it is asked for."""
    if acme.net.account is not None:
        return
    contact = (f"mailto:{mail}",) if mail else ()
    wanted = messages.NewRegistration(terms_of_service_agreed=True, contact=contact)
    try:
        acme.new_account(wanted)
    except errors.ConflictError as known:
        acme.net.account = messages.RegistrationResource(
            uri=known.location, body=messages.Registration()
        )


@contextmanager
def told(url: str) -> Iterator[None]:
    """What the library and the network raise, as one error in words."""
    try:
        yield
    except errors.ValidationError as wrong:
        raise _failure(url, "; ".join(_reasons(wrong)), "does the name lead here?") from None
    except messages.Error as wrong:
        raise _failure(url, f"{wrong.code}: {wrong.detail}", "the limits of the server") from None
    except errors.TimeoutError:
        raise _failure(url, f"no certificate within {ORDER_S:g} s", "") from None
    except requests.Timeout:
        raise _failure(url, "it does not answer", "") from None
    except requests.ConnectionError as wrong:
        raise _failure(url, f"it cannot be reached: {_last(wrong)}", "") from None
    except (errors.Error, requests.RequestException, josepy.errors.Error, ValueError) as wrong:
        raise _failure(url, f"{type(wrong).__name__}: {str(wrong)[:300]}", "") from None


def _reasons(wrong: errors.ValidationError) -> Iterator[str]:
    for each in wrong.failed_authzrs:
        for body in each.body.challenges:
            if body.error is not None:
                yield f"{each.body.identifier.value}: {body.error.detail}"


def _last(wrong: requests.ConnectionError) -> str:
    """The innermost reason; around it are only the library's own objects."""
    return str(wrong).rpartition(": ")[2].rstrip("')\"")[:100]


def _failure(url: str, words: str, look: str) -> FailedBeforeSwitch:
    again = "protostar certs renew; it can be run as often as wanted"
    return FailedBeforeSwitch(
        error=f"{url}: {words}", state=STAYS, try_=f"{look} then {again}" if look else again
    )
