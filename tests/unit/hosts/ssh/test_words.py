"""Whatever the words of a command are, a shell on the host hands them on as they are."""

from __future__ import annotations

import json
import subprocess
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pyhelpers.config.loading import parse
from pyhelpers.config.model import Config
from pyhelpers.deploy import commands, end, log_stream
from pyhelpers.deploy.doctor import service as service_check
from pyhelpers.deploy.doctor.reading import Looker, read_machine
from pyhelpers.deploy.doctor.registry import examine_registry
from pyhelpers.deploy.images import commands as commands_of_images
from pyhelpers.deploy.model import Colour
from pyhelpers.deploy.prepare.model import ServerFacts, Wanted
from pyhelpers.deploy.prepare.reading import SBIN, read_server
from pyhelpers.deploy.prepare.steps import steps
from pyhelpers.errors import ConfigurationError
from pyhelpers.hosts.ssh import command, files
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import MemoryHost

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyhelpers.deploy.site import Site
    from pyhelpers.hosts.protocol import Host

# NUL cannot stand in an argument, and half of a surrogate pair is no text.
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
MEAN = st.text("'\"\\$`;&|<>(){}[]*?!#~=% \n\t-한a", max_size=12)
ARGVS = st.lists(WORDS | MEAN, max_size=6)
SHELLS = ["sh", "bash"]
TRAPS = [
    "$(touch /tmp/owned)",
    "`id`",
    "'; reboot; '",
    '"$HOME"',
    "a\nb",
    "-n",
    "--",
    "",
    "~root",
    "*",
    "!!",
    "\\",
]


def heard(shell: str, line: str) -> list[str]:
    """The words that arrive at a program that prints each with a NUL behind it."""
    done = subprocess.run([shell, "-c", line], capture_output=True, check=True, timeout=20)
    return done.stdout.decode().split("\0")[:-1]


def printed(words: list[str]) -> list[str]:
    # printf repeats its format for each word, and once for none.
    return ["printf", r"%s\0", *words]


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=120, deadline=None)
@given(words=ARGVS)
@example(words=TRAPS)
def test_words_arrive_as_they_were(shell: str, words: list[str]) -> None:
    assert heard(shell, command.line(printed(words))) == (words or [""])


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=60, deadline=None)
@given(words=ARGVS)
@example(words=TRAPS)
def test_words_arrive_as_they_were_with_a_deadline_around_them(
    shell: str, words: list[str]
) -> None:
    assert heard(shell, command.bounded(printed(words), 10)) == (words or [""])


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("script", "status"),
    [("exit 0", 0), ("exit 3", 3), ("exec no-such-program", 127), ("kill -9 $$", 137)],
)
def test_a_status_comes_of_every_end(shell: str, script: str, status: int) -> None:
    line = command.bounded(["sh", "-c", script], 10)
    assert subprocess.run([shell, "-c", line], check=False, timeout=20).returncode == status


@pytest.mark.parametrize("shell", SHELLS)
def test_what_the_shells_themselves_say_is_no_output_of_the_command(shell: str) -> None:
    line = command.bounded(["sh", "-c", "echo out; echo err >&2; kill -9 $$"], 10)
    done = subprocess.run([shell, "-c", line], capture_output=True, check=False, timeout=20)
    assert (done.stdout, done.stderr) == (b"out\n", b"err\n")


@pytest.mark.parametrize("shell", SHELLS)
def test_stdin_goes_through_to_the_command(shell: str) -> None:
    line = command.bounded(["cat"], 10)
    done = subprocess.run([shell, "-c", line], input=b"\0data", capture_output=True, check=True)
    assert done.stdout == b"\0data"


@pytest.mark.parametrize(("deadline_s", "word"), [(0.5, "0.5"), (30.0, "30"), (21600.0, "21600")])
def test_the_deadline_is_written_as_timeout_reads_it(deadline_s: float, word: str) -> None:
    assert command.bounded(["true"], deadline_s) == (
        f"exec sh -c '{command.STATUS}' run timeout --kill-after=2 {word} true"
    )


