"""`protostar config`, as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from pyhelpers.config.cli import group
from pyhelpers.config.schema import json_schema
from pyhelpers.errors import ConfigurationError
from tests.unit.config.cases import service_text

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://hooks.example/hunter2"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    text = service_text("", "notify:\n  webhook: ${NOTIFY_URL}")
    (tmp_path / "protostar.yml").write_text(text, encoding="utf-8")
    (tmp_path / "api.yml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTIFY_URL", URL)
    monkeypatch.delenv("PROTOSTAR_FILE", raising=False)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(group, words)


def test_check_says_what_is_right(folder: Path) -> None:
    result = run("check")
    assert result.exit_code == 0
    assert result.stdout == "protostar.yml is right: 1 service on 1 host\n"


def test_check_takes_another_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "protostar.yml").rename(folder / "shop.yml")
    assert run("check", "shop.yml").stdout.startswith("shop.yml is right")
    monkeypatch.setenv("PROTOSTAR_FILE", "shop.yml")
    assert run("check").stdout.startswith("shop.yml is right")


def test_check_names_what_is_wrong(folder: Path) -> None:
    (folder / "protostar.yml").write_text(service_text("replicas: 99"), encoding="utf-8")
    result = run("check")
    assert isinstance(result.exception, ConfigurationError)
    expected = "protostar.yml:9: services.api.replicas: must be at most 16, is 99"
    assert result.exception.error == expected


def test_check_misses_a_compose_file(folder: Path) -> None:
    (folder / "api.yml").unlink()
    result = run("check")
    assert isinstance(result.exception, ConfigurationError)
    assert result.exception.error.endswith("services.api.compose: there is no file api.yml")


def test_show_fills_in_the_defaults_and_masks_secrets(folder: Path) -> None:
    result = run("show")
    assert "    drain_s: 60.0\n" in result.stdout
    assert "webhook: '***'" in result.stdout
    assert "hunter2" not in result.output


def test_show_gives_one_json_object(folder: Path) -> None:
    shown = json.loads(run("show", "--json").stdout)
    assert shown["services"]["api"]["bake"]["min_errors"] == 5
    assert shown["notify"] == {"webhook": "***"}


def test_schema_is_printed(folder: Path) -> None:
    assert json.loads(run("schema").stdout) == json_schema()
    assert not (folder / "schema").exists()


def test_schema_is_written_and_nothing_else_is_left(folder: Path) -> None:
    for _ in range(2):
        assert run("schema", "--write").stdout == "schema/protostar.schema.json is current\n"
    written = (folder / "schema" / "protostar.schema.json").read_text(encoding="utf-8")
    assert json.loads(written) == json_schema()
    assert [file.name for file in (folder / "schema").iterdir()] == ["protostar.schema.json"]


@pytest.mark.parametrize("command", ["check", "show", "schema"])
def test_every_command_has_an_example_in_its_help(command: str) -> None:
    assert f"protostar config {command}" in run(command, "--help").stdout


def python(program: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter: in this one everything is imported already."""
    words = [sys.executable, "-c", program]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_help_does_not_wait_for_slow_imports() -> None:
    done = python(
        "import sys, pyhelpers.config.cli; print({'pydantic', 'yaml'} & set(sys.modules))"
    )
    assert done.stdout == "set()\n", done.stderr


@pytest.mark.parametrize("name", ["Config", "Secret", "Service", "load", "parse"])
def test_the_package_gives_its_names_at_first_use(name: str) -> None:
    done = python(f"import pyhelpers.config as c; print(c.{name}.__name__)")
    assert done.stdout == f"{name}\n", done.stderr


def test_the_package_has_no_other_names() -> None:
    done = python("import pyhelpers.config as c; c.nothing")
    assert "has no attribute 'nothing'" in done.stderr
