"""The parameters of a pipeline, out of its XML. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.jobs.elements import class_name, flag, members, text

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

    from pyhelpers.jobs.definition import Option

_DEFINITIONS = "properties/hudson.model.ParametersDefinitionProperty/parameterDefinitions"


def parameters(root: Element) -> dict[str, Option]:
    """By name, in the order in which Jenkins asks."""
    return {text(each, "name"): _parameter(each) for each in members(root, _DEFINITIONS)}


def _parameter(node: Element) -> dict[str, Option]:
    description = text(node, "description")
    reader = _READERS.get(node.tag)
    if reader is None:
        # Nothing of its default: a password may be one.
        return {"kind": class_name(node.tag), "description": description}
    kind, options = reader(node)
    return {"kind": kind, "description": description, **options}


def _string(node: Element) -> tuple[str, dict[str, Option]]:
    return "string", {"default": text(node, "defaultValue"), "trim": flag(node, "trim")}


def _text(node: Element) -> tuple[str, dict[str, Option]]:
    return "text", {"default": text(node, "defaultValue")}


def _boolean(node: Element) -> tuple[str, dict[str, Option]]:
    return "boolean", {"default": flag(node, "defaultValue")}


def _choice(node: Element) -> tuple[str, dict[str, Option]]:
    # XStream has written lists of choices in several shapes; the texts are the same in all.
    found = node.find("choices")
    choices = [] if found is None else [each.text or "" for each in found.iter("string")]
    return "choice", {"choices": choices}


_READERS: dict[str, Callable[[Element], tuple[str, dict[str, Option]]]] = {
    "hudson.model.StringParameterDefinition": _string,
    "hudson.model.TextParameterDefinition": _text,
    "hudson.model.BooleanParameterDefinition": _boolean,
    "hudson.model.ChoiceParameterDefinition": _choice,
}
