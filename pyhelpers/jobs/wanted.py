"""The models of jobs/*.yml → options in the shape in which they are read from the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyhelpers.jobs.definition import Credential, Kind, Wanted
from pyhelpers.jobs.model import Folder, Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pyhelpers.jobs.loading import Jobs
    from pyhelpers.jobs.model import Item


def wanted(jobs: Jobs) -> dict[str, Wanted]:
    """By full name, a folder before what is in it."""
    return {name: _wanted(jobs.installation, name, item) for name, item in jobs.items.items()}


def credentials(jobs: Jobs) -> Iterator[Credential]:
    """What folders are to hold."""
    for folder, item in jobs.items.items():
        for id_, told in item.credentials.items() if isinstance(item, Folder) else ():
            user = told.user or ""
            yield Credential(folder, id_, told.kind, user, told.from_file, told.description)


def _wanted(installation: str, name: str, item: Item) -> Wanted:
    if isinstance(item, Folder):
        # Its credentials are not in what is compared: they have a store of their own.
        return Wanted(name, Kind.FOLDER, item.model_dump(exclude={"credentials"}))
    options: dict[str, Any] = item.model_dump()
    if not isinstance(item, Pipeline):
        # With another id Jenkins takes every branch for a new one, and builds it again.
        options["scm"]["id"] = f"{installation}-{name.replace('/', '-')}"
        return Wanted(name, Kind.MULTIBRANCH, options)
    asked = options["parameters"].items()
    options["parameters"] = {each: _parameter(parameter) for each, parameter in asked}
    # Jenkins has one property for both: without it builds run at once.
    options["abort_previous"] = item.abort_previous and not item.concurrent
    return Wanted(name, Kind.PIPELINE, options)


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """Only what its kind has."""
    kind, default = parameter["kind"], parameter["default"]
    told = {"kind": kind, "description": parameter["description"]}
    if kind == "choice":
        return {**told, "choices": parameter["choices"]}
    if kind == "boolean":
        return {**told, "default": default is True}
    trim = {"trim": parameter["trim"]} if kind == "string" else {}
    return {**told, "default": default, **trim}
