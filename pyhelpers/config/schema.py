"""The JSON Schema of protostar.yml, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyhelpers.config.model import Config

if TYPE_CHECKING:
    from pydantic import BaseModel

SCHEMA_FILE = "schema/protostar.schema.json"
# An editor sees the file before `${NAME}` is filled in.
_REFERENCE = r"\$\{"


def json_schema() -> dict[str, object]:
    """A JSON Schema (draft 2020-12) of the file as a person writes it."""
    return schema_of(Config)


def schema_of(model: type[BaseModel]) -> dict[str, object]:
    """The same for another kind of file."""
    schema = _tidy_mapping(model.model_json_schema(mode="validation"))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _tidy(value: object) -> object:
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    return _tidy_mapping(value) if isinstance(value, dict) else value


def _tidy_mapping(schema: dict[str, Any]) -> dict[str, object]:
    # Generated titles only repeat the key.
    kept = {key: _tidy(item) for key, item in schema.items() if not _is_title(key, item)}
    if isinstance(kept.get("pattern"), str):
        kept["pattern"] = f"({kept['pattern']})|{_REFERENCE}"
    if "patternProperties" in kept:
        # Without this a name that breaks the pattern would pass unseen.
        kept["additionalProperties"] = False
    return kept


def _is_title(key: str, item: object) -> bool:
    return key == "title" and isinstance(item, str)
