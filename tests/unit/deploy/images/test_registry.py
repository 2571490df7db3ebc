"""A registry as the deployer asks it: which words it hears, and who is told the password."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
import responses

from pyhelpers.deploy.images.credentials import Credentials, credentials_of
from pyhelpers.deploy.images.registry import Registry, is_loopback
from pyhelpers.errors import PreflightError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADDRESS = "registry.lan:5000"
URL = f"https://{ADDRESS}/v2/shop/api/manifests/v2"
BODY = json.dumps({"layers": []})
DIGEST = f"sha256:{hashlib.sha256(BODY.encode()).hexdigest()}"
ANN = Credentials("ann", "hunter2")
TOKEN = "https://auth.lan/token"
BEARER = f'Bearer realm="{TOKEN}",service="reg",scope="repository:shop/api:pull"'


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as web:
        yield web


def registry(known: Credentials | None = None, address: str = ADDRESS, **how: Any) -> Registry:
    return Registry(address, find_credentials=lambda _: known, between_s=0, **how)


def refuse(web: responses.RequestsMock, wanted: str, url: str = URL) -> None:
    web.get(url, status=401, headers={"WWW-Authenticate": wanted})


def sent(web: responses.RequestsMock, number: int) -> str:
    return str(web.calls[number].request.headers.get("Authorization", ""))


class TestAManifest:
    def test_its_digest_is_that_of_its_bytes(self, web: responses.RequestsMock) -> None:
        web.get(URL, BODY)
        assert registry().manifest("shop/api", "v2") == (DIGEST, {"layers": []})
        accepted = str(web.calls[0].request.headers["Accept"])
        assert "oci.image.index.v1" in accepted
        assert "docker.distribution.manifest.v2" in accepted

    def test_one_that_is_not_there_is_none(self, web: responses.RequestsMock) -> None:
        web.get(URL, status=404)
        assert registry().manifest("shop/api", "v2") is None

    def test_bytes_that_are_not_of_the_digest_are_refused(
        self, web: responses.RequestsMock
    ) -> None:
        other = "sha256:" + "0" * 64
        web.get(URL.replace("/v2/shop/api/manifests/v2", f"/v2/shop/api/manifests/{other}"), BODY)
        with pytest.raises(Unreachable, match=f"gave {DIGEST} for {other}"):
            registry().manifest("shop/api", other)

    def test_another_answer_is_no_missing_image(self, web: responses.RequestsMock) -> None:
        web.get(URL, status=500)
        with pytest.raises(Unreachable, match=r"the registry registry\.lan:5000 answers 500"):
            registry().manifest("shop/api", "v2")


class TestCredentials:
    def test_nobody_is_told_who_does_not_ask(self, web: responses.RequestsMock) -> None:
        web.get(URL, BODY)
        registry(ANN).manifest("shop/api", "v2")
        assert sent(web, 0) == ""

    def test_basic(self, web: responses.RequestsMock) -> None:
        refuse(web, 'Basic realm="reg"')
        web.get(URL, BODY)
        assert registry(ANN).manifest("shop/api", "v2")
        assert sent(web, 1) == "Basic YW5uOmh1bnRlcjI="

    def test_a_token_for_this_scope_is_kept(self, web: responses.RequestsMock) -> None:
        refuse(web, BEARER)
        web.get(TOKEN, json.dumps({"token": "t0k"}))
        web.get(URL, BODY)
        asked = registry(ANN)
        asked.manifest("shop/api", "v2")
        assert sent(web, 1) == "Basic YW5uOmh1bnRlcjI="
        assert "scope=repository%3Ashop%2Fapi%3Apull" in str(web.calls[1].request.url)
        assert sent(web, 2) == "Bearer t0k"
        asked.manifest("shop/api", "v2")
        assert sent(web, 3) == "Bearer t0k"

    def test_one_that_ran_out_is_asked_for_again(self, web: responses.RequestsMock) -> None:
        asked = registry()
        for token in ("one", "two"):
            refuse(web, BEARER)
            web.get(TOKEN, json.dumps({"access_token": token}))
            web.get(URL, BODY)
        asked.manifest("shop/api", "v2")
        asked.manifest("shop/api", "v2")
        assert sent(web, 5) == "Bearer two"

    def test_an_identity_token_goes_in_the_body(self, web: responses.RequestsMock) -> None:
        refuse(web, BEARER)
        web.post(TOKEN, json.dumps({"access_token": "t0k"}))
        web.get(URL, BODY)
        registry(Credentials(identity_token="s3cret")).manifest("shop/api", "v2")
        assert "refresh_token=s3cret" in str(web.calls[1].request.body)
        assert "s3cret" not in str(web.calls[1].request.url)

    @pytest.mark.parametrize("known", [ANN, Credentials(identity_token="s3cret")])
    def test_a_server_of_tokens_without_tls_hears_no_secret(
        self, web: responses.RequestsMock, known: Credentials
    ) -> None:
        refuse(web, BEARER.replace("https://auth", "http://auth"))
        web.get(TOKEN.replace("https", "http"), json.dumps({"token": "t0k"}))
        web.get(URL, BODY)
        registry(known).manifest("shop/api", "v2")
        assert sent(web, 1) == ""

    @pytest.mark.parametrize("wanted", [BEARER, 'Basic realm="reg"', "", "Negotiate"])
    def test_a_refusal_names_the_command_that_mends_it(
        self, web: responses.RequestsMock, wanted: str
    ) -> None:
        refuse(web, wanted)
        if wanted == BEARER:
            web.get(TOKEN, status=401)
        with pytest.raises(Unreachable) as failed:
            registry().manifest("shop/api", "v2")
        assert failed.value.error == f"the registry {ADDRESS} does not let us read shop/api"
        assert failed.value.try_ == f"docker login {ADDRESS}"

    def test_they_do_not_print_themselves(self) -> None:
        assert "hunter2" not in repr(ANN)

    def test_they_come_from_dockers_own_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        login = {"auths": {ADDRESS: {"auth": "YW5uOmh1bnRlcjI="}}}
        (tmp_path / "config.json").write_text(json.dumps(login), encoding="utf-8")
        assert credentials_of(ADDRESS) == ANN
        assert credentials_of("other.lan") is None

    def test_or_from_its_helper(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        helper = tmp_path / "docker-credential-made-up"
        answer = json.dumps({"ServerURL": ADDRESS, "Username": "<token>", "Secret": "s3cret"})
        helper.write_text(f"#!/bin/sh\ncat >/dev/null\necho '{answer}'\n", encoding="utf-8")
        helper.chmod(0o755)
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        told = {"credHelpers": {ADDRESS: "made-up"}}
        (tmp_path / "config.json").write_text(json.dumps(told), encoding="utf-8")
        assert credentials_of(ADDRESS) == Credentials(identity_token="s3cret")
        helper.write_text("#!/bin/sh\necho s3cret; exit 1\n", encoding="utf-8")
        with pytest.raises(PreflightError) as failed:
            credentials_of(ADDRESS)
        assert "s3cret" not in str(failed.value)
        assert failed.value.try_ == f"docker login {ADDRESS}"


class TestTheScheme:
    PLAIN = requests.exceptions.SSLError("[SSL: WRONG_VERSION_NUMBER] wrong version number")

    @pytest.mark.parametrize(
        ("address", "loopback"),
        [
            ("127.0.0.1:5000", True),
            ("127.8.0.1", True),
            ("localhost:5000", True),
            ("localhost", True),
            ("registry.lan:5000", False),
            ("10.0.0.1:5000", False),
            ("localhost.evil.example:5000", False),
        ],
    )
    def test_a_loopback_address_is_this_machine(self, address: str, loopback: bool) -> None:  # noqa: FBT001 - a table's column
        assert is_loopback(address) is loopback

    @pytest.mark.parametrize(
        ("address", "plain_http"), [("127.0.0.1:5000", False), (ADDRESS, True)]
    )
    def test_http_comes_after_https_where_that_is_safe(
        self,
        web: responses.RequestsMock,
        address: str,
        plain_http: bool,  # noqa: FBT001 - a table's column
    ) -> None:
        path = f"{address}/v2/shop/api/manifests/v2"
        web.get(f"https://{path}", body=self.PLAIN)
        web.get(f"http://{path}", BODY)
        asked = registry(address=address, plain_http=plain_http)
        assert asked.manifest("shop/api", "v2")
        asked.manifest("shop/api", "v2")
        assert [str(call.request.url)[:5] for call in web.calls] == ["https", "http:", "http:"]

    def test_elsewhere_it_is_refused_and_the_setting_named(
        self, web: responses.RequestsMock
    ) -> None:
        web.get(URL, body=self.PLAIN)
        with pytest.raises(Unreachable) as failed:
            registry().manifest("shop/api", "v2")
        assert "speaks plain HTTP" in failed.value.error
        assert "plain_http: true" in failed.value.try_
        assert len(web.calls) == 1

    def test_a_certificate_that_is_not_trusted_is_told_with_its_place(
        self, web: responses.RequestsMock
    ) -> None:
        web.get(URL, body=requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"))
        with pytest.raises(Unreachable) as failed:
            registry().manifest("shop/api", "v2")
        assert "certificate" in failed.value.error
        assert f"/etc/docker/certs.d/{ADDRESS}/ca.crt" in failed.value.try_

    def test_an_authority_beside_dockers_own_is_used(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from pyhelpers.deploy.images import registry as module  # noqa: PLC0415 - its constant

        monkeypatch.setattr(module, "CERTIFICATES", tmp_path)
        (tmp_path / ADDRESS).mkdir()
        (tmp_path / ADDRESS / "ca.crt").touch()
        assert registry()._session.verify == str(tmp_path / ADDRESS / "ca.crt")


class TestOneThatIsNotThere:
    def test_it_is_asked_again_because_it_may_only_restart(
        self, web: responses.RequestsMock
    ) -> None:
        web.get(URL, body=requests.ConnectionError())
        web.get(URL, body=requests.Timeout())
        web.get(URL, BODY)
        assert registry().manifest("shop/api", "v2")

    def test_then_it_is_said(self, web: responses.RequestsMock) -> None:
        web.get(URL, body=requests.ConnectionError())
        with pytest.raises(Unreachable) as failed:
            registry().manifest("shop/api", "v2")
        assert failed.value.error == f"the registry {ADDRESS} does not answer (ConnectionError)"
        assert failed.value.try_ == (
            "protostar deploy run … --no-registry, where this machine's engine has the image, "
            f"or curl -sS https://{ADDRESS}/v2/"
        )
        assert len(web.calls) == 3
