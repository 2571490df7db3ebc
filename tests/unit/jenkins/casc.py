"""A JSON Schema out of what a controller said of its configuration: see tests/cases/jenkins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
CASES = CHECKOUT / "tests/cases/jenkins"
FOLDER = CHECKOUT / "compose/centre/jenkins"
RECORDED: dict[str, dict[str, Any]] = json.loads((CASES / "casc.recorded.json").read_text())
HOLES: dict[str, Any] = yaml.safe_load((CASES / "holes.yml").read_text())
ROOT = "#/definitions/"
# `jenkins:` is Jenkins itself, `credentials:` holds its provider, the others hold what is theirs.
TOP = {"jenkins": "jenkins/jenkins"}


def document() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "casc/jenkins.yaml").read_text())
    return found


def schema() -> dict[str, Any]:
    """Nothing is allowed of which nothing is known."""
    definitions = {
        f"{section}/{name}": _joined(section, each)
        for section, types in RECORDED.items()
        for name, each in types.items()
    }
    definitions |= HOLES["types"]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {section: _top(section) for section in RECORDED},
        "definitions": definitions,
    }


def _top(section: str) -> dict[str, Any]:
    if section in TOP:
        return _reference(TOP[section])
    known = {*RECORDED[section], *(k.split("/")[1] for k in HOLES["types"] if section in k)}
    names = {name: _reference(f"{section}/{name}") for name in known}
    return {"type": "object", "additionalProperties": False, "properties": names}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": ROOT + name.replace("/", "~1")}


def _joined(section: str, told: dict[str, Any]) -> dict[str, Any]:
    """The recorded type, with the types that it names."""
    if "oneOf" in told:
        return _choice(section, [name for each in told["oneOf"] for name in each["properties"]])
    properties = told.get("properties")
    if not properties:
        return _named(section, told["$id"]) if "$id" in told else told
    joined = {name: _property(section, name, each) for name, each in properties.items()}
    return {"type": "object", "additionalProperties": False, "properties": joined}


def _choice(section: str, names: list[str]) -> dict[str, Any]:
    """One of these, with its own settings or as its name alone."""
    known = [n for n in names if n in RECORDED[section] or f"{section}/{n}" in HOLES["types"]]
    one = {name: _reference(f"{section}/{name}") for name in known}
    with_settings = {
        "type": "object",
        "properties": one,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"oneOf": [{"enum": names}, with_settings]}


def _property(section: str, name: str, told: dict[str, Any]) -> dict[str, Any]:
    if told.get("type") != "array":
        return _joined(section, told)
    held = HOLES["lists"].get(f"{section}/{name}")
    items = _reference(held) if held else _joined(section, told["items"][0])
    return {"type": "array", "items": items}


def _named(section: str, id_: str) -> dict[str, Any]:
    """A class of which the export says the name alone."""
    class_ = id_.removeprefix(ROOT)
    simple = class_.replace("$", ".").rpartition(".")[2]
    name = HOLES["named"].get(class_, f"{section}/{simple[0].lower()}{simple[1:]}")
    known = name in HOLES["types"] or name.partition("/")[2] in RECORDED.get(section, {})
    return _reference(name) if known else {"not": {}}
