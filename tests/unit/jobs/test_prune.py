"""Prune touches what is ours, of this installation, and no longer declared. Nothing else, ever."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyhelpers.errors import FailedBeforeSwitch
from pyhelpers.jobs.looking import look_for_unwanted
from pyhelpers.jobs.mark import Owner, marked
from pyhelpers.jobs.plan import Plan, prune_plan
from pyhelpers.jobs.server import Jenkins
from tests.unit.jobs.stored import FOLDER
from tests.unit.jobs.world import FULL, brought, fresh_double, jenkins_of, jobs_of, pruned

if TYPE_CHECKING:
    from pyhelpers.jobs.loading import Jobs
    from tests.unit.jobs.jenkins_double import JenkinsDouble

EMPTY = jobs_of({"installation": "shop"})
ONE = jobs_of({"installation": "shop", "folders": {"team": {}}})


@pytest.fixture
def double() -> JenkinsDouble:
    applied = fresh_double()
    brought(jenkins_of(applied), jobs_of(FULL))
    return applied


def told(plan: Plan) -> list[str]:
    return [f"{action.verb} {action.name}" for action in plan.actions]


def test_what_is_declared_stays(double: JenkinsDouble) -> None:
    assert pruned(jenkins_of(double), jobs_of(FULL), delete=True).plan == Plan()


def test_first_it_is_disabled_then_deleted_when_asked_then_nothing(double: JenkinsDouble) -> None:
    jenkins = jenkins_of(double)
    first = pruned(jenkins, EMPTY, delete=True)
    # full and branches were declared disabled: they are deleted already.
    assert told(first.plan) == [
        *("delete team/branches", "delete team/empty", "disable team/few"),
        *("delete team/full", "disable team/plain"),
    ]
    assert [each.name for each in first.plan.kept] == ["team"]
    assert told(pruned(jenkins, EMPTY).plan) == []
    last = pruned(jenkins, EMPTY, delete=True)
    assert told(last.plan) == ["delete team/few", "delete team/plain", "delete team"]
    assert double.items == {}
    double.log.clear()
    assert told(pruned(jenkins, EMPTY, delete=True).plan) == []
    assert double.writes == []


def test_what_was_disabled_is_enabled_when_it_is_declared_again(double: JenkinsDouble) -> None:
    less = copy.deepcopy(FULL)
    del less["pipelines"]["team/plain"]
    pruned(jenkins_of(double), jobs_of(less))
    (action,) = brought(jenkins_of(double), jobs_of(FULL)).plan.actions
    assert action.lines == ("disabled: true → false",)


@pytest.mark.parametrize(
    "description",
    [
        "",
        "protostar",
        marked("", Owner("other", "mine")),
        marked("a copy", Owner("shop", "team/plain")),
        marked("", Owner("shop", "Mine")),
        marked("", Owner("shop", "mine")) + "\nand more below it",
        "[protostar shop: mine] something else",
    ],
)
def test_what_does_not_bear_our_mark_for_itself_is_not_ours(description: str) -> None:
    double = fresh_double()
    double.foreign("mine", description)
    jenkins = jenkins_of(double)
    assert told(look_for_unwanted(jenkins, EMPTY, delete=True).plan) == []


def test_a_kind_that_we_do_not_make_is_not_ours_whatever_it_says() -> None:
    double = fresh_double()
    double.foreign("mine", marked("", Owner("shop", "mine")), kind="freestyle")
    assert told(look_for_unwanted(jenkins_of(double), EMPTY, delete=True).plan) == []


def test_a_folder_stays_while_something_is_in_it(double: JenkinsDouble) -> None:
    double.foreign("team/theirs", kind="freestyle")
    jenkins = jenkins_of(double)
    for _ in range(3):
        outlook = pruned(jenkins, EMPTY, delete=True)
    assert {each.name: each.words for each in outlook.plan.kept} == {
        "team": "still holds team/theirs"
    }
    assert set(double.items) == {"team", "team/theirs"}


def test_what_comes_into_a_folder_at_the_last_moment_saves_it() -> None:
    double = fresh_double()
    jenkins = jenkins_of(double)
    brought(jenkins, ONE)

    class Busy(Jenkins):
        def inside(self, folder: str) -> list[str]:
            double.foreign("team/theirs")
            return super().inside(folder)

    with pytest.raises(FailedBeforeSwitch) as stopped:
        pruned(Busy(jenkins.connection), EMPTY, delete=True)
    assert "team holds team/theirs by now" in stopped.value.error
    assert set(double.items) == {"team", "team/theirs"}


# --- any server --------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "a/b", "a/c", "a/b/c", "a/b/d", "b/x", "b/x/y"])
KINDS = st.sampled_from(["folder", "pipeline", "multibranch", "freestyle"])
OWNERS = st.sampled_from(["ours", "other", "none", "copy"])
ENTRIES = st.dictionaries(NAMES, st.tuples(KINDS, OWNERS, st.booleans()), max_size=8)
DECLARED = st.sets(NAMES, max_size=3)


def server_with(entries: dict[str, tuple[str, str, bool]]) -> JenkinsDouble:
    """What lies in something must lie in a folder: such a parent is made one."""
    double = fresh_double()
    parents = {name.rpartition("/")[0] for name in entries}
    parents |= {parent.rpartition("/")[0] for parent in parents}
    for name in sorted(parents - {""} | set(entries)):
        kind, owner, disabled = entries.get(name, ("folder", "ours", False))
        kind = "folder" if name in parents else kind
        double.foreign(name, description_of(name, owner), kind)
        if disabled and kind != "folder":
            item = double.items[name]
            item.xml = item.xml.replace("</description>", "</description><disabled>true</disabled>")
    return double


def description_of(name: str, owner: str) -> str:
    marks = {
        "ours": marked("text", Owner("shop", name)),
        "other": marked("text", Owner("elsewhere", name)),
        "copy": marked("text", Owner("shop", f"{name}-1")),
    }
    return marks.get(owner, "text")


def declared_jobs(names: set[str]) -> Jobs:
    """As folders, with those above them."""
    parents = {name[:at] for name in names for at, sign in enumerate(name) if sign == "/"}
    folders: dict[str, Any] = {name: {} for name in parents | names}
    return jobs_of({"installation": "shop", "folders": folders})


@settings(max_examples=300, deadline=None)
@given(entries=ENTRIES, declared=DECLARED)
def test_whatever_is_there_only_ours_that_is_not_declared_is_ever_touched(
    entries: dict[str, tuple[str, str, bool]], declared: set[str]
) -> None:
    double = server_with(entries)
    jobs = declared_jobs(declared)
    before = {name: item.xml for name, item in double.items.items()}
    may_go = {
        name
        for name, item in double.items.items()
        if item.root is not None
        and f"[protostar shop: {name}]" in item.xml
        and name not in jobs.items
    }
    for _ in range(4):
        pruned(jenkins_of(double), jobs, delete=True)
    after = {name: item.xml for name, item in double.items.items()}
    assert set(before) - set(after) <= may_go
    untouched = set(before) - may_go
    assert {name: after[name] for name in untouched} == {n: before[n] for n in untouched}
    # What is left of ours holds something that had to stay; and a fifth run changes nothing.
    for name in may_go & set(after):
        assert double.items[name].root == FOLDER
        assert any(each.startswith(f"{name}/") for each in untouched)
    double.log.clear()
    pruned(jenkins_of(double), jobs, delete=True)
    assert double.writes == []


@settings(max_examples=100, deadline=None)
@given(entries=ENTRIES)
def test_without_delete_nothing_is_ever_deleted(
    entries: dict[str, tuple[str, str, bool]],
) -> None:
    listed = jenkins_of(server_with(entries)).items()
    plan = prune_plan({}, listed, "shop")
    assert {action.verb for action in plan.actions} <= {"disable"}
