"""The command line: exit codes, the three lines, the object, without an engine."""

from __future__ import annotations

import json
import shlex
import sys
from typing import TYPE_CHECKING

import click
import pytest

from pyhelpers import cli
from pyhelpers.config.options import complete_services
from pyhelpers.deploy import site
from pyhelpers.deploy.cli import several
from pyhelpers.deploy.site import Wanted
from pyhelpers.errors import Exit, LockedError, ProtostarError
from pyhelpers.hosts.cli import who
from tests.unit.deploy import builders

if TYPE_CHECKING:
    from pathlib import Path

    from pyhelpers.deploy.cli.single import How
    from pyhelpers.deploy.site import Site

CONFIG = """\
project: shop
hosts:
  a5: { local: true, root: %s }
  a6: { local: true, root: %s }
  far: { ssh: deploy@far.lan }
services:
  api: { host: a5, image: shop/api, compose: api.yml, port: 3000 }
  app: { host: far, image: shop/app, compose: app.yml, port: 3000 }
  web: { hosts: [a5, a6], image: shop/web, compose: web.yml, port: 3000 }
"""
RECORD = (
    '{{"id": "{id}", "action": "deploy", "who": "ann", "at": "2026-11-23T10:0{id}:00Z", '
    '"outcome": "done", "colour": "blue", '
    '"release": {{"id": "{id}", "image": "i", "label": "v{id}", "config_digest": ""}}}}\n'
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "protostar.yml"
    path.write_text(CONFIG % (tmp_path / "root", tmp_path / "root6"), encoding="utf-8")
    return path


def typed(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """`protostar ARGUMENTS`, and how it ended."""
    monkeypatch.setattr(sys, "argv", ["protostar", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def ends(problem: BaseException) -> click.Command:
    """A command that ends like this, with and without `--json`."""

    def callback(*, json: bool) -> None:
        raise problem

    return click.Command("x", callback=callback, params=[click.Option(["--json"], is_flag=True)])


class TestTheExitCode:
    @pytest.mark.parametrize("code", [code for code in Exit if code is not Exit.DONE])
    def test_is_the_failures_own(
        self, code: Exit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["protostar"])
        with pytest.raises(SystemExit) as ended:
            cli.run(ends(ProtostarError(error="no", state="as it was", exit_code=code)), "x")
        assert ended.value.code == code
        assert capsys.readouterr().err == "Error: no\nState: as it was\n"

    def test_is_130_when_a_question_is_broken_off(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["protostar"])
        with pytest.raises(SystemExit) as ended:
            cli.run(ends(KeyboardInterrupt()), "x")
        assert ended.value.code == 130
        assert "State: nothing was changed" in capsys.readouterr().err

    def test_is_1_for_what_nobody_expected_and_says_how_to_see_more(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["protostar"])
        monkeypatch.delenv("PROTOSTAR_DEBUG", raising=False)
        with pytest.raises(SystemExit) as ended:
            cli.run(ends(ZeroDivisionError("division by zero")), "x")
        assert ended.value.code == 1
        said = capsys.readouterr().err
        assert "Error: unexpected: ZeroDivisionError: division by zero" in said
        assert "PROTOSTAR_DEBUG=1" in said

    def test_an_end_of_file_that_nobody_expected_is_no_interruption(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["protostar"])
        monkeypatch.delenv("PROTOSTAR_DEBUG", raising=False)
        with pytest.raises(SystemExit) as ended:
            cli.run(ends(EOFError("the line")), "x")
        assert ended.value.code == 1
        assert "Error: unexpected: EOFError: the line" in capsys.readouterr().err

    def test_with_debug_it_is_the_traceback_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "argv", ["protostar"])
        monkeypatch.setenv("PROTOSTAR_DEBUG", "1")
        with pytest.raises(ZeroDivisionError):
            cli.run(ends(ZeroDivisionError()), "x")

    def test_is_an_object_with_json(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["protostar", "--json"])
        with pytest.raises(SystemExit) as ended:
            cli.run(ends(LockedError(error="by bo")), "x")
        assert ended.value.code == 5
        assert json.loads(capsys.readouterr().out)["exit_code"] == 5


class TestWhatIsTyped:
    @pytest.mark.parametrize(
        ("arguments", "code", "words"),
        [
            pytest.param(["deploy", "run"], 2, "Missing argument", id="too little"),
            pytest.param(["deploy", "fly", "api"], 2, "No such command", id="an unknown command"),
            pytest.param(["deploy", "run", "api", "v2", "--fast"], 2, "--fast", id="an option"),
            pytest.param(["deploy", "adopt", "api", "--colour", "red"], 2, "red", id="a colour"),
            pytest.param(["deploy", "plan", "apii", "v2"], 2, "no service `apii`", id="a service"),
            pytest.param(["deploy", "plan", "app", "v2"], 4, "far.lan", id="a far host"),
            pytest.param(
                ["deploy", "run", "web", "v2", "--host", "a7"],
                *(2, "web does not run on a host `a7`"),
                id="a host that it does not run on",
            ),
            pytest.param(
                ["deploy", "unlock", "web"], 2, "--host a5", id="which of several is to be unlocked"
            ),
            pytest.param(
                ["deploy", "logs", "web", "--tail", "-1"], 2, "--tail", id="less than no lines"
            ),
            pytest.param(
                ["deploy", "logs", "web"], 4, "no colour of web is live", id="no logs to show"
            ),
            pytest.param(
                ["deploy", "plan", "api", "v2"], 3, "api.yml cannot be read", id="no file"
            ),
        ],
    )
    def test_wrongly_is_said_with_its_code(
        self,
        arguments: list[str],
        code: int,
        words: str,
        file: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("PROTOSTAR_FILE", str(file))
        assert typed(monkeypatch, *arguments) == code
        assert words in capsys.readouterr().err

    def test_without_a_configuration_it_says_how_to_get_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("PROTOSTAR_FILE", str(tmp_path / "none.yml"))
        assert typed(monkeypatch, "deploy", "status", "api") == 3
        assert "Try: cp protostar.example.yml" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("option", "words", "reach"),
        [
            ([], ("run", "web", "v 2"), "tunnel"),
            (["--no-registry"], ("run", "web", "v 2", "--no-registry"), "none"),
        ],
    )
    def test_without_a_registry_the_processes_and_the_next_command_are_so_too(
        self,
        option: list[str],
        words: tuple[str, ...],
        reach: str,
        file: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with file.open("a", encoding="utf-8") as more:
            more.write("registry: { address: registry.lan:5000, reach: tunnel }\n")
        told: list[tuple[tuple[Site, ...], How]] = []
        wanted = Wanted(builders.plan().target, None, {})
        monkeypatch.setattr(site, "wanted_release", lambda _site, _version: wanted)
        monkeypatch.setattr(several, "bring", lambda sites, _, how: told.append((sites, how)))
        assert typed(monkeypatch, "deploy", "run", "web", "v 2", *option, "-f", file) == 0
        ((sites, how),) = told
        assert [one.config.registry and one.config.registry.reach for one in sites] == [reach] * 2
        assert how.words == (*words, "--expect")
        assert how.again == f"protostar deploy {shlex.join(words)} --only-failed"

    def test_a_history_that_is_empty_is_a_table_without_rows(
        self, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert typed(monkeypatch, "deploy", "history", "api", "-f", file) == 0
        assert capsys.readouterr().out.split()[0] == "when"
        assert typed(monkeypatch, "deploy", "history", "api", "--json", "-f", file) == 0
        assert json.loads(capsys.readouterr().out) == []

    def test_what_nobody_holds_need_not_be_unlocked(
        self, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert typed(monkeypatch, "deploy", "unlock", "api", "-f", file) == 0
        assert capsys.readouterr().out == "api is not locked\n"

    def test_a_history_of_several_hosts_is_one_by_time(
        self,
        file: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        for root, ids in (("root", (1, 4)), ("root6", (2, 3))):
            (tmp_path / root / "history").mkdir(parents=True)
            text = "".join(RECORD.format(id=each) for each in ids)
            (tmp_path / root / "history" / "web.jsonl").write_text(text, encoding="utf-8")
        assert typed(monkeypatch, "deploy", "history", "web", "-n", 3, "-f", file) == 0
        rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
        assert [(row[1], row[3]) for row in rows] == [("a6", "v2"), ("a6", "v3"), ("a5", "v4")]

    def test_a_host_that_cannot_be_read_does_not_hide_the_others(
        self,
        file: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        (tmp_path / "root6").mkdir()
        (tmp_path / "root6" / "format").write_text("2\n", encoding="utf-8")
        (tmp_path / "root" / "history").mkdir(parents=True)
        (tmp_path / "root" / "history" / "web.jsonl").write_text(RECORD.format(id=1), "utf-8")
        assert typed(monkeypatch, "deploy", "history", "web", "-f", file) == 4
        said = capsys.readouterr()
        assert [line.split()[1] for line in said.out.splitlines()] == ["host", "a5"]
        assert "Error: a6: the host's state has format 2" in said.err
        assert typed(monkeypatch, "deploy", "history", "web", "--json", "-f", file) == 4
        assert [each["host"] for each in json.loads(capsys.readouterr().out)] == ["a5"]

    def test_the_status_of_a_host_that_does_not_answer_is_a_row_that_says_so(
        self,
        file: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
        assert typed(monkeypatch, "deploy", "status", "web", "-f", file) == 4
        said = capsys.readouterr()
        rows = [line.split()[:3] for line in said.out.splitlines()[1:]]
        assert rows == [["web", "a5", "?"], ["web", "a6", "?"]]
        assert "a5: the engine does not answer" in said.out
        assert "Try: systemctl start docker" in said.err
        assert typed(monkeypatch, "deploy", "status", "web", "--json", "-f", file) == 4
        told = json.loads(capsys.readouterr().out)
        assert [(each["host"], each["live"]) for each in told] == [("a5", None), ("a6", None)]
        assert told[0]["problem"].startswith("a5: the engine does not answer")

    def test_nothing_is_left_on_the_host_by_looking(
        self, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        typed(monkeypatch, "deploy", "history", "api", "-f", file)
        assert not (tmp_path / "root").exists()


class TestWho:
    @pytest.mark.parametrize(
        ("told", "who_it_is"),
        [
            ("ann", "ann"),
            ("Kim Young-Hee", "Kim_Young-Hee"),
            ("ann; rm -rf /", "ann_rm_-rf_"),
            ('bo "x" \\', "bo_x_"),
            ("안나@lab", "안나@lab"),
        ],
    )
    def test_is_one_word_without_anything_to_quote(
        self, told: str, who_it_is: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PROTOSTAR_WHO", told)
        assert who() == who_it_is

    def test_is_the_user_and_the_machine_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("PROTOSTAR_WHO", raising=False)
        assert who().count("@") == 1


class TestCompletion:
    def complete(self, file: Path, incomplete: str) -> list[str]:
        context = click.Context(click.Command("x"))
        context.params["file"] = file
        return complete_services(context, click.Argument(["service"]), incomplete)

    def test_offers_the_services_of_the_file(self, file: Path) -> None:
        assert self.complete(file, "ap") == ["api", "app"]
        assert self.complete(file, "api") == ["api"]
        assert self.complete(file, "x") == []

    def test_does_not_break_the_prompt_over_a_bad_file(self, file: Path) -> None:
        file.write_text("services: [", encoding="utf-8")
        assert self.complete(file, "a") == []

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_is_a_script_for_each_shell(
        self, shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert typed(monkeypatch, "completion", shell) == 0
        assert "_PROTOSTAR_COMPLETE" in capsys.readouterr().out


def test_prepare_makes_the_user_that_a_deploy_comes_as(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """protostar.yml names a host only; ssh_config says who we are there."""
    file.write_text(file.read_text(encoding="utf-8").replace("deploy@far.lan", "far"))
    (tmp_path / "ssh_config").write_text("Host far\n  HostName 127.0.0.1\n  Port 1\n  User carol\n")
    monkeypatch.setenv("PROTOSTAR_SSH_CONFIG", str(tmp_path / "ssh_config"))
    assert typed(monkeypatch, "deploy", "prepare", "far", "-f", file) == 0
    assert "carol" in capsys.readouterr().out
