"""What Jenkins must have for the items that are wanted: plug-ins and credentials. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyhelpers.jobs.definition import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from pyhelpers.jobs.definition import Credential, Option, Wanted

_PLUGINS = {
    Kind.FOLDER: ("cloudbees-folder",),
    Kind.PIPELINE: ("workflow-job", "workflow-cps", "git"),
    Kind.MULTIBRANCH: ("workflow-multibranch", "branch-api", "cloudbees-folder", "git"),
}
_KEEPERS = {"ssh-key": "ssh-credentials", "password": "credentials", "text": "plain-credentials"}


def plugins(wanted: Iterable[Wanted]) -> dict[str, list[str]]:
    """Short name of a plug-in: who needs it. Without it Jenkins drops the element unseen."""
    found: dict[str, list[str]] = defaultdict(list)
    for item in wanted:
        for plugin in _plugins(item):
            found[plugin].append(item.name)
    return dict(found)


def _plugins(item: Wanted) -> Iterator[str]:
    yield from _PLUGINS[item.kind]
    if _inner(item.options, "triggers", "webhook"):
        yield "generic-webhook-trigger"


def plugins_of(credentials: Iterable[Credential]) -> dict[str, list[str]]:
    """The same, of the credentials that folders are to hold."""
    found: dict[str, list[str]] = defaultdict(list)
    for each in credentials:
        found[_KEEPERS[each.kind]].append(each.name)
    return dict(found)


def credentials(wanted: Iterable[Wanted]) -> dict[str, list[str]]:
    """Id of a credential: who names it."""
    found: dict[str, list[str]] = defaultdict(list)
    for item in wanted:
        for path in (("scm", "credentials"), ("triggers", "webhook", "token")):
            named = _inner(item.options, *path)
            if isinstance(named, str):
                found[named].append(item.name)
    return dict(found)


def _inner(options: Mapping[str, Option], *path: str) -> Option:
    found: Option = options
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def folders_above(name: str) -> list[str]:
    """`a/b/c` → a/b, a: a credential of a folder serves all that is in it."""
    parts = name.split("/")[:-1]
    return ["/".join(parts[:length]) for length in range(len(parts), 0, -1)]


def lacking(needed: Mapping[str, list[str]], there: Collection[str], noun: str) -> list[str]:
    """A line for each that is not there."""
    return [
        f"{noun} {name} is not there; {_some(users)} {'need' if len(users) > 1 else 'needs'} it"
        for name, users in needed.items()
        if name not in there
    ]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004 - enough to find
    return ", ".join(names[:3]) + more
