"""`protostar sync` takes each server's folder as it lies in the checkout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyhelpers.config.loading import load
from pyhelpers.errors import ConfigurationError
from pyhelpers.sync.compose import service_digests
from pyhelpers.sync.stack import target_of
from tests.unit.compose.files import CHECKOUT, SERVERS, included, services
from tests.unit.compose.test_variables import required

if TYPE_CHECKING:
    from pathlib import Path

    from pyhelpers.config.model import Config

HOSTS = ", ".join(f"{name}: {{ local: true, stack: compose/{name} }}" for name in SERVERS)
SERVICES = """
  api: { host: a5, image: protostar/api, compose: compose/a5/api.yml, port: 3000 }
  web: { host: a5, image: protostar/web, compose: compose/a5/web.yml, port: 3000, route: / }
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "protostar.yml"
    path.write_text(f"project: shop\nhosts: {{ {HOSTS} }}\nservices: {SERVICES}")
    return load(path, {})


def environ(server: str) -> dict[str, str]:
    return {name: f"of-{name.lower()}" for name in required(server)}


@pytest.mark.parametrize("server", SERVERS)
def test_it_brings_the_servers_own_services_and_none_of_a_deploy(
    config: Config, server: str
) -> None:
    target = target_of(config, CHECKOUT, server, environ(server))
    own = {each.name for each in services(server) if each.file in included(server)}
    assert set(target.services) == own
    assert not {"compose/api.yml", "compose/web.yml"} & set(target.files)


@pytest.mark.parametrize("server", ["a5", "centre"])
def test_it_names_all_secrets_that_are_missing(config: Config, server: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        target_of(config, CHECKOUT, server, {})
    secret = [name for name in required(server) if name.endswith(("PASSWORD", "SECRET_KEY"))]
    assert [name for name in secret if name not in refused.value.error] == []


@pytest.mark.parametrize(
    ("server", "file", "service"),
    [
        ("a5", "redis/queue.conf", "queue"),
        ("a5", "postgres/postgresql.conf", "postgres"),
        ("a5", "postgres/setup.sql", "postgres-setup"),
        ("centre", "store/policies/static.json", "s3-setup"),
    ],
)
def test_a_changed_file_makes_only_its_own_service_anew(
    config: Config, server: str, file: str, service: str
) -> None:
    before = target_of(config, CHECKOUT, server, environ(server))
    changed = {**before.files, f"compose/{file}": before.files["compose/.env"]}
    after = service_digests(changed)
    assert [name for name in after if after[name] != before.services[name]] == [service]
