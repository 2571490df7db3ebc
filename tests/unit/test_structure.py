"""The house: who may import whom, how long things are, who prints, and that every help helps."""

from __future__ import annotations

import ast
import statistics
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

import pyhelpers
from pyhelpers import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(pyhelpers.__file__).parent
# What may import what. A room imports only from rooms on floors below its own.
FLOORS = [
    {"errors"},
    {"clock", "console", "exposition", "interrupts", "steps"},
    {"config"},
    {"hosts"},
    {"deploy", "sync", "backup", "build", "certs", "jobs", "library"},
]
PURE = [
    f"pyhelpers.deploy.{name}"
    for name in (
        *("model", "marker", "compose_file", "release", "commands", "history"),
        *("versions", "preflight", "room", "plan", "verdict", "report", "log_stream", "metrics"),
        *(f"prepare.{each}" for each in ("model", "steps", "script", "key", "daemon")),
        *("prepare.sessions", "prepare.packages", "machine"),
        *(f"doctor.{each}" for each in ("model", "ports", "verdicts", "leftovers")),
        *("images.names", "images.manifest", "images.layers", "images.commands"),
    )
] + [
    f"pyhelpers.sync.{name}"
    for name in (
        *("model", "digest", "env_file", "compose", "lint", "commands", "history", "looking"),
        *("drift", "plan", "diff", "report"),
    )
]
PURE += [
    f"pyhelpers.jobs.{name}"
    for name in (
        *("definition", "mark", "crossings", "elements", "reading", "parameters"),
        *("differences", "plan", "needs", "answers", "report"),
    )
]
PURE += [
    *(
        f"pyhelpers.build.{name}"
        for name in ("model", "names", "commands", "plan", "progress", "report")
    ),
    *(
        f"pyhelpers.backup.{name}"
        for name in (
            *("model", "snapshots", "commands", "placing", "counts"),
            *("answers", "metrics", "report"),
        )
    ),
    *(f"pyhelpers.certs.{name}" for name in ("model", "commands", "metrics", "report")),
]
PURE += ["pyhelpers.exposition"]
PURE += [f"pyhelpers.library.{name}" for name in ("request", "outcome", "page", "reference")]
# Values without a life of their own, that pure modules may hold.
PURE_VALUES = {
    *("pyhelpers.errors", "pyhelpers.config.secret", "pyhelpers.config.crossings"),
    *("pyhelpers.config.lookup", "pyhelpers.exposition", "pyhelpers.steps"),
    *("pyhelpers.deploy", "pyhelpers.sync", "pyhelpers.jobs", "pyhelpers.build"),
    *("pyhelpers.backup", "pyhelpers.certs", "pyhelpers.library"),
}
# What a pure module may run. Everything else could touch the world, or read its clock.
PURE_LIBRARY = {
    *("__future__", "base64", "collections", "configparser", "dataclasses", "datetime"),
    *("difflib", "enum", "functools", "hashlib", "html", "ipaddress", "itertools", "json"),
    *("posixpath", "re", "shlex", "textwrap", "typing", "xml", "yaml"),
}
LONGEST_MODULE = 250
WIDEST_HELP = 100


@dataclass(frozen=True)
class Module:
    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else ""

    @property
    def composes(self) -> bool:
        """`cli.py` or `cli/`, of a room or of the house, and what starts it."""
        parts = self.name.split(".")
        return "cli" in parts or parts[-1] == "__main__"


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> tuple[Module, ...]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(Module(name_of(path), path, text, ast.parse(text)))
    return tuple(found)


def named(module: Module) -> str:
    return module.name


MODULES = modules()


# --- imports ----------------------------------------------------------------------------------


def imports(node: ast.AST, *, types_too: bool) -> Iterator[str]:
    """Full names that are imported below `node`, in functions too; with `from x import y`, x.y."""
    for child in ast.iter_child_nodes(node):
        if not types_too and is_type_checking(child):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "relative imports hide the floor"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        else:
            yield from imports(child, types_too=types_too)


def is_type_checking(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    )


def home(imported: str) -> str:
    """The module that an imported name belongs to: `pyhelpers.deploy.model.Facts` → …model."""
    known = {module.name for module in MODULES}
    parts = imported.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((name for name in names if name in known), parts[0])


def ours(module: Module, *, types_too: bool = True) -> set[str]:
    found = {home(name) for name in imports(module.tree, types_too=types_too)}
    return {name for name in found if name.split(".")[0] == "pyhelpers"} - {module.name}


def others(module: Module, *, types_too: bool = False) -> set[str]:
    found = {home(name) for name in imports(module.tree, types_too=types_too)}
    return {name for name in found if name.split(".")[0] != "pyhelpers"}


def floor(room: str) -> int:
    return next(level for level, rooms in enumerate(FLOORS) if room in rooms)


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_runs_nothing_that_touches_the_world(name: str) -> None:
    module = next(each for each in MODULES if each.name == name)
    assert others(module) <= PURE_LIBRARY
    assert ours(module, types_too=False) <= {*PURE, *PURE_VALUES}


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_opens_nothing_and_reads_no_clock(name: str) -> None:
    module = next(each for each in MODULES if each.name == name)
    called = {called_name(node) for node in ast.walk(module.tree) if isinstance(node, ast.Call)}
    assert not called & {"open", "print", "input", "exec", "eval", "__import__", "now", "utcnow"}


