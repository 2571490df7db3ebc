"""SIGKILL at each command of an apply: the re-run converges, and nobody is served half of it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest

from pyhelpers.errors import PreflightError, ProtostarError
from pyhelpers.sync import pipeline
from pyhelpers.sync.digest import digest_of, listing_of
from pyhelpers.sync.model import Allowed
from tests.unit.sync.conftest import Scene
from tests.unit.sync.memory import Killed, MemoryHost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyhelpers.sync.model import Target
    from tests.unit.sync.checkout_double import Checkout

KINDS = ["nginx", "container", "both", "removed", "first"]
LOG = "nginx/mixins/log.conf"
# More commands than an apply has.
MANY = 60


def change(checkout: Checkout, kind: str) -> None:
    if kind in ("nginx", "both"):
        checkout.write(LOG, "# second\n")
    if kind in ("container", "both"):
        checkout.edit("compose/a5/cache.yml", "image: redis", "image: redis:8")
    if kind == "removed":
        checkout.write("compose/a5/compose.yml", "include: [gateway.yml]\n")


def deaths(checkout: Checkout, kind: str) -> Iterator[tuple[Scene, Target]]:
    """A scene for each command at which an apply of the target can be killed, killed there."""
    scene = Scene(checkout)
    if kind != "first":
        scene.apply()
    change(checkout, kind)
    target = checkout.target()
    for number in range(1, MANY):
        one = Scene(checkout, copy.deepcopy(scene.host))
        one.host.revived()
        one.host.kill_at = number
        try:
            one.apply(target)
        except Killed:
            one.host.revived()
            yield one, target
        else:
            assert number > 8
            return
    pytest.fail("it never came to its end")


def whole(host: MemoryHost, digest: str) -> bool:
    """What has a digest for a name has the files that make it."""
    return digest_of(listing_of(host.releases[digest])) == digest


def converged(host: MemoryHost, target: Target) -> None:
    assert host.current == target.digest
    assert {c.service: c.config for c in host.containers.values()} == dict(target.services)
    assert {c.nginx for c in host.containers.values() if c.nginx_port} == {target.nginx}
    assert "applying" not in host.plain
    assert host.incoming == {}
    assert host.outcomes()[-1] == "apply: done"
    assert whole(host, target.digest)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_command_again_converges_and_a_third_does_nothing(
    checkout: Checkout, kind: str
) -> None:
    for scene, target in deaths(checkout, kind):
        assert all(whole(scene.host, digest) for digest in scene.host.releases)
        scene.apply(target)
        converged(scene.host, target)
        assert scene.apply(target).steps == ()


@pytest.mark.parametrize("kind", ["both", "removed"])
def test_another_configuration_after_it_converges_too(checkout: Checkout, kind: str) -> None:
    for scene, _ in deaths(checkout, kind):
        checkout.write(LOG, "# third\n")
        third = checkout.target()
        scene.apply(third)
        converged(scene.host, third)


def test_so_does_the_configuration_of_before(checkout: Checkout) -> None:
    first = checkout.target()
    for scene, _ in deaths(checkout, "both"):
        scene.apply(first)
        assert scene.host.current == first.digest
        assert scene.apply(first).steps == ()


def test_a_kill_while_it_is_put_back_converges(checkout: Checkout) -> None:
    scene = Scene(checkout)
    scene.apply()
    change(checkout, "both")
    target = checkout.target()
    for number in range(1, MANY):
        one = Scene(checkout, copy.deepcopy(scene.host))
        one.host.revived()
        one.host.unwell, one.host.kill_at = {"cache"}, number
        with pytest.raises((Killed, ProtostarError)) as ended:
            one.apply(target)
        one.host.unwell = set()
        one.host.revived()
        one.apply(target)
        converged(one.host, target)
        if ended.type is not Killed:
            return


def test_a_container_is_made_anew_once_however_often_it_is_killed(checkout: Checkout) -> None:
    for scene, target in deaths(checkout, "container"):
        scene.apply(target)
        assert scene.host.made == 3


def test_a_hand_edit_is_seen_after_a_kill_too(checkout: Checkout) -> None:
    for scene, target in deaths(checkout, "nginx"):
        scene.host.edit("nginx/nginx.conf", b"# by hand\n")
        with pytest.raises(PreflightError, match=r"nginx/nginx.conf: edited"):
            scene.apply(target)
        pipeline.set_aside(scene.site)
        scene.apply(target, Allowed(drift=True))
        converged(scene.host, target)
