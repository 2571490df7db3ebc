"""A server → the plan for it, with what Jenkins lacks for it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyhelpers.errors import WrongUsage
from pyhelpers.jobs import needs
from pyhelpers.jobs.plan import Plan, plan_of, prune_plan, strays, to_read
from pyhelpers.jobs.wanted import wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyhelpers.jobs.definition import Wanted
    from pyhelpers.jobs.loading import Jobs
    from pyhelpers.jobs.server import Jenkins


@dataclass(frozen=True, slots=True)
class Outlook:
    """`problems` stop it, `warnings` do not."""

    installation: str
    wanted: Mapping[str, Wanted]
    plan: Plan
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def look(jenkins: Jenkins, jobs: Jobs, adopt: Sequence[str] = ()) -> Outlook:
    """What `apply` would do: a request for the list, three for what Jenkins has, one an item.

    `adopt`: full names that are taken over though they do not bear our mark. Raises `WrongUsage`
    for one that is not declared.
    """
    items = wanted(jobs)
    for name in adopt:
        if name not in items:
            raise WrongUsage(
                error=f"no file declares {name}, which --adopt names", try_="protostar jobs check"
            )
    listed = jenkins.items()
    names = to_read(items, listed, jobs.installation, adopt)
    problems, warnings = lacks(jenkins, items)
    read = {name: jenkins.definition(name) for name in names}
    plan = plan_of(items, listed, read, jobs.installation, adopt)
    warnings += strays(listed, jobs.installation)
    return Outlook(jobs.installation, items, plan, tuple(problems), tuple(warnings))


def look_for_unwanted(jenkins: Jenkins, jobs: Jobs, *, delete: bool) -> Outlook:
    """What `prune` would do: one request."""
    items = wanted(jobs)
    plan = prune_plan(items, jenkins.items(), jobs.installation, delete=delete)
    return Outlook(jobs.installation, items, plan)


def lacks(jenkins: Jenkins, items: Mapping[str, Wanted]) -> tuple[list[str], list[str]]:
    """What Jenkins does not have and an item needs; and what could not be looked at."""
    problems: list[str] = []
    warnings: list[str] = []
    plugins = jenkins.plugins()
    if plugins is None:
        warnings.append("the plug-ins were not checked: this needs Overall/SystemRead")
    else:
        problems += needs.lacking(needs.plugins(items.values()), plugins, "the plug-in")
    ids = needs.credentials(items.values())
    known = jenkins.credentials() if ids else set()
    if known is None:
        warnings.append("the credentials were not checked: this needs Credentials/View")
    else:
        absent = {name: users for name, users in ids.items() if name not in known}
        problems += needs.lacking(_not_in_folders(jenkins, absent), (), "the credential")
    return problems, warnings


def _not_in_folders(jenkins: Jenkins, absent: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Of each credential, the users that do not find it in a folder around them either."""
    stores: dict[str, set[str] | None] = {}

    def is_found(credential: str, name: str) -> bool:
        for folder in needs.folders_above(name):
            if folder not in stores:
                stores[folder] = jenkins.credentials(folder)
            if credential in (stores[folder] or ()):
                return True
        return False

    left = {
        credential: [name for name in users if not is_found(credential, name)]
        for credential, users in absent.items()
    }
    return {credential: users for credential, users in left.items() if users}
