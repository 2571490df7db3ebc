"""Credentials that a folder holds: stored once, kept through every change of the folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pyhelpers.config.secret import Secret
from pyhelpers.errors import ConfigurationError, FailedBeforeSwitch, PreflightError, WrongUsage
from pyhelpers.jobs.apply import apply
from pyhelpers.jobs.definition import Credential
from pyhelpers.jobs.elements import parse
from pyhelpers.jobs.looking import Outlook, look
from pyhelpers.jobs.render import render_credential
from tests.unit.jobs.jenkins_double import JenkinsDouble
from tests.unit.jobs.world import NoView, brought, fresh_double, jenkins_of, jobs_of

if TYPE_CHECKING:
    from pathlib import Path

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbg<&\n-----END OPENSSH PRIVATE KEY-----\n"
DEPLOY: dict[str, Any] = {"kind": "ssh-key", "user": "deploy", "from_file": "DEPLOY_KEY_FILE"}
DATA: dict[str, Any] = {
    "installation": "shop",
    "folders": {"team": {"credentials": {"deploy-ssh": DEPLOY}}},
    "pipelines": {"team/api": {"scm": {"url": "git@h:a.git", "credentials": "deploy-ssh"}}},
}
JOBS = jobs_of(DATA)


@pytest.fixture
def double() -> JenkinsDouble:
    return fresh_double()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "key").write_text(KEY)
    return {"DEPLOY_KEY_FILE": str(tmp_path / "key")}


def looked(
    double: JenkinsDouble, environ: dict[str, str], *renew: str, data: Any = DATA
) -> Outlook:
    return look(jenkins_of(double), jobs_of(data), renew=renew, environ=environ)


def applied(double: JenkinsDouble, environ: dict[str, str], *renew: str, data: Any = DATA) -> None:
    apply(jenkins_of(double), looked(double, environ, *renew, data=data), NoView())


def held(double: JenkinsDouble) -> str:
    """The private key that Jenkins got."""
    root = parse(double.secrets["team:deploy-ssh"])
    return root.findtext("privateKeySource/privateKey") or ""


def test_it_is_stored_in_the_folder_and_nowhere_else(
    double: JenkinsDouble, environ: dict[str, str]
) -> None:
    actions = looked(double, environ).plan.actions
    assert [f"{each.verb} {each.kind} {each.name}" for each in actions] == [
        "create folder team",
        "create pipeline team/api",
        "create credential team:deploy-ssh",
    ]
    applied(double, environ)
    assert double.credentials["team"] == {"deploy-ssh"}
    assert "deploy-ssh" not in double.credentials[""]
    assert held(double) == KEY


def test_who_applies_again_needs_no_secret_and_sends_nothing(
    double: JenkinsDouble, environ: dict[str, str]
) -> None:
    applied(double, environ)
    double.log.clear()
    assert brought(jenkins_of(double), JOBS).plan.actions == ()
    assert double.writes == []


def test_an_update_of_the_folder_keeps_it(double: JenkinsDouble, environ: dict[str, str]) -> None:
    """Jenkins keeps a folder's credentials in the folder's XML: without them they would be gone."""
    applied(double, environ)
    folder = {**DATA["folders"]["team"], "description": "Ours", "display_name": "Team"}
    changed = {**DATA, "folders": {"team": folder}}
    applied(double, {}, data=changed)
    assert "Ours" in double.items["team"].xml
    assert double.credentials["team"] == {"deploy-ssh"}
    assert looked(double, {}, data=changed).plan.actions == ()


def test_without_its_file_nothing_is_begun(double: JenkinsDouble) -> None:
    with pytest.raises(PreflightError) as stopped:
        applied(double, {})
    assert stopped.value.error == (
        "the credential team:deploy-ssh cannot be stored: DEPLOY_KEY_FILE names no file with it"
    )
    assert stopped.value.try_ == "export DEPLOY_KEY_FILE=…, then the same command again"
    assert double.writes == []


def test_a_file_that_cannot_be_read_is_named(double: JenkinsDouble) -> None:
    with pytest.raises(ConfigurationError, match="DEPLOY_KEY_FILE names cannot be read: /none"):
        looked(double, {"DEPLOY_KEY_FILE": "/none"})


def test_it_is_stored_anew_when_asked(double: JenkinsDouble, environ: dict[str, str]) -> None:
    applied(double, environ)
    double.secrets.clear()
    (action,) = looked(double, environ, "team:deploy-ssh").plan.actions
    assert (action.verb, action.lines) == ("update", ("secret: stored anew",))
    applied(double, environ, "team:deploy-ssh")
    assert held(double) == KEY


def test_only_what_is_declared_is_stored_anew(double: JenkinsDouble) -> None:
    with pytest.raises(WrongUsage, match="no file declares the credential team:other"):
        looked(double, {}, "team:other")


def test_a_job_outside_of_the_folder_does_not_find_it(
    double: JenkinsDouble, environ: dict[str, str]
) -> None:
    outside = {"web": DATA["pipelines"]["team/api"]}
    data = {**DATA, "pipelines": {**DATA["pipelines"], **outside}}
    assert looked(double, environ, data=data).problems == (
        "the credential deploy-ssh is not there; web needs it",
    )


def test_what_the_user_may_not_see_is_a_warning(double: JenkinsDouble) -> None:
    double.denied = {r"/job/team/credentials/.*": "CredentialsProvider.View"}
    assert looked(double, {}).warnings[-1] == (
        "the credentials of team were not checked: this needs Credentials/View"
    )


def test_the_plug_in_that_keeps_it_has_to_be_there(
    double: JenkinsDouble, environ: dict[str, str]
) -> None:
    del double.plugins["ssh-credentials"]
    assert looked(double, environ).problems == (
        "the plug-in ssh-credentials is not there; team:deploy-ssh needs it",
    )


def test_what_jenkins_does_not_keep_is_told(environ: dict[str, str]) -> None:
    class Dropping(JenkinsDouble):
        def _hold(self, folder: str, id_: str, xml: str) -> None:
            """It says 200."""

    with pytest.raises(FailedBeforeSwitch) as stopped:
        applied(Dropping(), environ, data={**DATA, "pipelines": {}})
    assert stopped.value.error == "Jenkins did not keep the credential team:deploy-ssh"


def test_no_secret_is_shown(double: JenkinsDouble, environ: dict[str, str]) -> None:
    assert "BEGIN" not in repr(looked(double, environ))


@pytest.mark.parametrize(
    ("kind", "path"),
    [("ssh-key", "privateKeySource/privateKey"), ("password", "password"), ("text", "secret")],
)
def test_each_kind_carries_its_secret_as_it_is(kind: str, path: str) -> None:
    secret = "<&\"' 한국어"
    told = Credential("team", "id", kind, "kim", "FILE", "what it is")
    root = parse(render_credential(told, Secret(secret)))
    assert (root.findtext("id"), root.findtext("description")) == ("id", "what it is")
    assert root.findtext(path) == secret
    assert root.findtext("username") == (None if kind == "text" else "kim")
