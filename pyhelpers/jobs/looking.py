"""A server → the plan for it, with what Jenkins lacks for it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyhelpers.errors import WrongUsage
from pyhelpers.jobs import needs
from pyhelpers.jobs.plan import Plan, plan_of, prune_plan, strays, to_read
from pyhelpers.jobs.stores import Storing, look_into_stores
from pyhelpers.jobs.wanted import wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyhelpers.jobs.definition import Wanted
    from pyhelpers.jobs.loading import Jobs
    from pyhelpers.jobs.server import Jenkins

NO_FILES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Outlook:
    """`problems` stop it, `warnings` do not. `storing`: the credentials among the actions."""

    installation: str
    wanted: Mapping[str, Wanted]
    plan: Plan
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    storing: Storing = field(default_factory=Storing)


def look(
    jenkins: Jenkins,
    jobs: Jobs,
    adopt: Sequence[str] = (),
    *,
    renew: Sequence[str] = (),
    environ: Mapping[str, str] = NO_FILES,
) -> Outlook:
    """What `apply` would do: a request for the list, two for what Jenkins has, one an item.

    And one for each folder with credentials. `adopt`: full names that are taken over though they
    do not bear our mark. `renew`: credentials (folder:id) that are stored anew; `environ` names
    the files with their secrets. Raises `WrongUsage` for one that is not declared.
    """
    items = wanted(jobs)
    _refuse_unknown(adopt, items)
    storing = look_into_stores(jenkins, jobs, renew, environ)
    listed = jenkins.items()
    names = to_read(items, listed, jobs.installation, adopt)
    problems, warnings = lacks(jenkins, items, storing)
    read = {name: jenkins.definition(name) for name in names}
    plan = plan_of(items, listed, read, jobs.installation, adopt)
    plan = replace(plan, actions=(*plan.actions, *storing.actions))
    warnings += [*storing.warnings, *strays(listed, jobs.installation)]
    return Outlook(jobs.installation, items, plan, tuple(problems), tuple(warnings), storing)


def _refuse_unknown(adopt: Sequence[str], items: Mapping[str, Wanted]) -> None:
    for name in adopt:
        if name not in items:
            raise WrongUsage(
                error=f"no file declares {name}, which --adopt names", try_="protostar jobs check"
            )


def look_for_unwanted(jenkins: Jenkins, jobs: Jobs, *, delete: bool) -> Outlook:
    """What `prune` would do: one request."""
    items = wanted(jobs)
    plan = prune_plan(items, jenkins.items(), jobs.installation, delete=delete)
    return Outlook(jobs.installation, items, plan)


def lacks(
    jenkins: Jenkins, items: Mapping[str, Wanted], storing: Storing
) -> tuple[list[str], list[str]]:
    """What Jenkins does not have and an item needs; and what could not be looked at."""
    problems: list[str] = [*storing.problems]
    warnings: list[str] = []
    plugins = jenkins.plugins()
    if plugins is None:
        warnings.append("the plug-ins were not checked: this needs Overall/SystemRead")
    else:
        needed = needs.plugins(items.values()) | needs.plugins_of(storing.wanted.values())
        problems += needs.lacking(needed, plugins, "the plug-in")
    ids = needs.credentials(items.values())
    known = jenkins.credentials() if ids else set()
    if known is None:
        warnings.append("the credentials were not checked: this needs Credentials/View")
    else:
        absent = {name: users for name, users in ids.items() if name not in known}
        problems += needs.lacking(_not_in_folders(jenkins, absent, storing), (), "the credential")
    return problems, warnings


def _not_in_folders(
    jenkins: Jenkins, absent: Mapping[str, list[str]], storing: Storing
) -> dict[str, list[str]]:
    """Of each credential, the users that do not find it in a folder around them either."""
    stores: dict[str, set[str] | None] = {}

    def is_found(credential: str, name: str) -> bool:
        for folder in needs.folders_above(name):
            if f"{folder}:{credential}" in storing.wanted:
                return True
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
