"""`protostar sync` takes each server's folder as it lies in the checkout."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from pyhelpers.config.loading import load
from pyhelpers.errors import ConfigurationError
from pyhelpers.sync.compose import service_digests
from pyhelpers.sync.stack import target_of
from tests.unit.compose.files import COMPOSE, SERVERS, included, services
from tests.unit.compose.test_variables import required

if TYPE_CHECKING:
    from pathlib import Path

    from pyhelpers.sync.model import Target

HOSTS = ", ".join(f"{name}: {{ local: true, stack: compose/{name} }}" for name in SERVERS)
OPS = """
  proxy_address: 203.0.113.7
  home: home.example.org
  certificate: ops.example.org
  allow: [198.51.100.0/24]
  tools: { s3: { name: s3.example.org, port: 7070 } }
"""
SERVICES = """
  api: { host: a5, image: protostar/api, compose: compose/a5/api.yml, port: 3000 }
  web: { host: a5, image: protostar/web, compose: compose/a5/web.yml, port: 3000, route: / }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout of compose/ alone: nginx's files have tests of their own."""
    shutil.copytree(COMPOSE, tmp_path / "compose")
    text = f"project: shop\nhosts: {{ {HOSTS} }}\nservices: {SERVICES}ops: {OPS}"
    (tmp_path / "protostar.yml").write_text(text)
    return tmp_path


def target(folder: Path, server: str, environ: dict[str, str]) -> Target:
    return target_of(load(folder / "protostar.yml", {}), folder, server, environ)


def in_files(server: str) -> set[str]:
    """Secrets that stand in files, or are files of their own."""
    texts = (path.read_text() for path in (COMPOSE / server).rglob("secrets/*.j2"))
    return {name for text in texts for name in re.findall(r'secret\("(\w+)"\)', text)}


def environ(server: str) -> dict[str, str]:
    return {name: f"of-{name.lower()}" for name in required(server) | in_files(server)}


@pytest.mark.parametrize("server", SERVERS)
def test_it_brings_the_servers_own_services_and_none_of_a_deploy(folder: Path, server: str) -> None:
    found = target(folder, server, environ(server))
    own = {each.name for each in services(server) if each.file in included(server)}
    assert set(found.services) == own
    assert not {"compose/api.yml", "compose/web.yml"} & set(found.files)


@pytest.mark.parametrize("server", ["a5", "centre"])
def test_it_names_all_secrets_that_are_missing(folder: Path, server: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        target(folder, server, {})
    secret = [name for name in required(server) if name.endswith(("PASSWORD", "SECRET_KEY"))]
    secret += in_files(server)
    assert [name for name in secret if name not in refused.value.error] == []


@pytest.mark.parametrize(
    ("server", "file", "service"),
    [
        ("a5", "redis/queue.conf", "queue"),
        ("a5", "postgres/postgresql.conf", "postgres"),
        ("a5", "postgres/setup.sql", "postgres-setup"),
        ("centre", "store/policies/static.json", "s3-setup"),
        ("centre", "jenkins/casc/jenkins.yaml", "jenkins"),
        ("centre", "jenkins/engine/Caddyfile", "build-engine"),
        ("centre", "prometheus/rules/hosts.yml", "prometheus"),
        ("centre", "alertmanager/secrets/alertmanager.yml", "alertmanager"),
        ("centre", "grafana/dashboards/hosts.json", "grafana"),
        ("a5", "collector/secrets/prometheus.yml", "collector"),
        ("a5", "gateway-exporter/gateway.mtail", "gateway-exporter"),
    ],
)
def test_a_changed_file_makes_only_its_own_service_anew(
    folder: Path, server: str, file: str, service: str
) -> None:
    before = target(folder, server, environ(server))
    changed = {**before.files, f"compose/{file}": before.files["compose/.env"]}
    after = service_digests(changed)
    assert [name for name in after if after[name] != before.services[name]] == [service]
