"""What makes a service another one, and so has its container made anew."""

from __future__ import annotations

import json

import pytest
import yaml

from pyhelpers.sync import compose, lint
from pyhelpers.sync.model import File, Files

DATA = """\
services:
  db:
    image: postgres:${PG_VERSION:-18}
    env_file: [{path: db.env}]
    configs: [tuning]
    volumes: ["./init:/init:ro", "data:/var/lib/postgresql"]
    healthcheck: {test: [cat, /etc/protostar/current/compose/probe.sh]}
  other: {image: x}
volumes: {data: {name: pgdata}, unused: {}}
configs: {tuning: {file: ./pg.conf}}
"""


def stack(data: str = DATA, **changed: str) -> Files:
    texts = {
        "compose.yml": "include: [data.yml, {path: [gateway.yml]}]\n",
        "data.yml": data,
        "gateway.yml": "services: {gateway: {image: n, labels: [org.protostar.nginx=8081], "
        "command: [nginx, -c, /etc/protostar/current/nginx/nginx.conf]}}\n",
        "db.env": "A=1\n",
        "pg.conf": "x\n",
        "init/one.sql": "x\n",
        "probe.sh": "x\n",
        ".env": "PG_VERSION=18\nUNUSED=1\n",
        **changed,
    }
    files = {f"compose/{name}": File(text.encode()) for name, text in texts.items()}
    return {**files, "nginx/nginx.conf": File(b"x")}


def changed(before: Files, after: Files) -> set[str]:
    old, new = compose.service_digests(before), compose.service_digests(after)
    return {name for name in old if old[name] != new[name]}


@pytest.mark.parametrize("name", ["db.env", "pg.conf", "init/one.sql", "probe.sh"])
def test_a_file_that_it_names_by_whatever_way(name: str) -> None:
    assert changed(stack(), stack(**{name: "other\n"})) == {"db"}


def test_a_variable_that_it_takes_and_no_other() -> None:
    assert changed(stack(), stack(**{".env": "PG_VERSION=19\nUNUSED=1\n"})) == {"db"}
    assert changed(stack(), stack(**{".env": "PG_VERSION=18\nUNUSED=2\n"})) == set()


def test_a_volume_that_it_mounts_and_no_other() -> None:
    assert changed(stack(), stack(DATA.replace("pgdata", "other"))) == {"db"}
    assert changed(stack(), stack(DATA.replace("unused: {}", "unused: {name: u}"))) == set()


def test_its_own_definition_and_no_comment() -> None:
    assert changed(stack(), stack(DATA.replace("image: x", "image: y"))) == {"other"}
    assert changed(stack(), stack("# more\n" + DATA)) == set()


def test_nginx_files_are_reloaded_and_make_nothing_anew() -> None:
    assert changed(stack(), {**stack(), "nginx/nginx.conf": File(b"y")}) == set()


def test_the_override_is_what_compose_reads_and_gives_the_digests_back() -> None:
    digests = compose.service_digests(stack())
    text = compose.override(digests)
    document = yaml.safe_load(text)
    assert document["services"]["db"]["labels"] == {"org.protostar.config": digests["db"]}
    assert compose.digests_in({compose.OVERRIDE: File(text)}) == digests


def test_fixed_names_with_their_variables_filled_in() -> None:
    data = "services: {a: {container_name: '${A:-one}-x'}, b: {container_name: two}, c: {}}\n"
    assert compose.container_names(stack(data)) == {"one-x", "two"}
    assert compose.container_names(stack(data, **{".env": "A=1\n"})) == {"1-x", "two"}


def port(published: str, address: str = "", protocol: str = "tcp") -> dict[str, str]:
    return {"published": published, "host_ip": address, "protocol": protocol, "target": "80"}


@pytest.mark.parametrize(
    ("one", "two", "clash"),
    [
        (port("80"), port("80"), True),
        (port("80", "127.0.0.1"), port("80", "127.0.0.1"), True),
        (port("80", "127.0.0.1"), port("80"), True),
        (port("80", "127.0.0.1"), port("80", "10.0.0.1"), False),
        (port("53"), port("53", protocol="udp"), False),
        (port("80"), port("81"), False),
    ],
)
def test_two_services_on_one_port(one: dict[str, str], two: dict[str, str], *, clash: bool) -> None:
    model = json.loads(json.dumps({"services": {"a": {"ports": [one]}, "b": {"ports": [two]}}}))
    told = lint.port_clashes(model)
    assert told == ([f"services a and b both want port {one['published']}"] if clash else [])
