"""`apply`: what it does, what it leaves alone, and what stands when it fails."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from pyhelpers.errors import (
    ConfigurationError,
    Exit,
    Interrupted,
    LockedError,
    PreflightError,
    ProtostarError,
)
from pyhelpers.hosts.lock import LockLost
from pyhelpers.sync import pipeline, watch
from pyhelpers.sync.model import Allowed
from tests.unit.sync.memory import Made

if TYPE_CHECKING:
    from pyhelpers.sync.run import Run
    from tests.unit.sync.conftest import Scene

NGINX = "nginx/mixins/log.conf"
CACHE = "compose/a5/cache.yml"


class TestTheFirst:
    def test_makes_everything(self, scene: Scene) -> None:
        made = scene.apply()
        host = scene.host
        assert host.current == made.target.digest
        assert {c.service for c in host.containers.values()} == {"gateway", "cache"}
        assert host.outcomes() == ["apply: done"]
        assert "applying" not in host.plain
        assert host.incoming == {}

    def test_a_second_does_nothing_and_says_so(self, applied: Scene) -> None:
        assert applied.apply().steps == ()
        assert applied.host.done == ["prepare", "lock", "flock"]
        assert applied.show.begun == []
        assert applied.host.outcomes() == ["apply: done"]

    def test_env_files_are_for_their_owner_alone(self, applied: Scene) -> None:
        files = applied.host.releases[applied.host.current]
        modes = {name: file.mode for name, file in files.items() if name.endswith(".env")}
        assert modes == {"compose/.env": 0o600, "compose/cache.env": 0o600}

    def test_the_service_that_a_deploy_switches_is_not_in_it(self, applied: Scene) -> None:
        files = applied.host.releases[applied.host.current]
        assert not [name for name in files if "api." in name or "README" in name]


class TestOnlyWhatChanged:
    def test_nginx_files_reload_nginx_and_make_no_container_anew(self, applied: Scene) -> None:
        before = {name: made.number for name, made in applied.host.containers.items()}
        applied.checkout.write(NGINX, "# another log\n")
        made = applied.apply()
        assert made.create == made.remove == ()
        assert "docker kill" in applied.host.done
        assert {n: m.number for n, m in applied.host.containers.items()} == before
        assert applied.host.containers["gateway-1"].nginx == made.target.nginx

    def test_a_changed_service_is_made_anew_alone(self, applied: Scene) -> None:
        gateway = applied.host.containers["gateway-1"].number
        applied.checkout.edit(CACHE, "image: redis", "image: redis:8")
        assert applied.apply().create == ("cache",)
        assert applied.host.containers["gateway-1"].number == gateway
        assert "docker kill" not in applied.host.done

    @pytest.mark.parametrize("file", ["compose/a5/redis.conf", "compose/a5/cache.env.j2"])
    def test_so_is_one_whose_file_changed(self, applied: Scene, file: str) -> None:
        applied.checkout.edit(file, "64mb", "128mb")
        assert applied.apply().create == ("cache",)

    def test_so_is_one_whose_secret_changed(self, applied: Scene) -> None:
        target = applied.checkout.target(CACHE_PASSWORD="another")
        assert applied.apply(target).create == ("cache",)

    def test_a_service_that_is_gone_is_removed(self, applied: Scene) -> None:
        applied.checkout.write("compose/a5/compose.yml", "include: [gateway.yml]\n")
        assert applied.apply().remove == ("cache-1",)
        assert list(applied.host.containers) == ["gateway-1"]

    def test_a_colour_of_a_service_is_never_touched_whatever_its_project_is_called(
        self, applied: Scene
    ) -> None:
        applied.host.containers["api-1"] = Made("app", "", "", switched="api")
        applied.checkout.write(NGINX, "# another\n")
        assert applied.apply().remove == ()
        assert "api-1" in applied.host.containers

    def test_a_container_that_somebody_removed_is_made_again(self, applied: Scene) -> None:
        del applied.host.containers["cache-1"]
        made = applied.apply()
        assert made.create == ("cache",)
        assert "upload" not in applied.show.begun

    def test_a_job_that_has_ended_well_is_left_alone(self, applied: Scene) -> None:
        job = applied.host.containers["cache-1"]
        job.state, job.status = "exited", "Exited (0) 2 minutes ago"
        assert applied.apply().steps == ()

    def test_a_gateway_that_serves_something_else_is_reloaded(self, applied: Scene) -> None:
        applied.host.containers["gateway-1"].nginx = "0123456789ab"
        applied.apply()
        assert applied.show.begun == ["check", "flip", "reload nginx", "verify", "record"]


class TestRefusedBeforeAnythingIsTouched:
    def nothing_changed(self, scene: Scene, wrong: ProtostarError) -> None:
        assert "nothing was changed" in wrong.state
        assert scene.host.outcomes() == ["apply: done"]
        assert scene.host.incoming == {}
        assert len(scene.host.archives) == 1

    def test_what_nginx_does_not_take(self, applied: Scene) -> None:
        applied.checkout.write(NGINX, "BROKEN on;\n")
        with pytest.raises(ConfigurationError, match=r'"BROKEN" in nginx/mixins/log.conf:1') as it:
            applied.apply()
        self.nothing_changed(applied, it.value)

    def test_what_compose_does_not_take(self, applied: Scene) -> None:
        applied.checkout.edit(CACHE, "image: redis", "image: redis\n    x-a: BROKEN")
        with pytest.raises(ConfigurationError, match=r"compose/compose.yml: BROKEN") as refused:
            applied.apply()
        self.nothing_changed(applied, refused.value)

    def test_two_services_on_one_port(self, applied: Scene) -> None:
        applied.checkout.edit(CACHE, "image: redis", "image: redis\n    ports: [{published: 80}]")
        applied.checkout.edit(
            "compose/a5/gateway.yml", "image: nginx", "image: nginx\n    ports: [{published: 80}]"
        )
        with pytest.raises(ConfigurationError, match="cache and gateway both want port 80") as it:
            applied.apply()
        self.nothing_changed(applied, it.value)

    def test_a_certificate_that_has_expired(self, applied: Scene) -> None:
        applied.host.certificates = {"/etc/tls/a.pem": "expired"}
        applied.checkout.write(NGINX, "ssl_certificate /etc/tls/a.pem;\n")
        told = r"the certificate /etc/tls/a\.pem has expired"
        with pytest.raises(ConfigurationError, match=told) as refused:
            applied.apply()
        self.nothing_changed(applied, refused.value)

    def test_a_full_disk_that_is_seen(self, applied: Scene) -> None:
        applied.host.free_bytes = 1 << 20
        applied.checkout.write(NGINX, "# more\n")
        with pytest.raises(PreflightError, match="nearly full: 1 MiB are free") as refused:
            applied.apply()
        self.nothing_changed(applied, refused.value)

    @pytest.mark.parametrize("where", ["put", "unpack"])
    def test_a_disk_that_fills_while_it_is_written(self, applied: Scene, where: str) -> None:
        applied.host.broken[where] = "No space left on device"
        applied.checkout.write(NGINX, "# more\n")
        with pytest.raises(PreflightError, match="No space left on device") as refused:
            applied.apply()
        assert refused.value.try_ == "df -h /srv/protostar/config, on a5"
        self.nothing_changed(applied, refused.value)

    def test_an_image_that_cannot_be_had(self, applied: Scene) -> None:
        applied.host.broken["fetch"] = "manifest unknown"
        applied.checkout.edit(CACHE, "image: redis", "image: redis:9")
        current = applied.host.current
        with pytest.raises(PreflightError, match="manifest unknown"):
            applied.apply()
        assert applied.host.current == current

    def test_a_container_of_that_name_that_sync_has_not_made(self, scene: Scene) -> None:
        scene.host.strangers = ["gateway old-project"]
        with pytest.raises(PreflightError, match="gateway is there already") as refused:
            scene.apply()
        assert refused.value.try_.startswith("docker compose -p old-project down")

    def test_while_a_deploy_goes_on(self, applied: Scene) -> None:
        applied.host.locked = True
        with pytest.raises(LockedError, match="held by a deploy, or by another sync"):
            applied.apply()

    def test_by_a_pipeline_that_runs_on_what_would_be_replaced(self, applied: Scene) -> None:
        applied.host.containers["cache-1"].pipeline = "true"
        applied.checkout.edit(CACHE, "image: redis", "image: redis:8")
        with pytest.raises(PreflightError, match="cache-1, which this pipeline runs on") as it:
            applied.apply(allowed=Allowed(in_pipeline=True))
        assert it.value.try_ == "protostar sync apply a5   # from a laptop"
        assert applied.apply().create == ("cache",)


class TestALostLock:
    """Another may hold the host by then: nothing more is done, not even put back."""

    def test_before_the_flip_nothing_was_changed(self, applied: Scene) -> None:
        current = applied.host.current
        applied.checkout.edit(CACHE, "image: redis", "image: redis:8")
        applied.host.lock_lost_after = "unpack"
        with pytest.raises(LockLost, match="its holder is gone"):
            applied.apply()
        assert applied.host.current == current
        assert "up" not in applied.host.done

    def test_after_it_the_next_one_goes_on(self, applied: Scene) -> None:
        applied.checkout.edit(CACHE, "image: redis", "image: redis:8")
        applied.host.lock_lost_after = "flip"
        with pytest.raises(ProtostarError, match="its holder is gone") as lost:
            applied.apply()
        assert lost.value.exit_code is Exit.FAILED_AFTER_SWITCH
        assert lost.value.state == f"{applied.host.current} was begun and is not finished"
        assert "up" not in applied.host.done
        applied.host.lock_lost_after = ""
        assert applied.apply().create == ("cache",)


class TestPutBack:
    def test_what_is_not_healthy(self, applied: Scene) -> None:
        first, loaded = applied.host.current, applied.host.containers["gateway-1"].nginx
        old = applied.host.containers["cache-1"].config
        applied.checkout.edit(CACHE, "image: redis", "image: redis:8")
        applied.checkout.write(NGINX, "# another\n")
        applied.host.unwell = {"cache"}
        original_up = applied.host._up

        def healed(words: list[str]) -> tuple[int, str]:
            if applied.host.current == first:
                applied.host.unwell = set()
            return original_up(words)

        applied.host._up = healed  # type: ignore[method-assign]
        with pytest.raises(ProtostarError, match="cache-1 is unhealthy") as failed:
            applied.apply()
        host = applied.host
        assert failed.value.exit_code is Exit.FAILED_AFTER_SWITCH
        assert failed.value.state == f"{first} serves again; it was put back"
        assert host.current == first
        assert host.containers["cache-1"].config == old
        assert host.containers["gateway-1"].nginx == loaded
        assert host.outcomes() == ["apply: done", "apply: put back"]
        assert host.history()[-1]["now"] == first
        assert "applying" not in host.plain

    def test_a_gateway_that_does_not_take_up_the_new_files(self, applied: Scene) -> None:
        first, loaded = applied.host.current, applied.host.containers["gateway-1"].nginx
        applied.host.broken["docker kill"] = "no such process"
        applied.checkout.write(NGINX, "# another\n")
        with pytest.raises(ProtostarError, match="cannot be told to reload") as failed:
            applied.apply()
        assert failed.value.exit_code is Exit.FAILED_AFTER_SWITCH
        assert applied.host.current == first
        assert applied.host.containers["gateway-1"].nginx == loaded

    def test_the_same_again_is_possible_after_it(self, applied: Scene) -> None:
        applied.host.broken["up"] = "port is already allocated"
        applied.checkout.edit(CACHE, "image: redis", "image: redis:8")
        with pytest.raises(ProtostarError, match="port is already allocated"):
            applied.apply()
        del applied.host.broken["up"]
        made = applied.apply()
        assert applied.host.current == made.target.digest
        assert applied.apply().steps == ()

    def test_a_first_one_has_nothing_to_go_back_to_and_says_so(self, scene: Scene) -> None:
        scene.host.unwell = {"cache"}
        with pytest.raises(ProtostarError, match="cache-1 is unhealthy") as failed:
            scene.apply()
        assert "no earlier configuration" in failed.value.state
        scene.host.unwell = set()
        scene.apply()
        assert scene.host.outcomes()[-1] == "apply: done"

    def test_by_a_signal_too_and_a_second_one_does_not_stop_that(
        self, applied: Scene, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, well = applied.host.current, watch.until_well

        def interrupted(run: Run) -> None:
            signal.raise_signal(signal.SIGTERM)
            well(run)

        monkeypatch.setattr(watch, "until_well", interrupted)
        applied.checkout.write(NGINX, "# second\n")
        with pytest.raises(Interrupted) as ended:
            applied.apply()
        assert ended.value.error == "interrupted by SIGTERM"
        assert ended.value.state == f"{first} serves again; it was put back"
        assert applied.host.current == first

    def test_when_that_fails_too_it_says_that_nobody_knows(self, applied: Scene) -> None:
        applied.host.broken["up"] = "no space"
        applied.checkout.edit(CACHE, "image: redis", "image: redis:8")
        applied.host.containers["cache-1"].config = "somebody"
        with pytest.raises(ProtostarError, match="no space") as failed:
            applied.apply(allowed=Allowed(drift=True))
        assert failed.value.exit_code is Exit.FAILED_AFTER_SWITCH
        assert failed.value.state.startswith("unknown: putting back what was before failed too: ")
        del applied.host.broken["up"]
        applied.apply()
        assert applied.host.outcomes()[-1] == "apply: done"


class TestDrift:
    def test_an_edit_on_the_host_is_shown_and_refused(self, applied: Scene) -> None:
        applied.host.edit(NGINX, b"# by hand\n")
        with pytest.raises(PreflightError, match=rf"{NGINX}: edited") as refused:
            applied.apply()
        assert "--adopt" in refused.value.try_

    def test_overwrite_undoes_it_and_keeps_a_copy(self, applied: Scene) -> None:
        applied.host.edit(NGINX, b"# by hand\n")
        digest = pipeline.set_aside(applied.site)
        applied.apply(allowed=Allowed(drift=True))
        host = applied.host
        assert host.releases[host.current][NGINX].data == b"# log\n"
        kept = pipeline.earlier(applied.site, digest)
        assert kept.files[NGINX].data == b"# by hand\n"
        assert applied.apply().steps == ()

    def test_adopt_makes_it_the_one_that_counts_and_nginx_loads_it(self, applied: Scene) -> None:
        applied.host.edit(NGINX, b"# by hand\n")
        target = pipeline.adopted(applied.site)
        applied.apply(target, Allowed(drift=True))
        host = applied.host
        assert host.current == target.digest
        assert host.releases[host.current][NGINX].data == b"# by hand\n"
        assert host.containers["gateway-1"].nginx == target.nginx
        assert host.outcomes()[-1] == "adopt: done"

    def test_after_it_the_checkout_is_an_ordinary_change(self, applied: Scene) -> None:
        applied.host.edit(NGINX, b"# by hand\n")
        applied.apply(pipeline.adopted(applied.site), Allowed(drift=True))
        assert NGINX in applied.apply().changed

    def test_without_it_there_is_nothing_to_adopt(self, applied: Scene) -> None:
        with pytest.raises(PreflightError, match="nobody has changed a5 by hand"):
            pipeline.adopted(applied.site)

    def test_a_link_that_somebody_turned_is_one_too(self, applied: Scene) -> None:
        first = applied.host.current
        applied.checkout.write(NGINX, "# second\n")
        second = applied.apply().target.digest
        applied.host.current = first
        with pytest.raises(PreflightError, match=f"names {first}, was {second}"):
            applied.apply()


class TestRollback:
    def test_goes_to_the_one_before_and_twice_goes_back_two(self, applied: Scene) -> None:
        digests = [applied.host.current]
        for number in (2, 3):
            applied.checkout.write(NGINX, f"# {number}\n")
            digests.append(applied.apply().target.digest)
        for wanted in (digests[1], digests[0]):
            applied.apply(pipeline.earlier(applied.site, None))
            assert applied.host.current == wanted
            assert applied.host.history()[-1]["action"] == "rollback"

    def test_without_an_earlier_one_says_so(self, applied: Scene) -> None:
        with pytest.raises(PreflightError, match="a5 keeps no earlier release"):
            pipeline.earlier(applied.site, None)

    def test_keeps_five_releases(self, applied: Scene) -> None:
        for number in range(7):
            applied.checkout.write(NGINX, f"# {number}\n")
            applied.apply()
        assert len(applied.host.archives) == len(applied.host.releases) == 5


class TestOnlyForward:
    @pytest.mark.parametrize("relation", ["older", "apart", "unknown"])
    def test_another_commit_is_refused_unless_forced(
        self, applied: Scene, relation: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pipeline, "_relation", lambda *_: relation)
        applied.checkout.write(NGINX, "# older\n")
        with pytest.raises(PreflightError, match="this checkout's commit"):
            applied.apply()
        applied.apply(allowed=Allowed(force=True))

    def test_a_rollback_may(self, applied: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        applied.checkout.write(NGINX, "# second\n")
        applied.apply()
        monkeypatch.setattr(pipeline, "_relation", lambda *_: "older")
        applied.apply(pipeline.earlier(applied.site, None))


def test_a_plan_can_be_made_while_a_deploy_goes_on(applied: Scene) -> None:
    applied.checkout.write(NGINX, "# second\n")
    applied.host.locked = True
    assert pipeline.planned(applied.site, applied.checkout.target(), Allowed()).steps


def test_what_nginx_warns_of_is_said(applied: Scene) -> None:
    applied.checkout.write(NGINX, "# DOUBTFUL\n")
    told = "nginx of gateway: nginx: [warn] DOUBTFUL in nginx/mixins/log.conf:1"
    assert pipeline.planned(applied.site, applied.checkout.target(), Allowed()).warnings == (told,)
    applied.apply()
    assert told in applied.show.notes


def test_a_certificate_that_expires_soon_is_said(applied: Scene) -> None:
    applied.host.certificates = {"a.pem": "soon"}
    applied.checkout.write(NGINX, "ssl_certificate a.pem;\nssl_certificate $by_name;\n")
    applied.apply()
    assert "the certificate a.pem expires within 14 days" in applied.show.notes


def test_a_plan_checks_and_leaves_nothing(applied: Scene) -> None:
    applied.checkout.write(NGINX, "# second\n")
    made = pipeline.planned(applied.site, applied.checkout.target(), Allowed())
    assert [str(step.name) for step in made.steps] == [
        *("check", "upload", "flip", "reload nginx", "verify", "record"),
    ]
    assert applied.host.incoming == {}
    assert len(applied.host.archives) == 1
    assert applied.apply().changed == ("nginx/digest.conf", NGINX)
