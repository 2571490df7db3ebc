"""The command line: what is printed, the object, the exit codes, and that no secret is told."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from pyhelpers import cli
from tests.unit.jobs.server_double import ServerDouble, serving
from tests.unit.jobs.world import FULL, fresh_double

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Typed:
    """`protostar jobs ARGUMENTS`, as a person types it."""

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.folder, self._monkeypatch, self._capsys = folder, monkeypatch, capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "argv", ["protostar", "jobs", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = self._capsys.readouterr()
        assert "geheim" not in said.out + said.err
        return int(ended.value.code or 0), said.out, said.err

    def declare(self, data: object) -> None:
        self.folder.mkdir(exist_ok=True)
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
        (self.folder / "all.yml").write_text(text, encoding="utf-8")


@pytest.fixture
def server() -> Iterator[ServerDouble]:
    with serving(fresh_double()) as there:
        yield there


@pytest.fixture
def typed(
    server: ServerDouble,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Typed:
    monkeypatch.setenv("JENKINS_URL", server.url)
    monkeypatch.setenv("JENKINS_USER", "admin")
    monkeypatch.setenv("JENKINS_TOKEN", "geheim")
    monkeypatch.delenv("JENKINS_TOKEN_FILE", raising=False)
    monkeypatch.setenv("PROTOSTAR_JOBS", str(tmp_path / "jobs"))
    there = Typed(tmp_path / "jobs", monkeypatch, capsys)
    there.declare(FULL)
    return there


def without(name: str) -> dict[str, object]:
    pipelines = {key: value for key, value in FULL["pipelines"].items() if key != name}
    return {**FULL, "pipelines": pipelines}


def test_a_plan_an_apply_and_another(typed: Typed, server: ServerDouble) -> None:
    code, out, _ = typed("plan")
    assert code == 0
    assert out.splitlines()[:3] == [
        "shop: 6 to create",
        "+ create folder team",
        "+ create multibranch team/branches",
    ]
    assert server.jenkins.items == {}
    code, out, _ = typed("apply")
    assert code == 0
    assert "✓ create" in out
    assert out.endswith("Done: 6 of 6\n")
    assert typed("apply")[:2] == (0, "shop: nothing to do\n")


def test_a_difference_is_a_line(typed: Typed) -> None:
    typed("apply")
    pipelines = {**FULL["pipelines"], "team/plain": {"scm": {"url": "git@h:new.git"}}}
    typed.declare({**FULL, "pipelines": pipelines})
    code, out, _ = typed("plan")
    assert (code, out.splitlines()) == (
        0,
        [
            "shop: 1 to update",
            "~ update pipeline team/plain",
            "    scm.url: https://git.example/shop/plain.git → git@h:new.git",
        ],
    )


def test_with_exit_code_a_plan_says_whether_there_is_something_to_do(typed: Typed) -> None:
    assert typed("plan", "--exit-code")[0] == 4
    typed("apply")
    assert typed("plan", "--exit-code")[0] == 0


def test_the_same_as_one_object(typed: Typed) -> None:
    told = json.loads(typed("plan", "--json")[1])
    assert [each["name"] for each in told["actions"]][:2] == ["team", "team/branches"]
    done = json.loads(typed("apply", "--json")[1])
    assert done == told
    assert json.loads(typed("apply", "--json")[1]) == {
        "installation": "shop",
        "actions": [],
        "refused": {},
        "unwanted": [],
        "kept": {},
        "problems": [],
        "warnings": [],
    }


def test_what_is_in_the_way_is_shown_with_the_plan_and_as_three_lines(
    typed: Typed, server: ServerDouble
) -> None:
    server.jenkins.foreign("team", kind="folder")
    code, out, err = typed("plan")
    assert code == 4
    assert "+ create pipeline team/plain" in out
    assert err.splitlines() == [
        "Error: team was made by somebody else",
        "State: nothing was changed",
        "Try: protostar jobs apply --adopt team",
    ]
    code, out, _ = typed("plan", "--json")
    assert (code, json.loads(out)["refused"]) == (4, {"team": "was made by somebody else"})
    code, out, _ = typed("apply", "--json")
    assert (code, json.loads(out)["try"]) == (4, "protostar jobs apply --adopt team")
    assert typed("apply", "--adopt", "team")[0] == 0


def test_prune_disables_then_deletes(typed: Typed, server: ServerDouble) -> None:
    typed("apply")
    typed.declare(without("team/plain"))
    _, out, err = typed("plan")
    assert out == "shop: nothing to do\n"
    assert err == "Warning: no longer declared: team/plain; see protostar jobs prune\n"
    assert typed("prune", "--dry-run")[1].splitlines() == [
        "shop: 1 to disable",
        "- disable pipeline team/plain",
    ]
    assert "<disabled>false" in server.jenkins.items["team/plain"].xml
    assert typed("prune")[0] == 0
    assert "<disabled>true" in server.jenkins.items["team/plain"].xml
    _, out, _ = typed("prune")
    assert out.splitlines() == [
        "shop: nothing to do",
        "  keep team/plain: is disabled (protostar jobs prune --delete)",
    ]
    assert typed("prune", "--delete")[0] == 0
    assert "team/plain" not in server.jenkins.items


def test_what_stopped_on_the_way_ends_with_6(typed: Typed, server: ServerDouble) -> None:
    server.faults[7] = "503"
    code, _, err = typed("apply")
    assert code == 6
    assert err.splitlines() == [
        "Error: cannot create team/branches: Jenkins is starting, restarting or going down (503)",
        "State: 1 of 6 done; the same command goes on",
        "Try: the same command again, in a minute",
    ]
    assert typed("apply")[0] == 0


def test_a_deadline_is_for_each_request(typed: Typed, server: ServerDouble) -> None:
    server.faults[1] = "silence"
    code, _, err = typed("plan", "--deadline-s", "0.2")
    assert code == 4
    assert err.startswith("Error: cannot list the items: no whole answer within 0.2 s\n")


# --- who asks ------------------------------------------------------------------------------------


def test_all_that_the_environment_lacks_is_named_at_once(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JENKINS_URL", "JENKINS_USER", "JENKINS_TOKEN"):
        monkeypatch.delenv(name)
    code, _, err = typed("plan")
    assert code == 3
    assert [line.strip() for line in err.splitlines()[:3]] == [
        "Error: the environment has no JENKINS_URL",
        "the environment has no JENKINS_USER",
        "the environment has no JENKINS_TOKEN and no JENKINS_TOKEN_FILE",
    ]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("jenkins.lan", "JENKINS_URL must begin with https:// or http://"),
        ("https://ann:geheim@jenkins.lan", "JENKINS_URL must not hold a user or a password"),
    ],
)
def test_a_url_that_would_not_do(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    monkeypatch.setenv("JENKINS_URL", url)
    code, _, err = typed("plan")
    assert code == 3
    assert err.startswith(f"Error: {words}\n")


def test_a_token_may_stand_in_a_file(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("JENKINS_TOKEN")
    monkeypatch.setenv("JENKINS_TOKEN_FILE", str(tmp_path / "token"))
    assert typed("plan")[0] == 3
    (tmp_path / "token").write_text("geheim\n")
    assert typed("plan")[0] == 0


def test_a_wrong_token_is_not_told(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JENKINS_TOKEN", "wrong-geheim")
    code, _, err = typed("plan")
    assert code == 4
    assert "Jenkins does not know this user, or the token is not its (401)" in err


# --- without a Jenkins ---------------------------------------------------------------------------


def test_check_says_what_is_wrong_and_what_is_right(typed: Typed) -> None:
    assert typed("check") == (0, f"{typed.folder} is right: 6 items of shop\n", "")
    typed.declare({"installation": "shop", "folders": {"a b": {}}})
    code, _, err = typed("check")
    assert code == 3
    assert "folders.'a b': must be a name" in err


def test_render_prints_what_would_be_sent(typed: Typed) -> None:
    code, out, _ = typed("render", "team/plain")
    assert code == 0
    assert "<url>https://git.example/shop/plain.git</url>" in out
    assert "[protostar shop: team/plain]" in out
    assert typed("render", "nobody")[0] == 2


def test_schema_is_printed_and_written(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    printed = typed("schema")[1]
    assert typed("schema", "--write")[0] == 0
    written = (tmp_path / "schema" / "jobs.schema.json").read_text(encoding="utf-8")
    assert written == printed


def test_it_runs_as_a_module_and_help_imports_no_http() -> None:
    code = "import sys, runpy; sys.argv = ['x', '--help']\n"
    code += "try: runpy.run_module('pyhelpers.jobs', run_name='__main__')\n"
    code += "finally: print([m for m in ('requests', 'pydantic', 'jinja2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: python -m pyhelpers.jobs")
    assert done.stdout.endswith("[]\n")
