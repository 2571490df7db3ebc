"""What an item is, in the words of jobs/*.yml, wherever it was read from. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyhelpers.jobs.mark import Owner

Option: TypeAlias = "str | bool | int | list[str] | Mapping[str, Option] | None"
Options: TypeAlias = "Mapping[str, Option]"


class Kind(StrEnum):
    """As people call it."""

    FOLDER = "folder"
    CREDENTIAL = "credential"  # no item: it lies in a folder's store
    PIPELINE = "pipeline"
    MULTIBRANCH = "multibranch"


# The class that Jenkins's API names, and the root of the XML.
CLASSES = {
    "com.cloudbees.hudson.plugins.folder.Folder": Kind.FOLDER,
    "org.jenkinsci.plugins.workflow.job.WorkflowJob": Kind.PIPELINE,
    "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject": Kind.MULTIBRANCH,
}
ROOTS = {
    "com.cloudbees.hudson.plugins.folder.Folder": Kind.FOLDER,
    "flow-definition": Kind.PIPELINE,
    "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject": Kind.MULTIBRANCH,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item that jobs/*.yml declares."""

    name: str
    kind: Kind
    options: Options


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential that a folder is to hold. `from_file`: the variable that names its file."""

    folder: str
    id: str
    kind: str
    user: str
    from_file: str
    description: str = ""

    @property
    def name(self) -> str:
        """As people call it; no item has a colon in its name."""
        return f"{self.folder}:{self.id}"


@dataclass(frozen=True, slots=True)
class Listed:
    """An item that the server lists. `kind` None: nothing that we make."""

    name: str
    kind: Kind | None
    owner: Owner | None
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """What the XML of an item says. `kind` None: nothing that we make."""

    kind: Kind | None
    owner: Owner | None
    options: Options
