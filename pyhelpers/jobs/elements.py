"""Reading of XML as Jenkins stores it: what is not there has its default. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# Jenkins writes XML 1.1, which expat does not read; what differs from 1.0 are control characters.
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")


class NotXml(Exception):
    """This is nothing that Jenkins stores."""


def parse(text: str) -> Element:
    """Raises `NotXml`. A document type, which Jenkins never writes, is refused unread."""
    if "<!DOCTYPE" in text:
        raise NotXml("it has a document type")
    try:
        return ET.fromstring(_DECLARATION.sub("", text, count=1))  # noqa: S314 - no DTD, see above
    except ET.ParseError as wrong:
        raise NotXml(str(wrong)) from None


def with_properties(xml: str, there: str) -> str:
    """`xml` with the `<properties>` that the same item has there. Raises `NotXml`."""
    root, kept = parse(xml), parse(there).find("properties")
    if kept is not None:
        root.append(kept)
    return ET.tostring(root, encoding="unicode")


def text(node: Element, path: str) -> str:
    """'' where there is no such element. Line ends are those of YAML."""
    return (node.findtext(path) or "").replace("\r\n", "\n")


def optional(node: Element, path: str) -> str | None:
    return text(node, path) or None


def flag(node: Element, path: str) -> bool:
    return text(node, path).strip() == "true"


def limit(node: Element, path: str) -> int | None:
    """-1 and nothing at all are Jenkins's words for "no limit"."""
    found = re.fullmatch(r"[0-9]+", text(node, path).strip())
    return int(found[0]) if found else None


def members(node: Element, path: str) -> list[Element]:
    """What a list holds; an element per member, named after its class."""
    found = node.find(path)
    return [] if found is None else list(found)


def class_name(tag: str) -> str:
    """`hudson.triggers.TimerTrigger` → TimerTrigger."""
    return tag.rpartition(".")[2]