# --- what the deploy says ---------------------------------------------------------------------

NAMES = WORDS | MEAN
PATHS = NAMES.map(lambda name: PurePosixPath("/srv") / name.replace("/", "_"))


DOCTORED = Config.model_validate(
    {
        "project": "shop",
        "hosts": {"a5": {"ssh": "deploy@a5"}, "a6": {"ssh": "deploy@a6"}},
        "registry": {"address": "reg.lan:5000", "reach": "direct"},
        "services": {"api": {**builders.OF_THE_SERVICE, "host": "a6"}},
    }
)


def built(root: PurePosixPath, service: str, image: str, words: list[str]) -> dict[str, list[str]]:
    """Each builder of commands, with names that no protostar.yml would be let through with."""
    v2 = builders.release("5f2d90aa13bc")
    green = Colour.GREEN
    return {
        "guard": commands.guard(root, root / "guard.sh", service, image, service, 5),
        "fenced": commands.fenced(root, service, image, words, 9.0),
        "compose": commands.compose(root, service, v2, green, *words),
        "up": commands.up(root, service, v2, green, 2, image),
        "hook": commands.hook(root, service, v2, green, image, 1, words),
        "pull": commands.pull(image),
        "tag": commands.tag(image, service, image),
        "remove": commands.remove_containers([service, image]),
        "wait": commands.wait_for(service),
        "facts": commands.machine_facts(image, root),
        "logs": log_stream.read_logs([service, image], 7, follow=True),
        "signal": end.signalling(service, 4711, image),
        **of_images(root, service, image),
        **of_files(root, service, image),
        **of_prepare(root, service, image),
        **of_the_doctor(root, image),
    }


def of_images(root: PurePosixPath, service: str, image: str) -> dict[str, list[str]]:
    folder = commands_of_images.incoming(root, service)
    return {
        "pull as": commands_of_images.pull_as(image, service),
        "chains": commands_of_images.layer_chains(),
        "load": commands_of_images.load(folder),
        "checksum": commands_of_images.checksum(folder),
        "remove path": commands_of_images.remove(folder),
        "free": commands_of_images.free_bytes(folder),
        "untag": commands_of_images.untag(image),
    }


def of_files(root: PurePosixPath, service: str, image: str) -> dict[str, list[str]]:
    path = root / service.replace("/", "_")
    return {
        "place": files.placing(path / image.replace("/", "_"), path),
        "make": files.making(path),
        "append": files.appending(path, 7),
    }


def of_prepare(root: PurePosixPath, service: str, image: str) -> dict[str, list[str]]:
    """All steps of a new server, and the looks at it."""
    host = MemoryHost()
    wanted = Wanted(service, root, image)
    read_server(cast("Host", host), wanted, SBIN)
    made = [list(each.argv) for step in steps(ServerFacts(), wanted) for each in step.commands]
    return {f"prepare {number}": argv for number, argv in enumerate(made + host.ran)}


def of_the_doctor(root: PurePosixPath, image: str) -> dict[str, list[str]]:
    """What it types on a host whose folders are these, and whose registry is that."""
    host = MemoryHost()
    host.root, host.ends = root, lambda argv: (0, "")
    looker = Looker(cast("Host", host), DOCTORED, lambda: 0.0)
    read_machine(looker)
    direct = DOCTORED.registry.model_copy(update={"address": image})  # type: ignore[union-attr]  # it has one
    said = DOCTORED.model_copy(update={"registry": direct})
    list(examine_registry(said, cast("Host", host)))
    list(service_check._tools(cast("Site", SimpleNamespace(host=host, name=image))))
    return {f"doctor {number}": argv for number, argv in enumerate(host.ran)}


