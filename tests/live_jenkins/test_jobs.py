"""Plan, apply and prune on a real controller: quiet after an apply, and only ever ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pyhelpers.config.secret import Secret
from pyhelpers.errors import PreflightError
from pyhelpers.jobs.apply import apply
from pyhelpers.jobs.connection import Connection, Settings
from pyhelpers.jobs.looking import look
from pyhelpers.jobs.server import Jenkins
from tests.unit.jobs.test_quiet import CHANGES, changed, named
from tests.unit.jobs.world import NoView, brought, pruned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .live import Live

EMPTY: dict[str, Any] = {"installation": "shop"}
KINDS: tuple[dict[str, Any], ...] = (
    {"kind": "ssh-key", "user": "kim"},
    {"kind": "password", "user": "kim"},
    {"kind": "text"},
)
# No key: Jenkins keeps what it is given, and nobody comes in with it.
SECRET = "-----BEGIN OPENSSH PRIVATE KEY-----\nbm9uZQ==\n-----END OPENSSH PRIVATE KEY-----\n"
FOREIGN = """<?xml version='1.1' encoding='UTF-8'?>
<flow-definition><description>made by hand</description></flow-definition>
"""


@pytest.fixture
def applied(live: Live) -> Live:
    brought(live.jenkins, live.jobs())
    return live


def test_nothing_to_do_after_an_apply_and_no_write(applied: Live) -> None:
    outlook = look(applied.jenkins, applied.jobs())
    assert (outlook.plan.actions, outlook.plan.refusals, outlook.problems) == ((), (), ())
    before = applied.jenkins.connection.writes
    brought(applied.jenkins, applied.jobs())
    assert applied.jenkins.connection.writes == before


@pytest.mark.parametrize("change", CHANGES, ids=named)
def test_a_change_shows_exactly_its_line_and_then_nothing(
    applied: Live, change: dict[str, Any]
) -> None:
    jobs = applied.jobs(changed(change))
    (action,) = look(applied.jenkins, jobs).plan.actions
    assert action.name == applied.named(change["at"][1])
    assert list(action.lines) == change.get("lines", [change.get("line")])
    brought(applied.jenkins, jobs)
    assert look(applied.jenkins, jobs).plan.actions == ()


def test_a_wrong_token_is_said(live: Live) -> None:
    right = live.jenkins.connection._settings
    wrong = Settings(right.url, right.user, Secret("wrong"), right.deadline_s)
    with pytest.raises(PreflightError, match="401"):
        Jenkins(Connection(wrong)).items()


@pytest.mark.parametrize("told", KINDS, ids=lambda told: told["kind"])
def test_a_folder_keeps_its_credential_when_it_changes(
    live: Live, tmp_path: Path, told: dict[str, Any]
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    environ = {"LIVE_SECRET": str(tmp_path / "secret")}
    name = f"team/{told['kind']}"
    held = {**told, "from_file": "LIVE_SECRET"}
    folder: dict[str, Any] = {"credentials": {"live-held": held}}
    data = {"installation": "live", "folders": {"team": {}, name: folder}}
    apply(live.jenkins, look(live.jenkins, live.jobs(data), environ=environ), NoView())
    folder["description"] = "changed"
    brought(live.jenkins, live.jobs(data))
    assert live.jenkins.credentials(live.named(name)) == {"live-held"}
    assert look(live.jenkins, live.jobs(data)).plan.actions == ()
    assert "live-held" not in (live.jenkins.credentials() or ())


class TestPrune:
    @pytest.fixture
    def foreign(self, applied: Live) -> Iterator[str]:
        """A job that somebody made by hand, in our folder."""
        name = f"{applied.folder}/by-hand"
        applied.jenkins.create(name, FOREIGN)
        yield name
        if name in applied.jenkins.items():
            applied.jenkins.delete(name)

    def test_takes_ours_and_leaves_what_is_not_and_the_folder_around_it(
        self, applied: Live, foreign: str
    ) -> None:
        nothing = applied.jobs(EMPTY)
        pruned(applied.jenkins, nothing, delete=True)
        last = pruned(applied.jenkins, nothing, delete=True)
        left = {n for n in applied.jenkins.items() if n.split("/")[0] == applied.folder}
        assert left == {applied.folder, foreign}
        assert [each.name for each in last.plan.kept] == [applied.folder]
