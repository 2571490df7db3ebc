"""One Jenkins as the rest of the room sees it: its items, what it has, and the four changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pyhelpers.errors import PreflightError
from pyhelpers.jobs import mark
from pyhelpers.jobs.answers import Forbidden, NotFound, json_of
from pyhelpers.jobs.definition import CLASSES, Definition, Kind, Listed
from pyhelpers.jobs.elements import NotXml, with_properties
from pyhelpers.jobs.reading import read
from pyhelpers.jobs.rules import MAX_LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyhelpers.jobs.connection import Connection

Made = TypeVar("Made")

_SHOWN = "name,description,disabled,buildable"
_STORE = "/domain/_/api/json?tree=credentials[id]"
_IN_FOLDER = "/credentials/store/folder/domain/_"


def _tree(levels: int) -> str:
    inner = f",{_tree(levels - 1)}" if levels else ""
    return f"jobs[{_SHOWN}{inner}]"


class Jenkins:
    """Every method raises `PreflightError` or `Unreachable` for what Jenkins does not do."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def items(self) -> dict[str, Listed]:
        """All items by full name, in one request; one level more than a declared one can have.

        What a multibranch or an organization makes by itself is not among them.
        """
        what = "list the items"
        told = self._json(f"/api/json?tree={_tree(MAX_LEVELS)}", what)
        return {item.name: item for item in _listed(told, "")}

    def inside(self, folder: str) -> list[str]:
        """What stands in a folder at this moment, whosever it is."""
        told = self._json(f"{_path(folder)}/api/json?tree=jobs[name]", f"look into {folder}")
        return [f"{folder}/{each['name']}" for each in _jobs(told)]

    def definition(self, name: str) -> Definition:
        """What its config.xml says."""
        return self._of_config(name, read)

    def kept(self, folder: str, xml: str) -> str:
        """`xml` of a folder with what others keep in the one there: above all its credentials."""
        return self._of_config(folder, lambda there: with_properties(xml, there))

    def _of_config(self, name: str, made: Callable[[str], Made]) -> Made:
        body = self.connection.get(f"{_path(name)}/config.xml", f"read {name}")
        try:
            return made(body.decode())
        except (NotXml, UnicodeDecodeError):
            error = f"cannot read {name}: its config.xml is no XML that we can read"
            raise PreflightError(error=error, try_="look at it in Jenkins") from None

    def plugins(self) -> set[str] | None:
        """Short names of the active ones; None where the user may not see them."""
        try:
            told = self._json(
                "/pluginManager/api/json?tree=plugins[shortName,active]", "list the plug-ins"
            )
        except Forbidden:
            return None
        plugins: list[dict[str, Any]] = _list(told, "plugins")
        return {each["shortName"] for each in plugins if each.get("active")}

    def credentials(self, folder: str = "") -> set[str] | None:
        """Ids in the store of Jenkins, or of a folder; None where the user may not see them."""
        store = f"{_path(folder)}/credentials/store/{'folder' if folder else 'system'}"
        try:
            told = self._json(store + _STORE, "list the credentials")
        except Forbidden:
            return None
        except NotFound:
            return set() if folder else None
        return {str(each["id"]) for each in _list(told, "credentials")}

    def create_credential(self, folder: str, id_: str, xml: str) -> None:
        self.connection.post(f"{_path(folder)}{_IN_FOLDER}/createCredentials", f"store {id_}", xml)

    def update_credential(self, folder: str, id_: str, xml: str) -> None:
        path = f"{_path(folder)}{_IN_FOLDER}/credential/{id_}/config.xml"
        self.connection.post(path, f"store {id_}", xml)

    def create(self, name: str, xml: str) -> None:
        folder, _, last = name.rpartition("/")
        self.connection.post(f"{_path(folder)}/createItem?name={last}", f"create {name}", xml)

    def update(self, name: str, xml: str) -> None:
        self.connection.post(f"{_path(name)}/config.xml", f"update {name}", xml)

    def disable(self, name: str) -> None:
        self.connection.post(f"{_path(name)}/disable", f"disable {name}")

    def delete(self, name: str) -> None:
        self.connection.post(f"{_path(name)}/doDelete", f"delete {name}")

    def _json(self, path: str, what: str) -> dict[str, object]:
        return json_of(self.connection.get(path, what), what)


def _path(name: str) -> str:
    """`a/b` → /job/a/job/b. A declared name needs no escaping, and only such a one is asked for."""
    return "".join(f"/job/{part}" for part in name.split("/") if part)


def _listed(told: dict[str, Any], folder: str) -> Iterator[Listed]:
    for each in _jobs(told):
        name = f"{folder}/{each['name']}" if folder else str(each["name"])
        kind = CLASSES.get(str(each.get("_class")))
        _, owner = mark.split(each.get("description") or "")
        yield Listed(name, kind, owner, _is_disabled(each))
        if kind in (Kind.FOLDER, None):
            yield from _listed(each, name)


def _is_disabled(told: dict[str, Any]) -> bool:
    """A pipeline says so itself; a multibranch only that it cannot be built; a folder neither."""
    return bool(told.get("disabled", told.get("buildable") is False))


def _jobs(told: dict[str, Any]) -> list[dict[str, Any]]:
    return _list(told, "jobs")


def _list(told: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = told.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
