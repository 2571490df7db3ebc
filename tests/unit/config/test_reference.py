"""protostar.example.yml and the schema say what the models say."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from pyhelpers.config.explain import model_at
from pyhelpers.config.loading import load, parse
from pyhelpers.config.model import Config
from pyhelpers.config.schema import SCHEMA_FILE, json_schema
from tests.unit.config.cases import Case, read_cases
from tests.unit.config.walk import every_key_path

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "protostar.example.yml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
ONE_OF_TWO = [("Host", "ssh"), ("Service", "host"), ("Service", "hosts")]


def fields_of(model: type[BaseModel], seen: set[type[BaseModel]]) -> list[tuple[str, str]]:
    """(model, field) of `model` and of every model below it."""
    if model in seen:
        return []
    seen.add(model)
    found = [(model.__name__, name) for name in model.model_fields]
    for name, field in model.model_fields.items():
        for path in ((name,), (name, "x")):
            inner = model_at(model, path)
            found += fields_of(inner, seen) if inner else []
        assert field.description, f"{model.__name__}.{name} has no description"
    return found


def shown_fields() -> dict[tuple[str, str], FieldInfo]:
    """(model, field) of every key of the example."""
    found = {}
    for path in every_key_path(DOCUMENT):
        owner = model_at(Config, path[:-1])
        if owner is not None:
            name = str(path[-1])
            found[owner.__name__, name] = owner.model_fields[name]
    return found


def test_the_example_is_right() -> None:
    config = load(EXAMPLE, {"NOTIFY_URL": "https://hooks.example/x"})
    assert {service.kind for service in config.services.values()} == {"http", "worker"}


def test_the_example_shows_every_field_of_every_model() -> None:
    everything = fields_of(Config, set())
    assert len(everything) > 40
    assert set(everything) == set(shown_fields())


def fields_with_a_default() -> list[tuple[str, str]]:
    """Less those that the example tells in words: sections, and what is said in one of two ways."""
    told = (BaseModel, dict, type(PydanticUndefined))
    return [
        place
        for place, field in sorted(shown_fields().items())
        if not isinstance(field.default, told) and place not in ONE_OF_TWO
    ]


@pytest.mark.parametrize("place", fields_with_a_default(), ids=".".join)
def test_the_example_states_the_default_of_every_field(place: tuple[str, str]) -> None:
    assert written(shown_fields()[place].default) in defaults_stated(place[1])


def defaults_stated(name: str) -> list[str | None]:
    """What the comment above each key called `name` says after "Default:"."""
    comments = re.findall(rf"((?:^ *#.*\n)+) *{name}:", TEXT, flags=re.MULTILINE)
    found = [re.search(r"Default: (\S+)$", comment.rstrip()) for comment in comments]
    return [match and match[1] for match in found]


def written(value: object) -> str:
    """A default as the example writes it."""
    if isinstance(value, (str, PurePosixPath)):
        return str(value)
    if isinstance(value, float) and value.is_integer() and value > 1:
        return str(int(value))
    return json.dumps(value)


def test_the_schema_in_the_checkout_is_current() -> None:
    current = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    stored = (ROOT / SCHEMA_FILE).read_text(encoding="utf-8")
    assert stored == current, "run: protostar config schema --write"


def test_an_editor_finds_the_schema_from_the_example() -> None:
    assert TEXT.startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")


def test_the_schema_accepts_the_example_as_it_is_written() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.Draft202012Validator(json_schema()).validate(DOCUMENT)


def test_the_schema_accepts_a_reference_wherever_a_text_may_stand() -> None:
    text = TEXT.replace("project: protostar", "project: ${P}").replace("deploy@a5.lan", "${U}@a5")
    jsonschema.Draft202012Validator(json_schema()).validate(yaml.safe_load(text))
    environ = {"P": "shop", "U": "deploy", "NOTIFY_URL": "https://hooks.example/x"}
    assert parse(text, "protostar.yml", environ).hosts["a5"].ssh == "deploy@a5"


def schema_can_tell() -> list[Case]:
    """Bad files that a schema can judge: it knows no 3000.0, and nothing of a secret's text."""
    return [
        case
        for case in read_cases()
        if case.name.startswith(("types:", "texts:"))
        and "with a point" not in case.name
        and "webhook that is no URL" not in case.name
    ]


@pytest.mark.parametrize("case", schema_can_tell(), ids=lambda case: case.name)
def test_the_schema_refuses_what_the_models_refuse(case: Case) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    assert not validator.is_valid(yaml.safe_load(case.text))
