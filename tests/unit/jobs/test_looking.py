"""What stands in the way of a plan: what is not ours, and what Jenkins lacks."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pyhelpers.errors import FailedBeforeSwitch, PreflightError, WrongUsage
from pyhelpers.jobs.looking import look
from pyhelpers.jobs.mark import Owner, marked
from tests.unit.jobs.jenkins_double import JenkinsDouble
from tests.unit.jobs.world import FULL, brought, fresh_double, jenkins_of, jobs_of

ONE: dict[str, Any] = {
    "installation": "shop",
    "pipelines": {"api": {"scm": {"url": "git@h:a.git", "credentials": "git-ssh"}}},
}
JOBS = jobs_of(ONE)


@pytest.fixture
def double() -> JenkinsDouble:
    return fresh_double()


def refused(double: JenkinsDouble, *adopt: str) -> list[str]:
    outlook = look(jenkins_of(double), JOBS, adopt)
    assert outlook.plan.actions == ()
    double.log.clear()
    with pytest.raises(PreflightError) as stopped:
        brought(jenkins_of(double), JOBS, adopt)
    assert double.writes == []
    assert stopped.value.state == "nothing was changed"
    return [f"{each.words}; {each.try_}" for each in outlook.plan.refusals]


# --- what is not ours ----------------------------------------------------------------------------


def test_what_somebody_else_made_is_not_touched_until_it_is_adopted(double: JenkinsDouble) -> None:
    double.foreign("api", "Theirs")
    assert refused(double) == [
        "was made by somebody else; protostar jobs apply --adopt api",
    ]
    (action,) = look(jenkins_of(double), JOBS, ["api"]).plan.actions
    assert action.lines[:2] == ("mark: none → shop", "description: Theirs → ''")
    brought(jenkins_of(double), JOBS, ["api"])
    assert look(jenkins_of(double), JOBS).plan.actions == ()


def test_a_copy_of_ours_is_not_ours(double: JenkinsDouble) -> None:
    double.foreign("api", marked("", Owner("shop", "web")))
    assert refused(double) == ["is a copy of web; protostar jobs apply --adopt api"]
    (action,) = look(jenkins_of(double), JOBS, ["api"]).plan.actions
    assert action.lines[0] == "mark: of web → shop"


def test_what_was_renamed_in_jenkins_is_named(double: JenkinsDouble) -> None:
    brought(jenkins_of(double), JOBS)
    double.items["api-2"] = double.items.pop("api")
    outlook = look(jenkins_of(double), JOBS)
    assert [f"{each.verb} {each.name}" for each in outlook.plan.actions] == ["create api"]
    assert outlook.warnings == ("api-2 bears the mark of api: copied or renamed, so nobody's",)


@pytest.mark.parametrize("adopt", [[], ["api"]])
def test_another_installations_is_never_taken_over(double: JenkinsDouble, adopt: list[str]) -> None:
    double.foreign("api", marked("", Owner("other", "api")))
    assert refused(double, *adopt) == ["belongs to the installation other; give it another name"]


@pytest.mark.parametrize(("kind", "words"), [("folder", "folder"), ("freestyle", "something else")])
def test_another_kind_is_not_replaced(double: JenkinsDouble, kind: str, words: str) -> None:
    double.foreign("api", marked("", Owner("shop", "api")), kind)
    assert refused(double, "api") == [
        f"is {words} there, and pipeline here; give it another name, or delete it in Jenkins"
    ]


def test_a_name_that_differs_only_in_its_case_is_taken(double: JenkinsDouble) -> None:
    double.foreign("API", marked("", Owner("shop", "API")))
    assert refused(double) == [
        (
            "is API there, which Jenkins takes for the same name; "
            "give it that name, or rename it in Jenkins"
        )
    ]


def test_one_refusal_stops_all_of_it(double: JenkinsDouble) -> None:
    double.foreign("team/plain", kind="freestyle")
    double.foreign("team", kind="folder")
    with pytest.raises(PreflightError) as stopped:
        brought(jenkins_of(double), jobs_of(FULL))
    assert stopped.value.error.splitlines() == [
        "team was made by somebody else",
        "team/plain is something else there, and pipeline here",
    ]
    assert double.writes == []


def test_adopt_names_what_is_declared(double: JenkinsDouble) -> None:
    with pytest.raises(WrongUsage, match="no file declares aip"):
        look(jenkins_of(double), JOBS, ["aip"])


# --- what Jenkins lacks --------------------------------------------------------------------------


def test_missing_plugins_and_credentials_are_named_all_at_once(double: JenkinsDouble) -> None:
    del double.plugins["generic-webhook-trigger"]
    double.plugins["git"] = False
    double.credentials[""] = {"webhook-token"}
    outlook = look(jenkins_of(double), jobs_of(FULL))
    users = "team/branches, team/few, team/full and 1 more"
    assert outlook.problems == (
        f"the plug-in git is not there; {users} need it",
        "the plug-in generic-webhook-trigger is not there; team/full needs it",
        "the credential git-ssh is not there; team/branches, team/full need it",
    )
    with pytest.raises(PreflightError):
        brought(jenkins_of(double), jobs_of(FULL))
    assert double.writes == []


def test_a_credential_of_a_folder_serves_what_is_in_it(double: JenkinsDouble) -> None:
    double.credentials = {"": {"webhook-token"}, "team": {"git-ssh"}}
    assert look(jenkins_of(double), jobs_of(FULL)).problems == ()
    assert look(jenkins_of(double), JOBS).problems == (
        "the credential git-ssh is not there; api needs it",
    )


def test_what_the_user_may_not_see_is_a_warning(double: JenkinsDouble) -> None:
    double.denied = {
        r"/pluginManager/.*": "hudson.model.Hudson.SystemRead",
        r"/credentials/.*": "com.cloudbees.plugins.credentials.CredentialsProvider.View",
    }
    outlook = look(jenkins_of(double), JOBS)
    assert outlook.problems == ()
    assert outlook.warnings == (
        "the plug-ins were not checked: this needs Overall/SystemRead",
        "the credentials were not checked: this needs Credentials/View",
    )


def test_credentials_are_not_asked_for_when_none_is_named(double: JenkinsDouble) -> None:
    look(jenkins_of(double), jobs_of({"installation": "shop", "folders": {"a": {}}}))
    assert not [path for _, path in double.log if "credentials" in path]


def test_what_jenkins_drops_at_once_is_told(double: JenkinsDouble) -> None:
    """A trigger whose plug-in is not there, and the check was not allowed."""

    class Dropping(JenkinsDouble):
        def _put(self, full: str, xml: str) -> Any:
            return super()._put(full, xml.replace("<lightweight>true", "<lightweight>false"))

    dropping = Dropping()
    dropping.credentials = double.credentials
    with pytest.raises(FailedBeforeSwitch) as stopped:
        brought(jenkins_of(dropping), JOBS)
    assert stopped.value.error == ("Jenkins did not keep all of api: scm.lightweight: false → true")
    assert stopped.value.state == "0 of 1 done; the same command goes on"


# --- how many requests ---------------------------------------------------------------------------


def test_a_plan_asks_once_for_the_list_and_once_for_each_item(double: JenkinsDouble) -> None:
    brought(jenkins_of(double), jobs_of(FULL))
    jenkins = jenkins_of(double)
    look(jenkins, jobs_of(FULL))
    assert jenkins.connection.requests == 3 + 6


def test_what_is_made_by_a_multibranch_is_no_item_of_ours(double: JenkinsDouble) -> None:
    brought(jenkins_of(double), jobs_of(FULL))
    double.foreign("team/few/main")
    assert "team/few/main" not in jenkins_of(double).items()


def test_the_list_reaches_one_level_deeper_than_a_declared_item_can_lie(
    double: JenkinsDouble,
) -> None:
    names = ["a", "a/b", "a/b/c", "a/b/c/d", "a/b/c/d/e"]
    data = copy.deepcopy({"installation": "shop", "folders": {name: {} for name in names}})
    brought(jenkins_of(double), jobs_of(data))
    double.foreign("a/b/c/d/e/theirs")
    assert "a/b/c/d/e/theirs" in jenkins_of(double).items()
