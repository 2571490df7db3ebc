"""The credentials that folders are to hold → what has to be stored for them. Reads only.

Jenkins shows no secret, so that one is there is all that can be compared. It is stored where the
folder has none of that id, and anew where somebody asks for it: whoever applies every day needs no
secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyhelpers.errors import WrongUsage
from pyhelpers.jobs.definition import Kind
from pyhelpers.jobs.environment import secret_of
from pyhelpers.jobs.plan import Action, Verb
from pyhelpers.jobs.wanted import credentials

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pyhelpers.config.secret import Secret
    from pyhelpers.jobs.definition import Credential
    from pyhelpers.jobs.loading import Jobs
    from pyhelpers.jobs.server import Jenkins


@dataclass(frozen=True, slots=True)
class Storing:
    """`secrets`: by the name of an action's credential, all that the actions need."""

    wanted: Mapping[str, Credential] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    try_: str = ""
    warnings: tuple[str, ...] = ()


def look_into_stores(
    jenkins: Jenkins, jobs: Jobs, renew: Sequence[str], environ: Mapping[str, str]
) -> Storing:
    """One request a folder that is to hold some.

    `renew`: names (folder:id) of those that are stored anew. Raises `WrongUsage` for one that is
    not declared, and `ConfigurationError` for a file that cannot be read.
    """
    wanted = {each.name: each for each in credentials(jobs)}
    _refuse_unknown(renew, wanted)
    folders = dict.fromkeys(each.folder for each in wanted.values())
    held = {folder: jenkins.credentials(folder) for folder in folders}
    actions = tuple(_actions(wanted, held, renew))
    found = {each.name: secret_of(environ, wanted[each.name]) for each in actions}
    missing = [wanted[name] for name, secret in found.items() if secret is None]
    return Storing(
        wanted,
        actions,
        secrets={name: secret for name, secret in found.items() if secret is not None},
        problems=tuple(map(_missing, missing)),
        try_=_exported(missing),
        warnings=tuple(_unseen(folder) for folder, ids in held.items() if ids is None),
    )


def _refuse_unknown(renew: Sequence[str], wanted: Mapping[str, Credential]) -> None:
    for name in renew:
        if name not in wanted:
            known = f"one of: {', '.join(wanted)}" if wanted else "protostar jobs check"
            raise WrongUsage(
                error=f"no file declares the credential {name}, which --renew names", try_=known
            )


def _actions(
    wanted: Mapping[str, Credential],
    held: Mapping[str, Collection[str] | None],
    renew: Sequence[str],
) -> Iterator[Action]:
    for name, each in wanted.items():
        ids = held[each.folder]
        if ids is not None and each.id not in ids:
            yield Action(Verb.CREATE, name, Kind.CREDENTIAL)
        elif name in renew:
            yield Action(Verb.UPDATE, name, Kind.CREDENTIAL, ("secret: stored anew",))


def _missing(credential: Credential) -> str:
    where = f"{credential.from_file} names no file with it"
    return f"the credential {credential.name} cannot be stored: {where}"


def _exported(missing: Sequence[Credential]) -> str:
    """The command after which they can be stored; '' when none is missing."""
    names = dict.fromkeys(f"{each.from_file}=…" for each in missing)
    return f"export {' '.join(names)}, then the same command again" if names else ""


def _unseen(folder: str) -> str:
    return f"the credentials of {folder} were not checked: this needs Credentials/View"
