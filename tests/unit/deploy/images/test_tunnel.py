"""`tunnel`: we ask the registry what is meant, and the host's engine pulls through us."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

import pytest
import requests

from pyhelpers.config.model import Config
from pyhelpers.config.model import Registry as Settings
from pyhelpers.deploy.images import commands
from pyhelpers.deploy.images.find import find_image
from pyhelpers.deploy.images.registry import Registry
from pyhelpers.deploy.images.sources import Sources
from pyhelpers.deploy.model import ImageFacts, Way
from pyhelpers.deploy.start import fetch_image
from pyhelpers.errors import FailedBeforeSwitch, PreflightError, Unreachable
from tests.unit.deploy import builders
from tests.unit.deploy.doubles import MemoryHost, run_of, seen
from tests.unit.deploy.images.upstream import Upstream, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LAYER = b"layer" * 10_000
CONFIG = json.dumps({"architecture": "amd64"}).encode()
NAME = "shop/api"


def dumped(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


MANIFEST = dumped(
    {
        "config": {"digest": digest_of(CONFIG), "size": len(CONFIG)},
        "layers": [{"digest": digest_of(LAYER), "size": len(LAYER)}],
    }
)


def entry(architecture: str) -> dict[str, Any]:
    platform = {"os": "linux", "architecture": architecture}
    return {"digest": digest_of(MANIFEST), "platform": platform}


INDEX = dumped({"manifests": [entry("arm64"), entry("amd64")]})
FOREIGN = dumped({"manifests": [entry("s390x")]})


def manifests(version: str) -> str:
    return f"/v2/{NAME}/manifests/{version}"


def blobs(data: bytes) -> str:
    return f"/v2/{NAME}/blobs/{digest_of(data)}"


STORED = {
    manifests("v1"): MANIFEST,
    manifests("v2"): INDEX,
    manifests("foreign"): FOREIGN,
    manifests("old"): dumped({"schemaVersion": 1, "fsLayers": []}),
    manifests(digest_of(MANIFEST)): MANIFEST,
    manifests(digest_of(INDEX)): INDEX,
    blobs(CONFIG): CONFIG,
    blobs(LAYER): LAYER,
}


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream(STORED) as upstream:
        yield upstream


def sources_of(upstream: Upstream) -> Sources:
    def opened(address: str, *, plain_http: bool) -> Registry:
        found = Registry(address, plain_http=plain_http, find_credentials=lambda _: None)
        found._between_s = 0
        return found

    settings = Settings(address=upstream.address, reach="tunnel")
    return Sources(settings, open_registry=opened)


class EngineHost(MemoryHost):
    """Its engine tells its architecture, and pulls what the fetch step asks for."""

    def __init__(self) -> None:
        super().__init__()
        cast("Any", self.engine).version = lambda: {"Arch": "amd64"}
        self.pulled: list[str] = []
        self.pull_ends: tuple[int, str] = (0, "")
        self.ends = self.answer

    def answer(self, argv: Sequence[str]) -> tuple[int, str]:
        if "pull" in argv:
            self.pulled.append(argv[-2])
            return self.pull(argv[-2])
        return 0, ""

    def pull(self, source: str) -> tuple[int, str]:
        """As an engine does: the manifest by its digest, then what it names."""
        address, _, rest = source.partition("/")
        name, _, digest = rest.partition("@")
        base = f"http://{address}/v2/{name}"
        manifest = requests.get(f"{base}/manifests/{digest}", timeout=5)
        if not manifest.ok:
            return 1, manifest.json()["errors"][0]["message"]
        for layer in manifest.json()["layers"]:
            assert requests.get(f"{base}/blobs/{layer['digest']}", timeout=5).content == LAYER
        return self.pull_ends


def find(upstream: Upstream, version: str) -> ImageFacts | None:
    registry = {"address": upstream.address, "reach": "tunnel"}
    config = Config.model_validate(
        {
            "project": "shop",
            "hosts": {"a5": {"local": True}},
            "registry": registry,
            "services": {"api": builders.OF_THE_SERVICE},
        }
    )
    wanted = f"{upstream.address}/{NAME}:{version}"
    return find_image(EngineHost(), config, wanted, sources_of(upstream))


class TestTheRegistryIsAskedByUs:
    def test_a_tag_becomes_a_digest_with_all_that_a_plan_asks(self, upstream: Upstream) -> None:
        assert find(upstream, "v1") == ImageFacts(
            f"{upstream.address}/{NAME}@{digest_of(MANIFEST)}",
            digest_of(MANIFEST),
            ("amd64",),
            present=False,
            size_bytes=len(CONFIG) + len(LAYER),
            way=Way.TUNNEL,
            config_digest=digest_of(CONFIG),
            layers=(digest_of(LAYER),),
        )

    def test_of_an_index_the_hosts_platform_counts_and_the_index_is_pinned(
        self, upstream: Upstream
    ) -> None:
        found = find(upstream, "v2")
        assert found is not None
        assert found.digest == digest_of(INDEX)
        assert found.architectures == ("arm64", "amd64")
        assert found.config_digest == digest_of(CONFIG)
        assert found.size_bytes == len(CONFIG) + len(LAYER)

    def test_an_index_without_the_hosts_platform_is_left_to_the_preflight(
        self, upstream: Upstream
    ) -> None:
        found = find(upstream, "foreign")
        assert found is not None
        assert found.architectures == ("s390x",)

    def test_a_tag_that_nobody_knows_does_not_exist(self, upstream: Upstream) -> None:
        assert find(upstream, "v9") is None

    def test_a_manifest_of_long_ago_is_refused(self, upstream: Upstream) -> None:
        with pytest.raises(PreflightError, match="of a kind that engines of today do not pull"):
            find(upstream, "old")

    def test_a_registry_that_is_not_there_is_no_missing_image(self) -> None:
        with Upstream({}) as gone:
            pass
        with pytest.raises(Unreachable, match=f"the registry {gone.address} does not answer"):
            find(gone, "v1")


class TestTheHostPullsThroughUs:
    def fetch(self, upstream: Upstream, host: EngineHost) -> Any:
        image = ImageFacts(
            f"{upstream.address}/{NAME}@{digest_of(MANIFEST)}",
            digest_of(MANIFEST),
            (),
            present=False,
            way=Way.TUNNEL,
            layers=(digest_of(LAYER),),
        )
        plan = builders.plan(pull=True, image=image)
        run = run_of(host, plan, sources=sources_of(upstream), files={"compose.yml": b""})
        fetch_image(run)
        return run

    def test_by_a_port_of_this_run_and_under_the_releases_name(self, upstream: Upstream) -> None:
        host = EngineHost()
        self.fetch(upstream, host)
        (source,) = host.pulled
        assert re.fullmatch(rf"127\.0\.0\.1:\d+/{NAME}@{digest_of(MANIFEST)}", source)
        assert host.typed() == [commands.pull_as(source, "protostar-release/api:v2")]
        assert len(host.files) == 1

    def test_the_next_one_has_another_name_and_the_port_is_closed(self, upstream: Upstream) -> None:
        host = EngineHost()
        self.fetch(upstream, host)
        port = host.pulled[0].partition("/")[0]
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://{port}/v2/", timeout=2)

    def test_what_moved_is_said(self, upstream: Upstream) -> None:
        run = self.fetch(upstream, EngineHost())
        assert seen(run)[-1].startswith("0.1 of 0.1 MB, ")
        assert seen(run)[-1].endswith("1 of 1 layers")

    def test_a_registry_that_is_gone_is_the_error_and_not_what_the_engine_makes_of_it(
        self,
    ) -> None:
        with Upstream(STORED) as gone:
            pass
        with pytest.raises(FailedBeforeSwitch) as failed:
            self.fetch(gone, EngineHost())
        assert f"the registry {gone.address} does not answer" in failed.value.error
        assert failed.value.try_.startswith("protostar deploy run … --no-registry")

    def test_the_registry_is_let_go_when_the_line_is_cut_too(
        self, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Cut(EngineHost):
            def pull(self, source: str) -> tuple[int, str]:
                raise Unreachable(error="the connection to a5 was cut")

        closed: list[str] = []
        monkeypatch.setattr(Registry, "close", lambda registry: closed.append(registry.address))
        with pytest.raises(Unreachable, match="was cut"):
            self.fetch(upstream, Cut())
        assert closed == [upstream.address]

    def test_a_full_disk_there_is_told_with_the_host(self, upstream: Upstream) -> None:
        host = EngineHost()
        host.pull_ends = (1, "write /var/lib/docker/tmp/x: no space left on device")
        with pytest.raises(FailedBeforeSwitch, match=r"failed on a5: write .* no space left"):
            self.fetch(upstream, host)
        assert host.files == {}
