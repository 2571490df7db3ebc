"""A Jenkins by hand: items, crumbs, permissions, and the recorded answers. No HTTP in here.

`JenkinsDouble.answer` takes a request and gives an answer; server_double.py puts it on a socket.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.unit.jobs import stored
from tests.unit.jobs.stored import FOLDER, MULTIBRANCH, PIPELINE, NotTaken

API_CLASSES = {PIPELINE: "org.jenkinsci.plugins.workflow.job.WorkflowJob"}
PLUGINS = (
    *("cloudbees-folder", "workflow-job", "workflow-cps", "workflow-multibranch", "branch-api"),
    *("git", "generic-webhook-trigger", "credentials", "ssh-credentials", "plain-credentials"),
)
PAGE = "<html><body>" + "x" * 8000 + "</body></html>"
ITEM = "hudson.model.Item"
# In a folder's own XML: whoever posts that without it empties the folder's store.
HELD = (
    "com.cloudbees.hudson.plugins.folder.properties."
    "FolderCredentialsProvider_-FolderCredentialsProperty"
)
NO_PROPERTIES = re.compile(rf"<properties><{HELD}.*?</properties>|<properties ?/>")
FREESTYLE = "hudson.model.FreeStyleProject"


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass
class Reply:
    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Stored:
    """An item on the disk of Jenkins. `root` None: a kind that we do not make."""

    xml: str
    is_saved: bool = False
    root: str | None = None


class JenkinsDouble:
    """admin/geheim logs in with a password and needs a crumb; admin/token-1 needs none;

    reader/geheim may look at the list, and nothing else.
    """

    def __init__(self) -> None:
        self.items: dict[str, Stored] = {}
        self.plugins = dict.fromkeys(PLUGINS, True)
        self.credentials: dict[str, set[str]] = {"": set()}
        self.secrets: dict[str, str] = {}
        self.denied: dict[str, str] = {}
        self.crumb = 1
        self.log: list[tuple[str, str]] = []
        self.has_crumbs = True
        self._lock = threading.Lock()

    # --- what tests do to it --------------------------------------------------------------------

    def save(self) -> None:
        """As at a restart, or when somebody presses Save."""
        for item in self.items.values():
            if item.root is not None and not item.is_saved:
                item.xml, item.is_saved = stored.stored(item.xml), True

    def foreign(self, name: str, description: str = "", kind: str = "pipeline") -> None:
        """Somebody else's."""
        roots = {"pipeline": PIPELINE, "folder": FOLDER, "multibranch": MULTIBRANCH}
        root = roots.get(kind)
        tag = root or "project"
        xml = f"<{tag}><description>{stored_text(description)}</description></{tag}>"
        self.items[name] = Stored(xml, root is None, root)

    def edit(self, name: str, old: str, new: str) -> None:
        """By hand, in the browser."""
        item = self.items[name]
        assert old in item.xml, item.xml
        item.xml = item.xml.replace(old, new)

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [each for each in self.log if each[0] == "POST"]

    # --- requests -------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        with self._lock:
            self.log.append((request.method, request.path))
            return self._answer(request)

    def _answer(self, request: Request) -> Reply:
        user, problem = _user(request)
        if problem:
            return problem
        parts = urlsplit(request.path)
        query = {
            key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()
        }
        for path, permission in self.denied.items():
            if re.fullmatch(path, parts.path):
                return _denied(user, permission)
        if request.method == "POST" and (refused := self._forged(request)):
            return refused
        for pattern, handler in ROUTES.items():
            found = re.fullmatch(pattern, f"{request.method} {parts.path}")
            if found:
                name = found["name"].strip("/").removeprefix("job/").replace("/job/", "/")
                return handler(self, name, user, query, request)
        return Reply(404, PAGE)

    def _forged(self, request: Request) -> Reply | None:
        if not self.has_crumbs or "token-1" in _login(request):
            return None
        valid = request.headers.get("jenkins-crumb") == f"crumb-{self.crumb}"
        session = f"session-{self.crumb}" in request.headers.get("cookie", "")
        if valid and session:
            return None
        return Reply(403, "<html>No valid crumb was included in the request</html>")

    def _crumb(self, *_: Any) -> Reply:
        if not self.has_crumbs:
            return Reply(404, PAGE)
        told = {"crumb": f"crumb-{self.crumb}", "crumbRequestField": "Jenkins-Crumb"}
        cookie = {"Set-Cookie": f"JSESSIONID=session-{self.crumb}; Path=/; HttpOnly"}
        return Reply(200, json.dumps(told), cookie)

    def _list(self, name: str, _user: str, query: dict[str, str], _request: Request) -> Reply:
        if name and name not in self.items:
            return Reply(404, PAGE)
        levels = query.get("tree", "").count("jobs[")
        told = {"_class": "hudson.model.Hudson", "jobs": self._jobs(name, levels)}
        return Reply(200, json.dumps(told))

    def _jobs(self, folder: str, levels: int) -> list[dict[str, Any]]:
        inside = [name for name in self.items if name.rpartition("/")[0] == folder]
        return [self._shown(name, levels - 1) for name in inside] if levels else []

    def _shown(self, name: str, levels: int) -> dict[str, Any]:
        item = self.items[name]
        disabled = "<disabled>true</disabled>" in item.xml
        told: dict[str, Any] = {
            "_class": API_CLASSES.get(item.root or "", item.root or FREESTYLE),
            "name": name.rpartition("/")[2],
            "description": stored.plain(item.xml, "description"),
        }
        if item.root in (FOLDER, MULTIBRANCH):
            # The branches of a multibranch are listed as if they lay in a folder.
            told["jobs"] = self._jobs(name, levels)
        if item.root == FOLDER:
            return told
        told["buildable"] = not disabled
        return {**told, "disabled": disabled} if item.root == PIPELINE else told

    def _create(self, name: str, user: str, query: dict[str, str], request: Request) -> Reply:
        if user == "reader":
            return _denied(user, f"{ITEM}.Create")
        if name and (name not in self.items or self.items[name].root != FOLDER):
            return Reply(404, PAGE * 9)
        if "xml" not in request.headers.get("content-type", ""):
            return _refused("No mode given")
        new = query.get("name", "")
        problem = _unsafe(new)
        full = f"{name}/{new}" if name else new
        if not problem and full.lower() in (each.lower() for each in self.items):
            problem = f"A job already exists with the name  {new} "
        return _refused(problem) if problem else self._put(full, request.body)

    def _put(self, full: str, xml: str) -> Reply:
        try:
            root = stored.parsed(xml).tag
        except NotTaken:
            return Reply(500, PAGE)
        if full in self.items and self.items[full].root != root:
            return Reply(500, PAGE)
        self.items[full] = Stored(stored.fresh(xml), root=root)
        if f"<{HELD}" not in xml:
            self.credentials.pop(full, None)
        return Reply(200)

    def _config(self, name: str, user: str, _query: object, request: Request) -> Reply:
        if user == "reader":
            return _denied(user, f"{ITEM}.Configure")
        if name not in self.items:
            return Reply(404, PAGE)
        if request.method == "POST":
            return self._put(name, request.body)
        return Reply(200, self._with_credentials(name))

    def _with_credentials(self, name: str) -> str:
        """A folder's XML holds its credentials; the double lets them stand for themselves."""
        held = "".join(f"<id>{each}</id>" for each in sorted(self.credentials.get(name, ())))
        xml = NO_PROPERTIES.sub("", self.items[name].xml)
        if not name or not held:
            return self.items[name].xml
        properties = f"<properties><{HELD}>{held}</{HELD}></properties>"
        return xml.replace("</description>", f"</description>{properties}", 1)

    def _turn(self, name: str, user: str, _query: object, request: Request) -> Reply:
        if user == "reader":
            return _denied(user, f"{ITEM}.Configure")
        if name not in self.items or self.items[name].root == FOLDER:
            return Reply(404, PAGE)
        item = self.items[name]
        item.xml, item.is_saved = stored.stored(item.xml), True
        off = request.path.endswith("/disable")
        old, new = ("false", "true") if off else ("true", "false")
        item.xml = item.xml.replace(f"<disabled>{old}</disabled>", f"<disabled>{new}</disabled>")
        return Reply(302, headers={"Location": f"http://jenkins.example/{_url(name)}/"})

    def _delete(self, name: str, user: str, _query: object, request: Request) -> Reply:
        if user == "reader":
            return _denied(user, f"{ITEM}.Delete")
        if name not in self.items:
            return Reply(404, PAGE)
        for each in list(self.items):
            if each == name or each.startswith(f"{name}/"):
                del self.items[each]
        if request.method == "DELETE":
            return Reply(204)
        parent = _url(name.rpartition("/")[0])
        return Reply(302, headers={"Location": f"http://jenkins.example/{parent}"})

    def _plugins(self, *_: Any) -> Reply:
        told = [{"shortName": name, "active": on} for name, on in self.plugins.items()]
        return Reply(200, json.dumps({"plugins": told}))

    def _credentials(self, name: str, *_: Any) -> Reply:
        if name not in self.credentials:
            return Reply(404, PAGE)
        ids = sorted(self.credentials[name])
        return Reply(200, json.dumps({"credentials": [{"id": each} for each in ids]}))

    def _store(self, name: str, user: str, _query: object, request: Request) -> Reply:
        if user == "reader":
            return _denied(user, "com.cloudbees.plugins.credentials.CredentialsProvider.Create")
        if name and name not in self.items:
            return Reply(404, PAGE)
        (id_,) = re.findall(r"<id>(.*?)</id>", request.body)
        last = urlsplit(request.path).path.rpartition("/")[2]
        if last == "config.xml" and id_ not in self.credentials.get(name, ()):
            return Reply(404, PAGE)
        self._hold(name, id_, request.body)
        return Reply(200)

    def _hold(self, folder: str, id_: str, xml: str) -> None:
        self.credentials.setdefault(folder, set()).add(id_)
        self.secrets[f"{folder}:{id_}"] = xml


