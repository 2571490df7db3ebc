"""What is wanted and what is there → what is to be done. Pure.

Only what bears our mark is ever touched: the mark of this installation, on the item that it names.
Anything else that stands in the way is a refusal, and a refusal stops all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pyhelpers.jobs.definition import Definition, Kind, Listed, Wanted
from pyhelpers.jobs.differences import differences

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


class Verb(StrEnum):
    """What one request does."""

    CREATE = "create"
    UPDATE = "update"
    DISABLE = "disable"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Action:
    """One request. `lines`: what it changes, for people."""

    verb: Verb
    name: str
    kind: Kind
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an item is not touched. `try_`: what settles it."""

    name: str
    words: str
    try_: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`unwanted`: ours, and no longer declared. `kept`: unwanted, and why it is not removed."""

    actions: tuple[Action, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unwanted: tuple[str, ...] = ()
    kept: tuple[Refusal, ...] = ()


def is_ours(item: Listed, installation: str) -> bool:
    """A copy bears the mark of what it was copied from: it is not ours."""
    return (
        item.kind is not None
        and item.owner is not None
        and item.owner.installation == installation
        and item.owner.name == item.name
    )


def strays(listed: Mapping[str, Listed], installation: str) -> list[str]:
    """A line for each that bears our mark of another item: copied, or renamed, in Jenkins."""
    return [
        f"{item.name} bears the mark of {item.owner.name}: copied or renamed, so nobody's"
        for item in listed.values()
        if item.owner and item.owner.installation == installation and item.owner.name != item.name
    ]


def to_read(
    wanted: Mapping[str, Wanted],
    listed: Mapping[str, Listed],
    installation: str,
    adopt: Collection[str],
) -> list[str]:
    """The items whose XML has to be read: those that would be updated if they differed."""
    return [
        name
        for name, item in wanted.items()
        if name in listed and not _refusals(item, listed[name], installation, adopt)
    ]


def plan_of(
    wanted: Mapping[str, Wanted],
    listed: Mapping[str, Listed],
    read: Mapping[str, Definition],
    installation: str,
    adopt: Collection[str] = (),
) -> Plan:
    """What `apply` does; folders come before what is in them, as they do in `wanted`."""
    actions: list[Action] = []
    refusals: list[Refusal] = []
    same = {name.lower(): name for name in listed}
    for name, item in wanted.items():
        if name not in listed and name.lower() in same:
            words = f"is {same[name.lower()]} there, which Jenkins takes for the same name"
            refusals.append(Refusal(name, words, "give it that name, or rename it in Jenkins"))
        elif name not in listed:
            actions.append(Action(Verb.CREATE, name, item.kind))
        elif refused := _refusals(item, listed[name], installation, adopt):
            refusals += refused
        else:
            actions += _updates(item, read[name], installation)
    unwanted = [each.name for each in _unwanted(wanted, listed, installation)]
    return Plan(tuple(actions), tuple(refusals), tuple(unwanted))


def _updates(item: Wanted, there: Definition, installation: str) -> Iterator[Action]:
    lines = [*_mark_lines(item, there, installation), *differences(there.options, item.options)]
    if lines:
        yield Action(Verb.UPDATE, item.name, item.kind, tuple(lines))


def _mark_lines(item: Wanted, there: Definition, installation: str) -> Iterator[str]:
    if there.owner is None:
        yield f"mark: none → {installation}"
    elif (there.owner.installation, there.owner.name) != (installation, item.name):
        yield f"mark: of {there.owner.name} → {installation}"


def _refusals(
    item: Wanted, there: Listed, installation: str, adopt: Collection[str]
) -> list[Refusal]:
    if there.owner is not None and there.owner.installation != installation:
        words = f"belongs to the installation {there.owner.installation}"
        return [Refusal(item.name, words, "give it another name")]
    if there.kind is not item.kind:
        words = f"is {there.kind or 'something else'} there, and {item.kind} here"
        return [Refusal(item.name, words, "give it another name, or delete it in Jenkins")]
    if is_ours(there, installation) or item.name in adopt:
        return []
    what = f"is a copy of {there.owner.name}" if there.owner else "was made by somebody else"
    return [Refusal(item.name, what, f"protostar jobs apply --adopt {item.name}")]


def _unwanted(
    wanted: Mapping[str, Wanted], listed: Mapping[str, Listed], installation: str
) -> list[Listed]:
    """What is deepest comes first: a folder is empty only when all in it has gone."""
    names = {name.lower() for name in wanted}
    found = [
        item
        for item in listed.values()
        if is_ours(item, installation) and item.name.lower() not in names
    ]
    return sorted(found, key=lambda item: (-item.name.count("/"), item.name))


def prune_plan(
    wanted: Mapping[str, Wanted],
    listed: Mapping[str, Listed],
    installation: str,
    *,
    delete: bool = False,
) -> Plan:
    """What `prune` does: disable first, delete only when that has been done, and was asked for."""
    actions: list[Action] = []
    kept: list[Refusal] = []
    unwanted = _unwanted(wanted, listed, installation)
    for item in unwanted:
        going = {action.name for action in actions if action.verb is Verb.DELETE}
        action = _removal(item, listed, going, delete=delete)
        if isinstance(action, Refusal):
            kept.append(action)
        else:
            actions.append(action)
    names = tuple(item.name for item in unwanted)
    return Plan(tuple(actions), unwanted=names, kept=tuple(kept))


def _removal(
    item: Listed, listed: Mapping[str, Listed], going: Collection[str], *, delete: bool
) -> Action | Refusal:
    kind = item.kind or Kind.FOLDER
    if kind is not Kind.FOLDER and not item.disabled:
        return Action(Verb.DISABLE, item.name, kind)
    if not delete:
        words = "a folder has nothing to disable" if kind is Kind.FOLDER else "is disabled"
        return Refusal(item.name, words, "protostar jobs prune --delete")
    staying = [name for name in inside(item.name, listed) if name not in going]
    if staying:
        return Refusal(item.name, f"still holds {', '.join(staying)}")
    return Action(Verb.DELETE, item.name, kind)


def inside(folder: str, listed: Mapping[str, Listed]) -> list[str]:
    """What stands in a folder itself, whosever it is."""
    return [name for name in listed if name.rpartition("/")[0] == folder and folder]
