"""The JSON Schema of a file of jobs/, for editors."""

from __future__ import annotations

from pyhelpers.config.schema import schema_of
from pyhelpers.jobs.model import JobsFile

SCHEMA_FILE = "schema/jobs.schema.json"


def json_schema() -> dict[str, object]:
    """A JSON Schema (draft 2020-12) of one file as a person writes it."""
    return schema_of(JobsFile)