def called_name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


@pytest.mark.parametrize("module", [m for m in MODULES if m.room not in ("", "cli")], ids=named)
def test_a_room_imports_only_from_the_floors_below(module: Module) -> None:
    for name in ours(module):
        room = name.split(".")[1] if "." in name else ""
        if room in ("", module.room) or (room == "cli" and module.name.endswith("__main__")):
            continue
        assert floor(room) < floor(module.room), f"{module.name} imports {name}"


@pytest.mark.parametrize("module", [m for m in MODULES if not m.composes], ids=named)
def test_only_the_command_line_composes(module: Module) -> None:
    """It alone knows which kind of host there is, speaks to a person, and reads arguments."""
    if module.name not in ("pyhelpers.hosts.local", "pyhelpers.console"):
        assert not ours(module) & {"pyhelpers.hosts.local", "pyhelpers.console"}
    if module.name != "pyhelpers.config.options":
        assert "click" not in {name.split(".")[0] for name in others(module, types_too=True)}


def test_nothing_imports_a_command_line_but_a_command_line() -> None:
    for module in MODULES:
        if not module.composes:
            assert not [name for name in ours(module) if "cli" in name.split(".")], module.name


# --- size -------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_module_can_be_read_at_one_sitting(module: Module) -> None:
    assert len(module.text.splitlines()) < LONGEST_MODULE


def functions() -> dict[str, int]:
    """Lines of body, without the docstring, of every function."""
    return {
        f"{module.name}.{node.name}:{node.lineno}": body_lines(node)
        for module in MODULES
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_are_short() -> None:
    lengths = functions()
    longest = sorted(lengths, key=lambda name: -lengths[name])[: len(lengths) // 10 + 1]
    offenders = {name: lengths[name] for name in longest if lengths[name] >= 20}
    assert statistics.median(lengths.values()) <= 6
    assert sum(length < 20 for length in lengths.values()) >= 0.9 * len(lengths), offenders


def test_the_measure_counts_what_stands_between_docstring_and_end() -> None:
    text = 'def f():\n    """One.\n\n    Two."""\n    a = 1\n\n    return a\n'
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    assert body_lines(function) == 3


# --- what is said -----------------------------------------------------------------------------


@pytest.mark.parametrize("module", [m for m in MODULES if m.name != "pyhelpers.console"], ids=named)
def test_nothing_prints_but_the_console(module: Module) -> None:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            assert called_name(node) not in ("print", "echo", "secho"), f"line {node.lineno}"
        if isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr"):
            assert getattr(node.value, "id", "") != "sys", f"line {node.lineno}"


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_every_module_says_what_it_is_for(module: Module) -> None:
    assert ast.get_docstring(module.tree)


def commands(
    command: click.Command, *words: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from commands(child, *words, name)


COMMANDS = list(commands(cli.protostar))


def spoken(entry: object) -> str:
    return " ".join(entry) if isinstance(entry, tuple) else ""


def help_of(words: tuple[str, ...], option: str = "--help") -> str:
    told = CliRunner().invoke(cli.protostar, [*words, option], prog_name="protostar")
    assert told.exit_code == 0, told.output
    return told.output


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=spoken)
def test_every_command_has_a_help_that_fits(words: tuple[str, ...], command: click.Command) -> None:
    text = help_of(words)
    assert text.startswith(f"Usage: {' '.join(['protostar', *words])}")
    assert [line for line in text.splitlines() if len(line) > WIDEST_HELP] == []
    assert (command.help or "").strip()


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=spoken)
def test_a_command_that_takes_arguments_shows_an_example(
    words: tuple[str, ...], command: click.Command
) -> None:
    if any(isinstance(parameter, click.Argument) for parameter in command.params):
        text = help_of(words)
        assert "Example" in text
        assert f"protostar {' '.join(words)}" in text.split("Example", 1)[1]


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=spoken)
def test_every_option_says_what_it_does(words: tuple[str, ...], command: click.Command) -> None:
    options = [each for each in command.params if isinstance(each, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=spoken)
def test_a_groups_list_says_what_each_command_does_in_one_line(
    words: tuple[str, ...], command: click.Command
) -> None:
    short = command.get_short_help_str(limit=200)
    assert short
    assert not short.endswith("...")
    if words:
        assert words[-1] in help_of(words[:-1])


@pytest.mark.parametrize("words", [words for words, _ in COMMANDS], ids=spoken)
def test_h_is_help(words: tuple[str, ...]) -> None:
    assert help_of(words, "-h") == help_of(words)


END_TO_END = sorted(Path(__file__).parents[1].glob("e2e/test_*.py"))


@pytest.mark.parametrize("file", END_TO_END, ids=lambda file: file.stem)
def test_what_needs_an_engine_says_so(file: Path) -> None:
    """`script/test unit` must run where there is none."""
    assert "pytestmark" in file.read_text()
    assert "pytest.mark.e2e" in file.read_text()
