"""The library's own files: what is generated is current, Groovy stays thin, all of it can load."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from bench.engine import CHECKOUT
from pyhelpers import __version__
from pyhelpers.library.files import VERSIONED, outdated, read_table, versioned
from pyhelpers.library.reference import placed, steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VARS = sorted((CHECKOUT / "vars").glob("*.groovy"))
CLASSES = sorted((CHECKOUT / "src").rglob("*.groovy"))
ALL = [*VARS, *CLASSES]
TABLE = read_table(CHECKOUT)
LONGEST = 25
PLAIN = "sh writeFile readFile dir node lock stage timeout withCredentials error git checkout pwd"
STEPS = [*PLAIN.split(), "milestone", "echo", "fileExists", "libraryResource", "archiveArtifacts"]
CALLS = re.compile(rf"(?<![\w.])(?:script\.)?({'|'.join(STEPS)})\s*[({{]|\bscript\.\w+\(")
LOOPS = re.compile(r"\.(each|eachWithIndex|collect|collectEntries|findAll|any|every|times)\s*\{")


def named(path: Path) -> str:
    return path.stem


# --- the rules, so that each can be shown to fail -----------------------------------------------


def methods(text: str) -> Iterator[tuple[str, str]]:
    """Head (with its annotation) and body of each method."""
    for found in re.finditer(
        r"((?:@NonCPS\n *)?[^\n=]*\([^\n]*\) \{\n)(.*?)\n( {0,4})\}", text, re.DOTALL
    ):
        if not found[1].lstrip().startswith(("if", "for", "while", "class")):
            yield found[1], found[2]


def long_methods(text: str) -> list[str]:
    return [head for head, body in methods(text) if body.count("\n") + 1 >= LONGEST]


def steps_without_cps(text: str) -> list[str]:
    return [head for head, body in methods(text) if "@NonCPS" in head and CALLS.search(body)]


def closure_loops_over_steps(text: str) -> list[str]:
    cps = [body for head, body in methods(text) if "@NonCPS" not in head]
    return [body for body in cps if (loop := LOOPS.search(body)) and CALLS.search(body, loop.end())]


def interpolated_scripts(text: str) -> list[str]:
    return re.findall(r"script: *\"[^\n]*|\bsh *\(?\"[^\n]*", text)


DEFECT = """class X {
    @NonCPS
    void one() {
        script.sh(script: 'true')
    }

    void two() {
        names.each { name -> script.echo(name) }
        script.sh(script: "rm ${name}")
    }
}
"""


def test_the_rules_find_what_breaks_them() -> None:
    assert len(steps_without_cps(DEFECT)) == 1
    assert len(closure_loops_over_steps(DEFECT)) == 1
    assert len(interpolated_scripts(DEFECT)) == 1
    assert long_methods("    void a() {\n" + "        x()\n" * 25 + "    }\n")


# --- held to them -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", VARS, ids=named)
def test_a_step_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < LONGEST


@pytest.mark.parametrize("path", ALL, ids=named)
def test_a_method_is_short(path: Path) -> None:
    assert long_methods(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", ALL, ids=named)
def test_no_step_is_called_where_there_is_no_continuation(path: Path) -> None:
    assert steps_without_cps(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", ALL, ids=named)
def test_no_closure_loops_over_steps(path: Path) -> None:
    assert closure_loops_over_steps(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", ALL, ids=named)
def test_nothing_is_put_into_a_script(path: Path) -> None:
    assert interpolated_scripts(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", CLASSES, ids=named)
def test_a_class_can_be_saved_with_the_build(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "implements Serializable" in text
    assert "serialVersionUID" in text


@pytest.mark.parametrize("path", CLASSES, ids=named)
def test_a_constructor_only_assigns(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for head, body in methods(text):
        if re.match(rf"\s*(private )?{path.stem}\(", head):
            assert all(re.match(r"\s*this\.\w+ = [\w.]+$", line) for line in body.splitlines())


def test_each_step_stands_in_the_table_and_has_its_help() -> None:
    assert [path.stem for path in VARS] == sorted(TABLE["steps"])
    assert [path.stem for path in sorted((CHECKOUT / "vars").glob("*.txt"))] == sorted(
        TABLE["steps"]
    )


def test_every_argument_of_the_table_is_taken_by_a_step() -> None:
    taken = {each.name for step in steps(TABLE) for each in step.arguments}
    assert taken == set(TABLE["arguments"])


def test_what_is_generated_is_current() -> None:
    """`protostar library write` makes it so."""
    assert list(outdated(CHECKOUT)) == []


def test_every_mention_of_the_version_follows_the_releases() -> None:
    """`@Library` of an older release, or an agent of one, would be noticed on a server only."""
    for name in VERSIONED:
        text = (CHECKOUT / name).read_text(encoding="utf-8")
        assert __version__ in text
        left = versioned(text, "9.8.7")
        assert not re.search(rf"(?<![\d.]){re.escape(__version__)}(?![\d.])", left), name


def test_no_other_file_names_a_version_of_the_library() -> None:
    argv = ["git", "-C", str(CHECKOUT), "grep", "-lE", r"@Library\('protostar@[0-9]"]
    listed = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20).stdout
    assert [n for n in listed.split() if n not in VERSIONED and not n.startswith("tests/")] == []


def test_a_document_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="steps"):
        placed("no marks", "steps", "text")


def test_no_link_is_in_the_checkout() -> None:
    """Jenkins refuses to load a library with one anywhere."""
    argv = ["git", "-C", str(CHECKOUT), "ls-files", "--stage"]
    listed = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20).stdout
    assert [line for line in listed.splitlines() if line.startswith("120000")] == []
