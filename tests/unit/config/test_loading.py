"""A file becomes a configuration with every default, or is refused before it does harm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest
from pydantic import ValidationError

from pyhelpers.config.loading import check_files, load, parse
from pyhelpers.config.model import Config, Gateway, Host, Service
from pyhelpers.config.proof import Bake, Ready, Verify
from pyhelpers.errors import ConfigurationError
from tests.unit.config.cases import HEAD, service_text


def config_of(text: str, **environ: str) -> Config:
    return parse(text, "protostar.yml", environ)


def service_of(lines: str, **environ: str) -> Service:
    return config_of(service_text(lines), **environ).services["api"]


def refusal(path: Path) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as refused:
        load(path, {})
    return refused.value


def test_the_shortest_file_has_a_safe_default_for_everything_else() -> None:
    config = config_of(service_text(""))
    assert config == Config(
        project="shop",
        hosts={"a5": Host(local=True, root=PurePosixPath("/srv/protostar"))},
        gateways={
            "gateway": Gateway(
                container="gateway", network="protostar_edge", private_port=8081, public_port=80
            )
        },
        services={
            "api": Service(
                host="a5",
                kind="http",
                image="shop/api",
                compose="api.yml",
                compose_service="app",
                port=3000,
                ready=Ready(path="/health/ready", timeout_s=120, release_header="X-Release"),
                gateway="gateway",
                route=None,
                before_switch=[],
                before_switch_timeout_s=600,
                replicas=1,
                drain_s=60,
                stop_grace_s=10,
                verify=Verify(answers=10),
                bake=Bake(for_s=30, max_5xx_percent=1, min_errors=5, min_requests=20),
                keep_warm=False,
                keep_releases=5,
                memory_mb=None,
            )
        },
    )
    assert config.registry is None
    assert config.notify is None
    assert config.services["api"].marker


def test_a_gateway_without_a_container_has_its_own_name() -> None:
    config = config_of(service_text("gateway: edge", "gateways: { edge: { public_port: 8080 } }"))
    assert config.gateways == {"edge": Gateway(container="edge", public_port=8080)}


def test_durations_take_parts_of_a_second_and_whole_ones() -> None:
    service = service_of("drain_s: 0.5\nstop_grace_s: 3")
    assert (service.drain_s, service.stop_grace_s) == (0.5, 3.0)


@pytest.mark.parametrize("word", ["true", "yes", "on", "True", "YES"])
def test_a_yes_may_be_written_in_several_ways(word: str) -> None:
    assert service_of(f"keep_warm: {word}").keep_warm


def test_null_says_that_there_is_none() -> None:
    service = service_of("ready: { release_header: null }\nroute: ~")
    assert service.ready.release_header is None
    assert service.route is None


def test_text_in_quotes_stays_text() -> None:
    hook = service_of("""before_switch: [["sleep", "3", 'yes', "null", plain words]]""")
    assert hook.before_switch == [["sleep", "3", "yes", "null", "plain words"]]


def test_two_services_may_share_a_route_on_two_hosts() -> None:
    also = "  web: { host: b, image: w, compose: w.yml, port: 1, route: / }"
    text = service_text("route: /", also).replace("hosts:", "hosts:\n  b: { local: true }")
    assert config_of(text).services["web"].route == "/"


def test_a_service_runs_on_one_host_or_on_several_in_their_order() -> None:
    assert service_of("").host_names == ("a5",)
    text = service_text("parallel: 2").replace("host: a5", "hosts: [b, a5]")
    service = config_of(text.replace("hosts:\n", "hosts:\n  b: { local: true }\n")).services["api"]
    assert service.host_names == ("b", "a5")
    assert service.on("b").host_names == ("b",)
    assert (service.parallel, service.on("b").parallel) == (2, 1)


def test_a_worker_may_say_that_it_knows_no_marker() -> None:
    assert not service_of("kind: worker\nmarker: false").marker


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("deploy@a5.lan", ("deploy", "a5.lan", 0)),
        ("deploy@a5:2222", ("deploy", "a5", 2222)),
        ("d-e.p_1@10.0.0.5:65535", ("d-e.p_1", "10.0.0.5", 65535)),
        ("deploy@[fe80::1]:22", ("deploy", "fe80::1", 22)),
        ("a5", ("", "a5", 0)),
    ],
)
def test_an_ssh_target_leaves_user_and_port_to_ssh_config_when_it_names_none(
    target: str, parts: tuple[str, str, int]
) -> None:
    text = service_text("").replace("local: true", f'ssh: "{target}"')
    assert config_of(text).hosts["a5"].ssh_parts() == parts


def test_a_local_host_has_no_ssh_target() -> None:
    assert Host(local=True).ssh_parts() is None


def test_a_reference_is_filled_from_the_environment_it_is_given() -> None:
    lines = 'before_switch: [["${A}", "x${A}${B:-b}y", "${C:-}", "$${A}", "$A", "${D:-d e}"]]'
    assert service_of(lines, A="1", D="").before_switch == [["1", "x1by", "", "${A}", "$A", "d e"]]


def test_what_a_reference_brings_is_not_read_again() -> None:
    hook = service_of('before_switch: [["${A}"]]', A="${B}: [x]", B="b")
    assert hook.before_switch == [["${B}: [x]"]]


def test_models_cannot_be_changed() -> None:
    config = config_of(service_text(""))
    with pytest.raises(ValidationError, match="frozen"):
        config.services["api"].drain_s = 3  # type: ignore[misc] # that it is refused is the test


def test_models_made_in_python_keep_the_same_agreements() -> None:
    service = Service(host="a6", image="shop/api", compose="api.yml", port=1)
    with pytest.raises(ValidationError, match=r"services\.api\.host: must name one of the hosts"):
        Config(project="shop", hosts={"a5": Host(local=True)}, services={"api": service})


def test_problems_are_told_in_the_order_of_the_file_up_to_a_limit() -> None:
    lines = "\n".join(f"xyzzy{number}: 1" for number in range(70))
    with pytest.raises(ConfigurationError) as refused:
        config_of(service_text(lines))
    told = refused.value.error.splitlines()
    assert [line.split(":")[1] for line in told[:50]] == [str(9 + n) for n in range(50)]
    assert told[50:] == ["protostar.yml: and 20 more"]


# Files


def test_the_path_is_named_as_it_was_given(tmp_path: Path) -> None:
    file = tmp_path / "my shop.yml"
    file.write_text("projekt: shop\n", encoding="utf-8")
    error = refusal(file)
    assert error.error.startswith(f"{file}:1: hosts: is missing")
    assert error.try_ == f"protostar config check '{file}'"


def test_a_missing_file_says_how_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    error = refusal(Path("protostar.yml"))
    assert error.error == "protostar.yml: there is no such file"
    assert error.try_ == "cp protostar.example.yml protostar.yml"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    error = refusal(tmp_path)
    assert error.error == f"{tmp_path}: cannot be read: Is a directory"
    assert error.try_ == f"ls -ld {tmp_path}"


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "protostar.yml"
    file.write_text(service_text(""), encoding="utf-8-sig")
    assert load(file, {}).project == "shop"


def test_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "protostar.yml"
    file.write_bytes(service_text("").replace("\n", "\r\n").encode())
    assert load(file, {}).project == "shop"


def test_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "protostar.yml"
    file.write_bytes(b"project: shop\n# Zur\xfcck\n")
    assert refusal(file).error == f"{file}:2: is not UTF-8 (byte 0xfc)"


def test_ten_megabytes_are_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "protostar.yml"
    file.write_bytes(b"- x\n" * (10 * 1024 * 1024 // 4))
    assert refusal(file).error == f"{file}: is 10.0 MiB; at most 1 MiB is read"


def test_a_file_without_end_is_refused() -> None:
    # In a process of its own with little memory: reading on would take all that the machine has.
    program = """
