"""protostar.yml and the templates → the gateway's files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pyhelpers.config.model import Config
from pyhelpers.errors import ConfigurationError
from pyhelpers.sync.cli import group
from pyhelpers.sync.render import nginx_files, services_of
from tests.unit.deploy import builders

TEMPLATES = Path(__file__).parents[3] / "nginx"


def config(**services: dict[str, Any]) -> Config:
    return Config.model_validate(
        {
            "project": "shop",
            "hosts": {"a5": {"local": True}, "b6": {"ssh": "deploy@b6.lan"}},
            "gateways": {"gateway": {}, "other": {}},
            "services": {
                name.replace("_", "-"): {**builders.OF_THE_SERVICE, **changes}
                for name, changes in services.items()
            },
        }
    )


def rendered(**services: dict[str, Any]) -> dict[str, str]:
    files = nginx_files(config(**services), "a5", "gateway", TEMPLATES)
    return {name: data.decode() for name, data in files.items()}


FILES = rendered(api={"route": "/api/"}, ai_worker={"kind": "worker", "port": 8000})


class TestWhichServices:
    def test_those_of_this_host_and_gateway_only(self) -> None:
        told = config(api={}, web={"gateway": "other"}, far={"host": "b6"})
        assert [each["name"] for each in services_of(told, "a5", "gateway")] == ["api"]
        assert [each["name"] for each in services_of(told, "a5", "other")] == ["web"]
        assert [each["name"] for each in services_of(told, "b6", "gateway")] == ["far"]

    def test_one_on_several_hosts_is_behind_the_gateway_of_each(self) -> None:
        told = config(api={"host": None, "hosts": ["b6", "a5"]}, far={"host": "b6"})
        assert [each["name"] for each in services_of(told, "a5", "gateway")] == ["api"]
        assert [each["name"] for each in services_of(told, "b6", "gateway")] == ["api", "far"]

    def test_in_the_order_of_their_names(self) -> None:
        told = config(web={}, api={})
        assert [each["name"] for each in services_of(told, "a5", "gateway")] == ["api", "web"]

    def test_a_hyphen_becomes_what_nginx_allows_in_a_variable(self) -> None:
        (told,) = services_of(config(ai_worker={"port": 8000}), "a5", "gateway")
        assert told["name"] == "ai-worker"
        assert told["variable"] == "ai_worker"
        assert told["port"] == 8000


class TestTheFiles:
    def test_templates_are_rendered_and_the_rest_is_copied(self) -> None:
        assert not [name for name in FILES if name.endswith(".j2")]
        wanted = {path.name.removesuffix(".j2") for path in (TEMPLATES / "a5").iterdir()} | {
            f"mixins/{path.name}" for path in (TEMPLATES / "mixins").iterdir()
        }
        assert set(FILES) == wanted | {"digest.conf"}
        for name in ("nginx.conf", "mixins/proxy.conf"):
            folder = TEMPLATES if "/" in name else TEMPLATES / "a5"
            assert FILES[name] == (folder / name).read_text(encoding="utf-8")

    def test_nothing_of_the_template_is_left(self) -> None:
        for name, text in FILES.items():
            assert not re.search(r"\{\{|\{%|%\}", text), name

    def test_no_variable_of_nginx_has_a_hyphen(self) -> None:
        """nginx would read `$ai-worker_colour` as `$ai` and the rest as text."""
        for name, text in FILES.items():
            code = re.sub(r"#.*", "", text)
            assert not re.search(r"\$ai\b", code), name

    @pytest.mark.parametrize("colour", ["blue", "green"])
    @pytest.mark.parametrize(
        ("service", "variable", "port"), [("api", "api", 3000), ("ai-worker", "ai_worker", 8000)]
    )
    def test_every_service_has_an_upstream_for_each_colour(
        self, service: str, variable: str, port: int, colour: str
    ) -> None:
        text = FILES["services.conf"]
        assert f"upstream {variable}_{colour} {{" in text
        assert f"server {service}-{colour}:{port} resolve max_fails=0;" in text
        assert f"zone {variable}_{colour} 64k;" in text

    @pytest.mark.parametrize(("service", "variable"), [("api", "api"), ("ai-worker", "ai_worker")])
    def test_every_service_has_its_marker_tests_its_probe_and_its_name(
        self, service: str, variable: str
    ) -> None:
        colours, private = FILES["colours.conf"], FILES["private.conf"]
        tests = re.findall(rf"if \(-f /live/{service}\.(\w+)\)", colours)
        assert tests == ["blue", "green", "blue"]
        assert f"set ${variable}_colour" in colours
        assert f"^/-/probe/{service}/(?<wanted>blue|green)" in private
        assert f"^/-/live/{service}(?<path>/.*)$" in private
        assert f'"{service}":"${variable}_colour"' in private
        assert f"server_name {service};" in FILES["internal.conf"]

    def test_only_what_has_a_route_is_public(self) -> None:
        public = FILES["public.conf"]
        assert "location /api/ {" in public
        assert "ai-worker" not in public

    def test_the_facts_that_the_gateway_answers_are_json(self) -> None:
        private = FILES["private.conf"]
        (told,) = re.findall(r"return 200 '(.*?)'", private, re.DOTALL)
        assert json.loads(told.replace("$nginx_version", "1.30.6")) == {
            "nginx": "1.30.6",
            "services": {"ai-worker": "$ai_worker_colour", "api": "$api_colour"},
        }

    def test_braces_are_balanced(self) -> None:
        for name, text in FILES.items():
            code = re.sub(r"#.*", "", text)
            assert code.count("{") == code.count("}"), name


def locations(text: str) -> list[str]:
    return re.findall(r"location (\S+) \{", text)


class TestTheRoot:
    def test_without_a_service_there_it_is_a_404(self) -> None:
        assert locations(FILES["public.conf"]) == ["/api/", "/"]
        assert "location / { return 404; }" in FILES["public.conf"]

    def test_with_one_it_is_that_services(self) -> None:
        public = rendered(api={"route": "/"})["public.conf"]
        assert locations(public) == ["/"]
        assert "return 404" not in public

    def test_without_any_service_it_is_a_404_and_still_a_configuration(self) -> None:
        files = rendered(web={"gateway": "other"})
        assert locations(files["public.conf"]) == ["/"]
        assert "upstream" not in re.sub(r"#.*", "", files["services.conf"])


class TestTls:
    def test_without_it_port_80_serves(self) -> None:
        assert listeners(FILES["public.conf"]) == ["80 default_server"]
        assert "ssl" not in re.sub(r"#.*", "", FILES["public.conf"])

    def test_with_it_443_serves_and_80_sends_there(self) -> None:
        public = with_tls()["public.conf"]
        wanted = ["443 ssl default_server", "80 default_server", "80", "443 ssl"]
        assert listeners(public) == wanted
        assert locations(public) == ["/", "/api/", "/"]
        assert "return 308 https://$host$request_uri;" in public
        assert public.count("server_name shop.test www.shop.test;") == 2
        assert "ssl_certificate     /certificates/shop/fullchain.pem$read_anew;" in public

    def test_another_port_stands_in_what_80_sends_to(self) -> None:
        public = with_tls(port=8443)["public.conf"]
        assert "return 308 https://$host:8443$request_uri;" in public


def listeners(text: str) -> list[str]:
    return re.findall(r"^ *listen (.+);", text, re.MULTILINE)


def with_tls(**more: Any) -> dict[str, str]:
    tls = {"names": ["shop.test", "www.shop.test"], "certificate": "shop", **more}
    told = Config.model_validate(
        {
            **config(api={"route": "/api/"}).model_dump(exclude_unset=True),
            "gateways": {"gateway": {"tls": tls}},
        }
    )
    files = nginx_files(told, "a5", "gateway", TEMPLATES)
    return {name: data.decode() for name, data in files.items()}


class TestPathB:
    def test_the_proxy_knows_the_tools_names_and_no_other(self) -> None:
        text = path_b("proxy")["passthrough.conf"]
        assert listeners(text) == ["443 so_keepalive=on default_server", "443"]
        assert re.findall(r"server_name (.+);", text) == ["ci.test s3.test"]
        assert "server home.test:9999 resolve max_fails=0;" in text

    def test_centre_takes_who_comes_from_the_proxy(self) -> None:
        text = path_b("centre")["from-proxy.conf"]
        assert "set_real_ip_from 203.0.113.7;" in text
        assert re.search(r"default\s+0;\s+203\.0\.113\.7 1;", text)

    def test_every_tool_has_its_name_its_address_and_who_may(self) -> None:
        text = path_b("centre")["tools.conf"]
        assert re.findall(r"server_name (.+);", text) == ["ci.test", "s3.test"]
        assert re.findall(r"server (\S+:\d+) resolve", text) == ["jenkins:8080", "s3:7070"]
        assert re.findall(r"client_max_body_size (.+);", text) == ["20m", "0m"]
        allowed = re.findall(r"^ +(?:allow|deny) .+;", text, re.MULTILINE)
        assert [each.strip() for each in allowed] == ["allow 198.51.100.0/24;", "deny all;"] * 2
        assert text.count("if ($from_proxy = 0) { return 444; }") == 2

    @pytest.mark.parametrize(
        ("kind", "place"), [("centre", "from-proxy"), ("proxy", "passthrough")]
    )
    def test_without_it_in_the_configuration_the_template_says_so(
        self, kind: str, place: str
    ) -> None:
        with pytest.raises(ConfigurationError) as refused:
            nginx_files(config(api={}), "a5", "gateway", TEMPLATES, kind)
        words = rf"nginx/{kind}/{place}\.conf\.j2:\d+: protostar\.yml has no `ops`"
        assert re.match(words, refused.value.error)


def path_b(kind: str) -> dict[str, str]:
    ops = {
        "proxy_address": "203.0.113.7",
        "home": "home.test",
        "port": 9999,
        "certificate": "ops.test",
        "allow": ["198.51.100.0/24"],
        "tools": {
            "s3": {"name": "s3.test", "port": 7070, "max_body_mb": 0},
            "jenkins": {"name": "ci.test", "port": 8080},
        },
    }
    told = Config.model_validate({**config(api={}).model_dump(exclude_unset=True), "ops": ops})
    files = nginx_files(told, "a5", "gateway", TEMPLATES, kind)
    return {name: data.decode() for name, data in files.items()}


class TestTheCommand:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "protostar.yml"
        path.write_text(
            "project: shop\nhosts: { a5: { local: true } }\n"
            "services:\n  api: { host: a5, image: shop/api, compose: api.yml, port: 3000 }\n",
            encoding="utf-8",
        )
        return path

    def test_it_writes_the_files(self, file: Path, tmp_path: Path) -> None:
        to = tmp_path / "out"
        arguments = ["render", "a5", "--to", str(to), "--nginx", str(TEMPLATES), "-f", str(file)]
        told = CliRunner().invoke(group, arguments)
        assert told.exit_code == 0, told.output
        written = [path for path in to.rglob("*") if path.is_file()]
        assert f"{len(written)} files in {to}" in told.output
        assert "upstream api_blue" in (to / "services.conf").read_text(encoding="utf-8")

    def test_a_host_gets_what_its_stack_is(self, file: Path, tmp_path: Path) -> None:
        to, text = tmp_path / "out", file.read_text(encoding="utf-8")
        templates = tmp_path / "nginx"
        for kind in ("a5", "centre"):
            (templates / kind).mkdir(parents=True)
            (templates / kind / f"{kind}.conf").write_text("")
        file.write_text(text.replace("local: true", "local: true, stack: compose/centre"))
        arguments = ["render", "a5", "--to", str(to), "--nginx", str(templates), "-f", str(file)]
        assert CliRunner().invoke(group, arguments).exit_code == 0
        assert sorted(path.name for path in to.iterdir()) == ["centre.conf", "digest.conf"]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["a6"], "no host `a6`; one of: a5"),
            (["a5", "--gateway", "gatway"], "no gateway `gatway`; one of: gateway"),
        ],
    )
    def test_a_name_that_nobody_knows_writes_nothing(
        self, file: Path, tmp_path: Path, arguments: list[str], words: str
    ) -> None:
        to = tmp_path / "out"
        told = CliRunner().invoke(
            group,
            ["render", *arguments, "--to", str(to), "--nginx", str(TEMPLATES), "-f", str(file)],
        )
        assert told.exit_code == 2
        assert words in told.output
        assert not to.exists()
