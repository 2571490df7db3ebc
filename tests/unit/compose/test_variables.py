"""What has to be set: said by Compose when it is not, shown by the example, given by sync."""

from __future__ import annotations

import re

import pytest

from tests.unit.compose import files

VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(:[-?])?([^}]*)\}")
SECRET = re.compile(r"(PASSWORD|SECRET_KEY)$")


def variables(server: str) -> list[tuple[str, str, str]]:
    """Name, `:-` or `:?`, and what follows, of the server's own stack."""
    texts = (files.text(server, file) for file in files.included(server))
    lines = (line.partition("#")[0] for text in texts for line in text.splitlines())
    return [each.groups() for line in lines for each in VARIABLE.finditer(line)]  # type: ignore[misc]  # re knows not how many


def required(server: str) -> set[str]:
    return {name for name, kind, _ in variables(server) if kind == ":?"}


def assigned(server: str, file: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in files.text(server, file).splitlines())
    return {name: value for name, sign, value in pairs if sign and re.fullmatch(r"\w+", name)}


every_server = pytest.mark.parametrize("server", files.SERVERS)


@every_server
def test_each_has_a_default_or_says_what_it_is(server: str) -> None:
    for name, kind, words in variables(server):
        assert kind in (":-", ":?"), name
        assert kind == ":-" or len(words.split()) > 2, name


@every_server
def test_no_secret_has_a_default(server: str) -> None:
    assert [n for n, kind, _ in variables(server) if kind == ":-" and SECRET.search(n)] == []


@every_server
def test_the_example_sets_what_must_be_set(server: str) -> None:
    assert set(assigned(server, f"{server}.example.env")) == required(server)


@pytest.mark.parametrize("server", ["a5", "centre"])
def test_sync_sets_it_too_and_takes_every_secret_from_outside_git(server: str) -> None:
    rendered = assigned(server, ".env.j2")
    assert set(rendered) == required(server)
    secrets = {name: value for name, value in rendered.items() if SECRET.search(name)}
    assert secrets == {name: f'{{{{ secret("{name}") }}}}' for name in secrets}


@every_server
def test_what_may_be_set_and_is_shown_exists(server: str) -> None:
    shown = re.findall(r"^#(\w+)=", files.text(server, f"{server}.example.env"), flags=re.MULTILINE)
    assert set(shown) <= {name for name, *_ in variables(server)}
