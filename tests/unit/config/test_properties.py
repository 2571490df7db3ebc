"""What holds for every file: a wrong key is named, and no secret is ever told."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pyhelpers.config.loading import parse
from pyhelpers.config.yaml_nodes import Loader
from pyhelpers.errors import ConfigurationError
from tests.unit.config.cases import read_cases
from tests.unit.config.walk import every_key_path, fields_at, replaced

PLANTED = "hunter2-c0ffee"
WHOLE: dict[str, Any] = {
    "project": "shop",
    "hosts": {"a5": {"ssh": "deploy@a5.lan", "root": "/srv/protostar"}},
    "registry": {"address": "registry.lan:5000", "reach": "tunnel"},
    "gateways": {"gateway": {"container": "gateway", "network": "edge"}},
    "services": {
        "api": {
            "host": "a5",
            "image": "shop/api",
            "compose": "api.yml",
            "port": 3000,
            "ready": {"path": "/ready", "timeout_s": 20},
            "gateway": "gateway",
            "route": "/",
            "before_switch": [["node", "migrate.js"]],
            "verify": {"answers": 3},
            "bake": {"for_s": 3},
        }
    },
    "notify": {"webhook": "${NOTIFY_URL}"},
}
ENVIRON = {"NOTIFY_URL": f"https://hooks.example/{PLANTED}", "PLANTED": PLANTED}

# No characters beyond U+FFFF: JSON writes them as two escapes, and YAML reads those as two.
keys = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,30}", fullmatch=True) | st.text(
    st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), min_size=1, max_size=80
)
values = st.recursive(
    st.sampled_from([None, True, -1, 0, 10**9, 0.5, "", "x", "A b", "${PLANTED}", "${NOTIFY_URL}"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("x"), inner, max_size=1),
    max_leaves=3,
)


def refusal(document: object) -> ConfigurationError | None:
    """JSON is YAML; so the lines are known: all is in line 1."""
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=True)
    try:
        parse(text, "protostar.yml", ENVIRON)
    except ConfigurationError as error:
        return error
    return None


def test_the_file_that_is_broken_here_is_right_before() -> None:
    assert refusal(WHOLE) is None


@settings(deadline=None)
@given(place=st.sampled_from(sorted(fields_at(WHOLE), key=str)), key=keys, value=values)
def test_a_single_unknown_key_is_named_with_its_path(
    place: tuple[str, ...], key: str, value: object
) -> None:
    known = fields_at(WHOLE)[place]
    if key in known:
        return
    error = refusal(replaced(WHOLE, (*place, key), value))
    assert error is not None
    (line,) = [told for told in error.error.splitlines() if "unknown key" in told]
    where = ".".join(place)
    assert line.startswith(f"protostar.yml:1: {where}{'.' if where else ''}")
    if key.isidentifier() and key.isascii() and len(key) <= 60:
        assert f"{key}: unknown key `{key}`; " in line


@settings(deadline=None, max_examples=300)
@given(path=st.sampled_from(sorted(every_key_path(WHOLE), key=str)), value=values)
def test_no_message_holds_what_came_from_the_environment(
    path: tuple[str | int, ...], value: object
) -> None:
    error = refusal(replaced(WHOLE, path, value))
    assert error is None or PLANTED not in str(error) + repr(error) + str(error.as_dict())


@settings(deadline=None, max_examples=300)
@given(path=st.sampled_from(sorted(every_key_path(WHOLE), key=str)), value=values)
def test_no_message_speaks_of_the_library_inside(
    path: tuple[str | int, ...], value: object
) -> None:
    error = refusal(replaced(WHOLE, path, value))
    if error is not None:
        for jargon in ("Input", "pydantic", "valid ", "instance", "str_type", "None", "dict"):
            assert jargon not in error.error


LITERAL = f"https://hooks.example/{PLANTED}"


@pytest.mark.parametrize(
    "line",
    [
        f"notify: {LITERAL}",
        f"notify: [{LITERAL}]",
        f"notify: {{ webhok: {LITERAL} }}",
        f"notify: {{ webhook: [{LITERAL}] }}",
        f"notify: {{ webhook: '{PLANTED}' }}",
        f"notify: {{ webhook: 'ftp://{PLANTED}' }}",
        f"notify: {{ webhook: 'https://hooks example/{PLANTED}' }}",
        f"notify: {{ {LITERAL} }}",
        f"notify: {{ webhook: !{PLANTED} x }}",
        f"notify: {{ webhook: !{PLANTED}!x y }}",
        f"notify: {{ webhook: *{PLANTED} }}",
        f"notify: {{ webhook: &{PLANTED} x }}",
        f"notify: {{ webhook: '{PLANTED} }}",
        f'notify: {{ webhook: "\\q{PLANTED}" }}',
        f"notify: {{ webhook: @{PLANTED} }}",
        f"notify: {{ webhook: x: {PLANTED} }}",
        f"notify: {{ webhook: ${{{PLANTED}}} }}",
        f'notify: {{ webhook: "${{-{PLANTED}}}" }}',
        f'notify: {{ webhook: "${{X:-{PLANTED}}}" }}',
        f'registry: {{ address: "{LITERAL}", reach: none }}',
        f"{LITERAL}",
        f"%TAG ! {PLANTED}",
    ],
)
def test_no_message_holds_a_secret_that_was_written_into_the_file(line: str) -> None:
    error = refusal(f"project: shop\n{line}\n")
    assert error is not None
    assert PLANTED not in str(error)


def test_no_case_of_the_tables_tells_a_planted_password() -> None:
    planted = [case for case in read_cases() if "hunter2" in case.text + str(case.environ)]
    assert len(planted) > 5
    told = [line for case in planted for line in case.lines]
    assert not [line for line in told if "hunter2" in line]


@settings(deadline=None)
@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]))
    | st.text(st.sampled_from("ab:-[]{}#&*!|>'\"%@`,?\n \t$\\0"), max_size=60)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    error = refusal(text)
    assert error is not None
    assert error.error.startswith("protostar.yml:")


@settings(deadline=None)
@given(st.text(st.sampled_from("ab:-[]{}#|>'\"?\n "), max_size=40))
def test_what_is_called_a_syntax_error_is_one(text: str) -> None:
    error = refusal(text)
    assert error is not None
    try:
        yaml.compose(text, Loader=Loader)
    except yaml.YAMLError:
        return
    assert "is not YAML" not in error.error
