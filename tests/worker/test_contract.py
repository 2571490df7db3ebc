"""What the backend is given is what the worker does."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from protostar_worker.contract import FOLDER, files
from protostar_worker.results import MEANINGS, ResultCode, envelope
from tests.worker.desk import ask_fields, document_fields


def validator(name: str) -> Any:
    schema = json.loads((FOLDER / "worker.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})


def test_the_files_are_current() -> None:
    for path, text in files().items():
        assert path.read_text(encoding="utf-8") == text, "python -m protostar_worker.contract"


def test_every_code_has_a_meaning_and_stands_in_the_types() -> None:
    assert set(MEANINGS) == set(ResultCode)
    types = (FOLDER / "worker.ts").read_text(encoding="utf-8")
    assert set(re.findall(r'^  (\w+): "\1",$', types, re.MULTILINE)) == set(ResultCode)


@pytest.mark.parametrize("code", ResultCode)
def test_an_envelope_is_what_the_schema_says(code: ResultCode) -> None:
    validator("Envelope").validate(envelope(code, {"a": 1}))


def test_payloads_are_what_the_schema_says() -> None:
    validator("Payload").validate(ask_fields("?"))
    validator("Payload").validate(document_fields())
    assert not validator("Payload").is_valid(ask_fields("?", extra=1))
