"""The checkout → a host's files; what is wrong with it is told at once, with file and line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pyhelpers.errors import ConfigurationError
from pyhelpers.sync.stack import project_of, target_of
from tests.unit.sync.checkout_double import ENVIRON

if TYPE_CHECKING:
    from tests.unit.sync.checkout_double import Checkout
    from tests.unit.sync.conftest import Scene

WRONG = Path(__file__).parents[2] / "cases" / "sync" / "wrong.yml"


def cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(WRONG.read_text(encoding="utf-8"))
    return found


def text(checkout: Checkout, name: str, **environ: str) -> str:
    return checkout.target(**environ).files[name].data.decode()


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["name"]))
def test_what_is_wrong_is_told_at_once(checkout: Checkout, case: dict[str, Any]) -> None:
    for name, content in case.get("write", {}).items():
        checkout.write(name, content)
    for name in case.get("remove", ()):
        (checkout.folder / name).unlink()
    with pytest.raises(ConfigurationError) as refused:
        target_of(checkout.config, checkout.folder, "a5", case.get("environ", ENVIRON))
    assert refused.value.error.splitlines() == case["lines"]


def test_no_case_tells_a_secret() -> None:
    told = "\n".join(line for case in cases() for line in case["lines"])
    assert "hunter2" not in told
    assert "it's" not in told.replace("it's own", "")


class TestTheFiles:
    def test_compose_nginx_and_env_files_and_what_follows_from_them(
        self, checkout: Checkout
    ) -> None:
        assert sorted(checkout.target().files) == [
            "compose/.env",
            "compose/cache.env",
            "compose/cache.yml",
            "compose/compose.yml",
            "compose/gateway.yml",
            "compose/override.yml",
            "compose/redis.conf",
            "nginx/digest.conf",
            "nginx/mixins/log.conf",
            "nginx/nginx.conf",
            "nginx/public.conf",
        ]

    def test_a_secret_is_quoted_so_that_compose_reads_it_as_it_is(self, checkout: Checkout) -> None:
        told = text(checkout, "compose/cache.env")
        assert told == "CACHE_PASSWORD='p$ss#word'\nSIZE=64mb\n"

    def test_a_secret_may_come_from_a_file(self, checkout: Checkout, tmp_path: Path) -> None:
        checkout.write("password", "from a file\n")
        environ = {"CACHE_PASSWORD_FILE": str(tmp_path / "password")}
        target = target_of(checkout.config, checkout.folder, "a5", environ)
        assert b"CACHE_PASSWORD='from a file'\n" in target.files["compose/cache.env"].data

    def test_a_secrets_file_may_hold_line_breaks(self, checkout: Checkout) -> None:
        checkout.write("compose/a5/secrets/key.pem.j2", "{{ secret('KEY') }}\n")
        assert text(checkout, "compose/secrets/key.pem", KEY="a\n'b'") == "a\n'b'\n"

    def test_the_gateway_and_root_of_protostar_yml_are_what_compose_fills_in(
        self, checkout: Checkout
    ) -> None:
        assert text(checkout, "compose/.env").splitlines() == [
            "PROTOSTAR_ROOT=/srv/protostar",
            "PROTOSTAR_HOST=a5",
            "PROTOSTAR_GATEWAY=gateway",
            "PROTOSTAR_NETWORK=protostar_edge",
            "PROTOSTAR_PRIVATE_PORT=8081",
            "PROTOSTAR_PUBLIC=0.0.0.0:80",
        ]

    def test_with_tls_compose_is_told_its_port(self, checkout: Checkout) -> None:
        tls = "{ names: [shop.test], certificate: shop.test, port: 8443 }"
        checkout.edit(
            "protostar.yml", "services:", f"gateways: {{ gateway: {{ tls: {tls} }} }}\nservices:"
        )
        assert "PROTOSTAR_PUBLIC_TLS=0.0.0.0:8443\n" in text(checkout, "compose/.env")

    def test_the_stacks_own_variables_come_after_them(self, checkout: Checkout) -> None:
        checkout.write("compose/a5/.env.j2", "PROTOSTAR_PUBLIC=127.0.0.1:8080\n")
        assert text(checkout, "compose/.env").endswith("\nPROTOSTAR_PUBLIC=127.0.0.1:8080\n")

    def test_templates_know_host_root_services_and_addresses(self, checkout: Checkout) -> None:
        told = "{{ project }} {{ host }} {{ root }} {{ services[0].name }} {{ hosts.b6 }}\n"
        checkout.write("compose/a5/redis.conf.j2", told)
        assert text(checkout, "compose/redis.conf") == "shop a5 /srv/protostar api \n"

    def test_a_project_is_a_host_of_an_installation(self, checkout: Checkout) -> None:
        assert project_of(checkout.config, "a5") == "shop-a5"


class TestSecrets:
    def test_a_message_that_holds_one_is_masked(self, checkout: Checkout) -> None:
        target = checkout.target()
        assert target.masked("near p$ss#word: no") == "near ***: no"
        assert "p$ss" not in repr(target.hidden)

    def test_compose_quoting_a_line_does_not_tell_it(self, scene: Scene) -> None:
        scene.host.broken["config"] = "cache.env: unexpected character in 'p$ss#word'"
        with pytest.raises(ConfigurationError, match=r"in '\*\*\*'"):
            scene.apply()


class TestTheDigest:
    def test_is_the_same_for_the_same(self, checkout: Checkout) -> None:
        assert checkout.target().digest == checkout.target().digest

    @pytest.mark.parametrize(
        "name", ["compose/a5/redis.conf", "nginx/mixins/log.conf", "compose/a5/gateway.yml"]
    )
    def test_is_another_for_any_other_file(self, checkout: Checkout, name: str) -> None:
        before = checkout.target().digest
        checkout.write(name, (checkout.folder / name).read_text() + "# more\n")
        assert checkout.target().digest != before

    def test_and_for_another_secret(self, checkout: Checkout) -> None:
        assert checkout.target(CACHE_PASSWORD="x").digest != checkout.target().digest

    def test_of_nginx_is_of_its_files_alone(self, checkout: Checkout) -> None:
        before = checkout.target()
        checkout.write("compose/a5/redis.conf", "other\n")
        assert checkout.target().nginx == before.nginx
        checkout.write("nginx/mixins/log.conf", "# other\n")
        after = checkout.target()
        assert after.nginx != before.nginx
        assert f'"{after.nginx}"' in after.files["nginx/digest.conf"].data.decode()


class TestWithoutAStack:
    def test_there_is_nothing_to_sync(self, checkout: Checkout) -> None:
        with pytest.raises(ConfigurationError, match=r"hosts\.b6 has no `stack`"):
            target_of(checkout.config, checkout.folder, "b6", {})

    def test_that_is_not_there_is_said(self, checkout: Checkout) -> None:
        checkout.edit("protostar.yml", "stack: compose/a5", "stack: compose/a6")
        with pytest.raises(ConfigurationError, match="there is no folder compose/a6"):
            target_of(checkout.config, checkout.folder, "a5", {})
