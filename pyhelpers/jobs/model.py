"""What jobs/*.yml says, as frozen models. `null` for a number of builds or days is "no limit".

docs/jobs.md is the reference: a test holds it and these fields together.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - pydantic reads it
from typing import Annotated, Literal

from pydantic import Field

from pyhelpers.config.proof import Part
from pyhelpers.config.rules import Slug  # noqa: TC001 - pydantic reads it
from pyhelpers.jobs.rules import (  # noqa: TC001 - pydantic reads them
    BranchName,
    CredentialId,
    Cron,
    FullName,
    Line,
    Lines,
    ParameterName,
    RemoteUrl,
    ScriptPath,
    TextOrBool,
    UserName,
)

Count = Annotated[int, Field(ge=1, le=100_000)]
ScanEvery = Literal["15m", "1h", "4h", "1d"]


class Shown(Part):
    """What every item has."""

    description: Lines = Field(default="", description="What people read on its page.")
    display_name: Line = Field(default="", description="Shown instead of its name; '': its name.")


class FolderCredential(Part):
    """A credential that only what lies in the folder can name. Its secret is never written here."""

    kind: Literal["ssh-key", "password", "text"] = Field(description="What Jenkins keeps it as.")
    user: UserName | None = Field(default=None, description="ssh-key and password: whose it is.")
    from_file: ParameterName = Field(
        description="The variable of the environment that names the file with the secret."
    )
    description: Line = Field(default="", description="What people read beside its id.")


class Folder(Shown):
    """A folder. Items in it are named folder/item."""

    credentials: Mapping[CredentialId, FolderCredential] = Field(
        default={}, description="By id; made where the folder has none of that id."
    )


class Keep(Part):
    """How long builds stay."""

    builds: Count | None = Field(default=50, description="So many; null: all of them.")
    days: Count | None = Field(default=None, description="So long; null: for ever.")
    artifact_builds: Count | None = Field(
        default=None, description="Artifacts of so many builds; null: as the builds."
    )
    artifact_days: Count | None = Field(
        default=None, description="Artifacts so long; null: as the builds."
    )


class Scm(Part):
    """The git repository with the Jenkinsfile."""

    url: RemoteUrl = Field(description="As the controller reaches it.")
    credentials: CredentialId | None = Field(
        default=None, description="The id of a credential in Jenkins; null: none."
    )
    branch: BranchName = Field(default="main", description="Which branch is built.")
    lightweight: bool = Field(
        default=True, description="Fetch the Jenkinsfile alone, before there is a workspace."
    )


class Parameter(Part):
    """What is asked before a build."""

    kind: Literal["string", "text", "boolean", "choice"] = Field(
        default="string", description="text: several lines."
    )
    default: TextOrBool = Field(
        default="", description="true or false for boolean; of a choice it is the first."
    )
    choices: list[Line] = Field(default=[], description="choice only: one of these.")
    trim: bool = Field(default=True, description="string only: cut blanks at both ends.")
    description: Lines = Field(default="", description="Shown beside the field.")


class Webhook(Part):
    """The generic webhook trigger: a POST from the git server starts a build."""

    token: CredentialId = Field(description="The id of a secret text in Jenkins; never the token.")
    matches: Line = Field(description="A regular expression over `text`; '': every call.")
    text: Line = Field(default="$REF", description="What is matched, with variables.")
    variables: Mapping[ParameterName, Line] = Field(
        default={"REF": "$.ref"}, description="Name: JSONPath into what was posted."
    )
    cause: Line = Field(default="Push to $REF", description="Shown as the build's cause.")


class Triggers(Part):
    """What starts a build by itself."""

    cron: Cron = Field(default="", description="Jenkins's cron lines; '': never.")
    webhook: Webhook | None = Field(default=None, description="A call from outside; null: none.")


class Pipeline(Shown):
    """A pipeline whose Jenkinsfile lies in a repository."""

    scm: Scm = Field(description="The repository.")
    script: ScriptPath = Field(default="Jenkinsfile", description="Its path in the repository.")
    parameters: Mapping[ParameterName, Parameter] = Field(
        default={}, description="Asked in this order."
    )
    triggers: Triggers = Field(default=Triggers(), description="What starts it by itself.")
    keep: Keep = Field(default=Keep(), description="How long builds stay.")
    concurrent: bool = Field(default=False, description="Two builds at once.")
    abort_previous: bool = Field(
        default=False, description="Without `concurrent`: a new build ends the one that runs."
    )
    disabled: bool = Field(default=False, description="Nothing starts it.")


class Source(Part):
    """The git repository whose branches are built."""

    url: RemoteUrl = Field(description="As the controller reaches it.")
    credentials: CredentialId | None = Field(
        default=None, description="The id of a credential in Jenkins; null: none."
    )
    include: Line = Field(default="*", description="Branches, blanks between, * for anything.")
    exclude: Line = Field(default="", description="Not these.")
    tags: bool = Field(default=False, description="Tags, too.")


class Orphans(Part):
    """What happens to the job of a branch that is gone."""

    builds: Count | None = Field(default=20, description="So many such jobs stay; null: all.")
    days: Count | None = Field(default=7, description="So long; null: for ever.")


class Multibranch(Shown):
    """A pipeline for each branch that has a Jenkinsfile."""

    scm: Source = Field(description="The repository.")
    script: ScriptPath = Field(default="Jenkinsfile", description="Its path in the repository.")
    scan_every: ScanEvery | None = Field(
        default="1d", description="Look for branches that often; null: never by itself."
    )
    orphans: Orphans = Field(default=Orphans(), description="Jobs of branches that are gone.")
    disabled: bool = Field(default=False, description="Nothing starts it.")


Item = Folder | Pipeline | Multibranch


class JobsFile(Part):
    """One file of jobs/*.yml."""

    installation: Slug = Field(description="Whose items these are; the same in every file.")
    folders: Mapping[FullName, Folder] = Field(default={}, description="By full name.")
    pipelines: Mapping[FullName, Pipeline] = Field(default={}, description="By full name.")
    multibranches: Mapping[FullName, Multibranch] = Field(default={}, description="By full name.")