import pathlib, resource
resource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))
from pyhelpers.config import load
load(pathlib.Path("/dev/zero"), {})
"""
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "Error: /dev/zero: is 1.0 MiB; at most 1 MiB is read" in done.stderr


def test_a_text_that_is_too_large_is_refused_without_a_file() -> None:
    with pytest.raises(ConfigurationError, match=r"protostar\.yml: is 1\.2 MiB; at most 1 MiB"):
        config_of("#" * (1024 * 1024 * 12 // 10))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("bomb", ["[", "- ", "{a: ", "? ", "{!a a: ", "a: &a ", "!"])
def test_a_megabyte_of_openings_ends_in_an_error(bomb: str) -> None:
    with pytest.raises(ConfigurationError):
        config_of(bomb * (1024 * 1024 // len(bomb)))


@pytest.mark.timeout(20)
def test_thousands_of_unknown_keys_end_in_a_short_error() -> None:
    keys = "".join(f"k{number:06}: 1\n" for number in range(20_000))
    with pytest.raises(ConfigurationError) as refused:
        config_of(HEAD + keys)
    assert len(refused.value.error) < 20_000


def test_a_compose_file_must_lie_beside_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "protostar.yml"
    file.write_text(service_text(""), encoding="utf-8")
    config = load(file, {})
    with pytest.raises(ConfigurationError) as refused:
        check_files(config, file)
    assert refused.value.error == f"{file}:7: services.api.compose: there is no file api.yml"
    (tmp_path / "api.yml").touch()
    check_files(config, file)


def test_a_stack_is_a_folder_with_a_compose_file_and_its_secrets_lie_where_they_are_said_to(
    tmp_path: Path,
) -> None:
    file = tmp_path / "protostar.yml"
    more = "{ local: true, stack: compose/a5, secrets: a5.sops.yml }"
    file.write_text(service_text("").replace("{ local: true }", more), encoding="utf-8")
    (tmp_path / "api.yml").touch()
    config = load(file, {})
    with pytest.raises(ConfigurationError) as refused:
        check_files(config, file)
    assert refused.value.error.splitlines() == [
        f"{file}:3: hosts.a5.secrets: there is no file a5.sops.yml",
        f"{file}:3: hosts.a5.stack: there is no file compose/a5/compose.yml",
    ]