NAME = r"(?P<name>(/job/[^/]+)*)"
STORE = r"/credentials/store/(system|folder)/domain/_"
Handler = Callable[[JenkinsDouble, str, str, dict[str, str], Request], Reply]
ROUTES: dict[str, Handler] = {
    rf"GET {NAME}/crumbIssuer/api/json": JenkinsDouble._crumb,
    rf"GET {NAME}/pluginManager/api/json": JenkinsDouble._plugins,
    rf"GET {NAME}{STORE}/api/json": JenkinsDouble._credentials,
    rf"POST {NAME}{STORE}/createCredentials": JenkinsDouble._store,
    rf"POST {NAME}{STORE}/credential/[^/]+/config\.xml": JenkinsDouble._store,
    rf"GET {NAME}/api/json": JenkinsDouble._list,
    rf"POST {NAME}/createItem": JenkinsDouble._create,
    rf"(GET|POST) {NAME}/config\.xml": JenkinsDouble._config,
    rf"POST {NAME}/(disable|enable)": JenkinsDouble._turn,
    rf"POST {NAME}/doDelete": JenkinsDouble._delete,
    rf"DELETE {NAME}/": JenkinsDouble._delete,
}


def stored_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _url(name: str) -> str:
    return "/".join(f"job/{part}" for part in name.split("/") if part)


def _login(request: Request) -> str:
    encoded = request.headers.get("authorization", "").removeprefix("Basic ")
    return base64.b64decode(encoded).decode()


def _user(request: Request) -> tuple[str, Reply | None]:
    login = _login(request)
    if not login:
        return "", Reply(403, "<html>Authentication required</html>")
    if login not in ("admin:geheim", "admin:token-1", "reader:geheim"):
        return "", Reply(401, PAGE, {"WWW-Authenticate": 'Basic realm="Jenkins"'})
    return login.partition(":")[0], None


def _denied(user: str, permission: str) -> Reply:
    who = {"X-You-Are-Authenticated-As": user, "X-Required-Permission": permission}
    return Reply(403, PAGE, who)


def _refused(words: str) -> Reply:
    return Reply(400, PAGE, {"X-Error": words})


def _unsafe(name: str) -> str:
    if not name:
        return "No name is specified"
    if name == "..":
        return "..  is not an allowed name"
    return "/  is an unsafe character" if "/" in name else ""
