"""A run: what fails keeps nothing else from being kept, and nothing old is removed then."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest

from pyhelpers.backup import keeping
from pyhelpers.backup.model import BASE
from pyhelpers.errors import PreflightError
from tests.unit.backup.host_double import AnsweringHost, Told, inspected, site_of

if TYPE_CHECKING:
    from pyhelpers.backup.site import Site


@pytest.fixture
def host() -> AnsweringHost:
    host = AnsweringHost()
    host.answer("snapshots --json", text="[]")
    host.answer("pg_control_system", text="7\n")
    host.answer("/spool/line", text="abc")
    host.answer("pg_walfile_name", text="000000010000000000000007\n")
    return host


@pytest.fixture
def site(host: AnsweringHost) -> Site:
    return site_of(host)


def test_what_went_well_is_tidied_up_after(site: Site, host: AnsweringHost) -> None:
    assert keeping.run(site, site.items, "now") == []
    assert host.was_asked("line-abc,cluster-7,run-now /base.tar pg_basebackup")
    assert host.was_asked("rotate 000000010000000000000007")
    assert host.was_asked("forget --prune", "--keep-daily=14")
    assert host.was_asked("restic wal forget --prune")
    assert host.was_asked("/metrics", "backup")


def test_what_was_never_drilled_has_a_figure_that_an_alert_finds_too_old(
    site: Site, host: AnsweringHost
) -> None:
    keeping.run(site, site.items, "now")
    assert host.was_asked("/metrics", "measure drill")


def test_the_age_of_a_drill_stays(site: Site, host: AnsweringHost) -> None:
    host.answer("read drill", text='protostar_backup_drill_timestamp_seconds{host="a5"} 7\n')
    keeping.run(site, site.items, "now")
    assert not host.was_asked("measure drill")


def test_one_that_fails_is_told_and_nothing_old_is_removed(site: Site, host: AnsweringHost) -> None:
    host.answer("/base.tar", status=1, text="write: no space left on device")
    failed = keeping.run(site, site.items, "now")
    assert [item.name for item in failed] == ["postgres"]
    assert host.was_asked("/queue.rdb")
    assert not host.was_asked("forget")
    told = cast("Told", site.show)
    assert told.failed == ["postgres"]
    assert any("the store is full" in note for note in told.notes)


def test_another_database_is_refused_before_anything_is_kept(
    site: Site, host: AnsweringHost
) -> None:
    kept = {"short_id": "1", "time": "2026-11-27T03:00:00Z", "paths": [BASE], "tags": ["cluster-8"]}
    host.answer("snapshots --json", text=json.dumps([kept]))
    with pytest.raises(PreflightError, match="another database"):
        keeping.run(site, site.items, "now")
    assert not host.was_asked("pg_basebackup")
    assert keeping.run(site, site.items, "now", new_database=True) == []


def test_a_store_that_was_never_used_is_prepared(site: Site, host: AnsweringHost) -> None:
    host.answer("--no-lock snapshots", status=10, text="Stat: The specified key does not exist.")
    keeping.run(site, site.items, "now")
    assert host.was_asked("restic files init")


def test_one_that_knows_us_no_more_is_not(site: Site, host: AnsweringHost) -> None:
    host.answer("--no-lock snapshots", status=10, text="Stat: the request signature we calculated")
    with pytest.raises(PreflightError, match="does not know these keys"):
        keeping.run(site, site.items, "now")
    assert not host.was_asked("restic files init")


def test_a_clock_that_is_off_is_told_as_that_and_not_as_wrong_keys(
    site: Site, host: AnsweringHost
) -> None:
    host.answer("--no-lock snapshots", status=1, text="Fatal: Stat: Access Denied.")
    host.answer("curl --silent --head", text="-3600\n")
    with pytest.raises(PreflightError, match=r"clock of this host .* 60 min ahead of the store's"):
        keeping.run(site, site.items, "now")
    host.answer("curl --silent --head", text="1\n")
    with pytest.raises(PreflightError, match="does not know these keys"):
        keeping.run(site, site.items, "now")


def test_without_its_container_nothing_can_be_kept(host: AnsweringHost) -> None:
    found = [inspected("backup", running=False)]
    site = site_of(host)
    host.answer("com.docker.compose.project=", text=json.dumps(found))
    with pytest.raises(PreflightError, match=r"the container `backup` .* does not run"):
        site.look()