@settings(max_examples=40, deadline=None)
@given(root=PATHS, service=NAMES, image=NAMES, words=ARGVS)
@example(root=PurePosixPath("/srv/$(id)"), service="`id`", image="'; id; '", words=TRAPS)
def test_every_command_of_a_deploy_reaches_its_program_word_for_word(
    root: PurePosixPath, service: str, image: str, words: list[str]
) -> None:
    argvs = built(root, service, image, words)
    # One shell for all of them: each is printed as it would be run.
    script = "\n".join(command.line(printed(argv)) for argv in argvs.values())
    assert heard("sh", script) == [word for argv in argvs.values() for word in argv]


def scripts(argv: list[str]) -> list[str]:
    """The program texts in it, wherever a shell is called."""
    shells = (["sh", "-c"], ["bash", "-c"])
    return [argv[at + 2] for at in range(len(argv)) if argv[at : at + 2] in shells]


@pytest.mark.parametrize("spell", TRAPS[:5])
def test_scripts_of_ours_take_names_as_arguments_and_never_as_program_text(spell: str) -> None:
    """`sh -c SCRIPT name …`: the script's text is the same, whatever the names are."""
    bad = built(PurePosixPath("/srv") / spell.replace("/", "_"), spell, spell, [spell])
    good = built(PurePosixPath("/srv"), "api", "x", ["y"])
    assert {name: scripts(argv) for name, argv in bad.items()} == {
        name: scripts(argv) for name, argv in good.items()
    }
    assert sum(len(scripts(argv)) for argv in good.values()) >= 20


@pytest.mark.parametrize(
    "spell", ["$(echo owned >&2)", "`echo owned >&2`", "'; echo owned >&2; '", '";echo owned >&2;"']
)
def test_scripts_of_ours_run_nothing_that_stands_in_a_name(spell: str) -> None:
    argv = commands.machine_facts(spell, PurePosixPath("/nowhere") / spell.replace("/", "_"))
    done = subprocess.run(
        ["sh", "-c", command.line(argv)], capture_output=True, text=True, check=False, timeout=20
    )
    assert "owned" not in done.stderr.splitlines()


# --- what protostar.yml may say ---------------------------------------------------------------

UNSAFE = st.sampled_from([*"'\"\\$`;&|<>(){}*?!# \n\t"])
FIELDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "service": lambda bad: {"services": {bad: {}}},
    "host": lambda bad: {"hosts": {bad: {"local": True}}},
    "ssh": lambda bad: {"hosts": {"a5": {"ssh": f"deploy@{bad}"}}},
    "user": lambda bad: {"hosts": {"a5": {"ssh": f"{bad}@a5"}}},
    "root": lambda bad: {"hosts": {"a5": {"local": True, "root": f"/srv/{bad}"}}},
    "image": lambda bad: {"services": {"api": {"image": bad}}},
    "compose_service": lambda bad: {"services": {"api": {"compose_service": bad}}},
    "gateway": lambda bad: {"gateways": {"gateway": {"container": bad}}},
    "network": lambda bad: {"gateways": {"gateway": {"network": bad}}},
    "registry": lambda bad: {"registry": {"address": f"{bad}:5000", "reach": "direct"}},
}


def problems(document: dict[str, Any]) -> str:
    """JSON is YAML, and spells every character."""
    try:
        parse(json.dumps({"project": "shop", **document}), "protostar.yml", {})
    except ConfigurationError as refused:
        return refused.error
    return ""


@pytest.mark.parametrize("field", FIELDS)
@settings(max_examples=25, deadline=None)
@given(before=st.sampled_from(["", "api", "x.y"]), bad=UNSAFE, after=st.sampled_from(["", "x"]))
def test_names_with_a_meaning_for_a_shell_are_refused_before_anything_is_done(
    field: str, before: str, bad: str, after: str
) -> None:
    assert "must be" in problems(FIELDS[field](before + bad + after))
    # With a good name the rest of the file is complained of, or nothing: it was the name.
    assert "must be" not in problems(FIELDS[field]("api"))
