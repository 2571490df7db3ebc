"""The service's own Compose file: what is refused, what travels with it, what it may ask for."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from pyhelpers.deploy.compose_file import (
    compose_document,
    file_mode,
    files_named,
    unset_variables,
)
from pyhelpers.errors import ConfigurationError, Exit


def document(text: str, key: str = "app") -> dict[str, Any]:
    return compose_document(text.encode(), "compose/a5/api.yml", key, {"api", "web"})


class TestTheComposeFile:
    def test_one_that_is_right_is_read(self) -> None:
        assert document("services: { app: { init: true } }") == {
            "services": {"app": {"init": True}}
        }

    @pytest.mark.parametrize(
        ("text", "error"),
        [
            pytest.param("a: [", "is not YAML", id="not YAML"),
            pytest.param("\x00", "is not YAML", id="not text"),
            pytest.param("", "has no service `app` (it has: none)", id="empty"),
            pytest.param("- app", "has no service `app` (it has: none)", id="a list"),
            pytest.param("services:", "has no service `app` (it has: none)", id="no services"),
            pytest.param("services: [app]", "has no service `app` (it has: none)", id="not a map"),
            pytest.param("services: { app: }", "has no service `app`", id="an empty service"),
            pytest.param(
                "services: { web: {}, 8: {} }", "no service `app` (it has: web, 8)", id="others"
            ),
            pytest.param(
                "services: { app: { container_name: api } }",
                "services.app.container_name: two colours cannot share it",
                id="a fixed container name",
            ),
            pytest.param(
                "services: { app: { ports: ['3000:3000'] } }",
                "services.app.ports: two colours cannot share it",
                id="a published port",
            ),
            pytest.param(
                "services: { app: { env_file: /etc/passwd } }",
                "names /etc/passwd: a release takes only files beside or below it",
                id="an absolute env file",
            ),
            pytest.param(
                "services: { app: { env_file: [{ path: ../common.env }] } }",
                "names ../common.env: a release takes only files beside or below it",
                id="an env file above",
            ),
            pytest.param(
                "services: { app: {} }\nsecrets: { key: { file: ./keys/../../key } }",
                "a release takes only files beside or below it",
                id="a secret above",
            ),
            pytest.param(
                "services: { app: { volumes: ['./conf:/etc/app:ro'] } }",
                "mounts ./conf, which no release has",
                id="a folder of the checkout",
            ),
            pytest.param(
                "services: { app: { volumes: [{ type: bind, source: ../x, target: /x }] } }",
                "mounts ../x, which no release has",
                id="a folder above, the long way",
            ),
        ],
    )
    def test_one_that_two_colours_cannot_share_is_refused(self, text: str, error: str) -> None:
        with pytest.raises(ConfigurationError) as refused:
            document(text)
        assert error in refused.value.error
        assert refused.value.error.startswith("compose/a5/api.yml ")
        assert refused.value.try_ == "edit compose/a5/api.yml"
        assert refused.value.exit_code is Exit.CONFIGURATION

    @pytest.mark.parametrize("key", ["api", "web"])
    def test_a_key_that_is_any_services_name_is_refused(self, key: str) -> None:
        with pytest.raises(ConfigurationError, match="both colours answer to it"):
            document(f"services: {{ {key}: {{}} }}", key=key)

    @pytest.mark.parametrize(
        "volume", ["data:/var/lib/app", "/srv/data:/data", "{ source: data, target: /data }"]
    )
    def test_a_volume_and_a_path_of_the_host_can_be_shared(self, volume: str) -> None:
        quoted = volume if volume.startswith("{") else f"'{volume}'"
        document(f"services: {{ app: {{ volumes: [{quoted}] }} }}")

    def test_what_another_service_of_the_file_does_is_its_own_affair(self) -> None:
        document("services: { app: {}, db: { ports: ['5432'], container_name: db } }")


class TestTheFilesThatTravel:
    @pytest.mark.parametrize(
        ("text", "files"),
        [
            ("services: { app: {} }", []),
            ("services: { app: { env_file: } }", []),
            ("services: { app: { env_file: ./api.env } }", ["api.env"]),
            ("services: { app: { env_file: [b.env, a.env, ./b.env] } }", ["a.env", "b.env"]),
            ("services: { app: { env_file: [{ path: api.env, required: true }] } }", ["api.env"]),
            ("services: { app: {}, db: { env_file: db.env } }", []),
            ("services: { app: {} }\nconfigs: { c: { file: ./c/app.conf } }", ["c/app.conf"]),
            ("services: { app: {} }\nconfigs: { c: { external: true }, d: }", []),
            ("services: { app: {} }\nsecrets: { s: { environment: KEY } }", []),
            ("services: { app: {} }\nsecrets: { s: { file: key.pem } }", ["key.pem"]),
        ],
    )
    def test_are_those_that_the_compose_file_names(self, text: str, files: list[str]) -> None:
        assert list(files_named(document(text), "app")) == files


def unset(text: str, env_file: bytes = b"") -> tuple[str, ...]:
    return unset_variables(yaml.safe_load(text), env_file)


class TestVariables:
    """What comes from whoever deploys makes a rollback that is not what it was."""

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("image: x", ()),
            ("a: ${A}", ("A",)),
            ("a: $A", ("A",)),
            ("a: ${B} ${A} $A", ("A", "B")),
            ("a: ${A:?must be set}", ("A",)),
            ("a: ${A:-default}", ()),
            ("a: ${A-default}", ()),
            ("a: $${A} $$A", ()),
            ("a: ${PROTOSTAR_COLOUR} $PROTOSTAR_RELEASE", ()),
            ("a: costs 5$ or $ 5", ()),
        ],
    )
    def test_those_without_a_value_are_named(self, text: str, names: tuple[str, ...]) -> None:
        assert unset(text) == names

    @pytest.mark.parametrize("env", [b"A=1\n", b"  A = 1\n", b"export A=1\n", b"X=0\nA=\n"])
    def test_a_file_beside_it_may_set_them(self, env: bytes) -> None:
        assert unset("a: ${A}", env) == ()

    @pytest.mark.parametrize("env", [b"#A=1\n", b"AB=1\n", b"B=A=1\n", b"A\n"])
    def test_what_only_looks_so_does_not(self, env: bytes) -> None:
        assert unset("a: ${A}", env) == ("A",)

    def test_a_comment_asks_for_nothing(self) -> None:
        assert unset("# set ${A} by hand\na: 1\n") == ()

    def test_what_compose_sets_itself_is_set(self) -> None:
        assert unset("a: ${COMPOSE_PROJECT_NAME}") == ()


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        (".env", 0o600),
        ("api.env", 0o600),
        ("env/.env.prod", 0o600),
        ("compose.yml", 0o644),
        ("keys/server.pem", 0o644),
        ("environment", 0o644),
    ],
)
def test_env_files_are_the_deployers_alone(name: str, mode: int) -> None:
    """Compose reads them; a container reads configs and secrets as whoever it runs as."""
    assert file_mode(name) == mode
