"""Builds on the real engine: into a registry, into the engine, and with a fuller builder."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from bench.engine import LABEL, completed, docker
from bench.registry import MANIFEST, RegistryContainer
from bench.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.e2e

DOCKERFILE = "FROM protostar/base:trixie\nCOPY . /srv\nRUN cat /srv/said; test ! -e /srv/fail\n"
SECRET = "RUN --mount=type=secret,id=token test -s /run/secrets/token\n"


@dataclass
class Checkout:
    """A service's own repository, and an installation that knows of it."""

    folder: Path
    registry: str
    project: str = field(default_factory=lambda: f"t{secrets.token_hex(3)}")
    env: dict[str, str] = field(default_factory=dict)

    @property
    def image(self) -> str:
        return f"{self.project}/api"

    def make(self) -> None:
        self.folder.mkdir()
        self.git("init", "-q")
        self.write(Dockerfile=DOCKERFILE, **{".dockerignore": ".git\n"})
        service = {"host": "here", "image": self.image, "compose": "api.yml", "port": 3000}
        told = {
            "project": self.project,
            "hosts": {"here": {"local": True}},
            "registry": {"address": self.registry, "reach": "direct"},
            "services": {"api": {**service, "keep_releases": 2}},
        }
        (self.folder.parent / "protostar.yml").write_text(yaml.safe_dump(told))
        self.commit("one")

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        argv = ["git", "-C", str(self.folder), *who, *arguments]
        done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=20)
        return done.stdout.strip()

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text)

    def commit(self, said: str) -> str:
        """The tag that names it."""
        self.write(said=said)
        self.git("add", "-A")
        self.git("commit", "-qm", said)
        return self.git("rev-parse", "--short=12", "HEAD")

    def build(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "pyhelpers.build", "api", *arguments]
        return completed(
            [*argv, "-C", str(self.folder), "-f", str(self.folder.parent / "protostar.yml")],
            env=self.env,
        )

    def built(self, *arguments: str) -> dict[str, Any]:
        done = self.build(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def names_here(self) -> set[str]:
        listed = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
        return {name for name in listed if self.image in name}

    def remove(self) -> None:
        if names := self.names_here():
            docker("image", "rm", "--force", *names)


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryContainer]:
    with RegistryContainer() as registry:
        yield registry


@pytest.fixture
def checkout(tmp_path: Path, registry: RegistryContainer) -> Iterator[Checkout]:
    checkout = Checkout(tmp_path / "api", registry.address)
    checkout.make()
    yield checkout
    checkout.remove()


def manifest(address: str, image: str, tag: str) -> requests.Response:
    index = "application/vnd.oci.image.index.v1+json"
    accept = {"Accept": f"{MANIFEST}, {index}, application/vnd.oci.image.manifest.v1+json"}
    return requests.get(f"http://{address}/v2/{image}/manifests/{tag}", headers=accept, timeout=5)


def test_the_digest_handed_on_is_the_registrys_under_both_tags(
    checkout: Checkout, registry: RegistryContainer
) -> None:
    commit, file = checkout.commit("two"), checkout.folder.parent / "image"
    done = checkout.build("v2", "--digest-file", str(file))
    assert done.returncode == 0, done.stderr
    version, _, digest = file.read_text().strip().partition("@")
    assert version == "v2"
    for tag in ("v2", commit):
        found = manifest(registry.address, checkout.image, tag)
        assert found.headers["Docker-Content-Digest"] == digest
    assert "[3/3] RUN cat /srv/said" in done.stdout


def test_its_labels_say_the_commit(checkout: Checkout) -> None:
    told = checkout.built("v1")
    shown = docker("image", "inspect", "--format", "{{json .Config.Labels}}", told["references"][0])
    labels = json.loads(shown)
    assert labels["org.opencontainers.image.revision"] == checkout.git("rev-parse", "HEAD")
    assert labels["org.opencontainers.image.version"] == "v1"


def test_the_same_again_is_the_same_image_out_of_the_cache(checkout: Checkout) -> None:
    first = checkout.built("v1")
    again = checkout.build("v1", "--digest-file", str(checkout.folder.parent / "image"))
    assert first["digest"] in again.stdout
    assert "[3/3] RUN cat /srv/said; test ! -e /srv/fail: cached" in again.stdout


def test_names_here_are_pruned_to_the_newest(checkout: Checkout) -> None:
    commits = [(checkout.commit(f"c{n}"), checkout.built(f"v{n}")) for n in range(4)]
    kept = {f"{checkout.registry}/{checkout.image}:{tag}" for tag in ("v2", "v3")}
    kept |= {f"{checkout.registry}/{checkout.image}:{commit}" for commit, _ in commits[2:]}
    assert checkout.names_here() == kept


def test_without_a_push_it_is_the_engines(checkout: Checkout) -> None:
    told = checkout.built("v1", "--no-push")
    shown = docker("image", "inspect", "--format", "{{.Id}}", f"{checkout.image}:v1").strip()
    assert (told["version"], told["pushed"]) == (shown, False)


def test_a_failed_step_is_told_with_its_log_and_hands_on_nothing(
    checkout: Checkout, registry: RegistryContainer
) -> None:
    checkout.write(fail="")
    checkout.commit("why it fails\n")
    file = checkout.folder.parent / "image"
    done = checkout.build("v9", "--digest-file", str(file))
    assert done.returncode == 6
    assert done.stderr.startswith(
        "Error: [3/3] RUN cat /srv/said; test ! -e /srv/fail: exit code 1"
    )
    assert "why it fails" in done.stderr
    assert "nothing was deployed" in done.stderr
    assert not file.exists()
    assert manifest(registry.address, checkout.image, "v9").status_code == 404


def test_a_registry_that_does_not_answer_is_named(checkout: Checkout) -> None:
    done = checkout.build("v1", "--registry", "127.0.0.1:1")
    assert done.returncode == 6
    assert "pushing 127.0.0.1:1/" in done.stderr
    assert "connection refused" in done.stderr


def test_a_secret_reaches_the_step_and_nothing_else(checkout: Checkout) -> None:
    checkout.write(Dockerfile=DOCKERFILE + SECRET)
    checkout.commit("with a secret")
    checkout.env["TOKEN"] = "geheim"
    done = checkout.build("v1", "--secret", "id=token,env=TOKEN", "--verbose", "--json", "--steps")
    assert done.returncode == 0, done.stderr
    history = docker("image", "history", "--no-trunc", json.loads(done.stdout)["references"][0])
    assert "geheim" not in done.stdout + done.stderr + history


STORE = {"features": {"containerd-snapshotter": True}, "insecure-registries": ["0.0.0.0/0"]}


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Checkout]:
    """An engine of its own that keeps its images with containerd, with a registry beside it."""
    tag = f"t{secrets.token_hex(3)}"
    docker("network", "create", "--label", f"{LABEL}={tag}", f"servers-{tag}")
    name, beside = f"builder-{tag}", f"registry-{tag}"
    daemon = tmp_path / "daemon.json"
    daemon.write_text(json.dumps(STORE))
    where = ["--network", f"servers-{tag}", "--label", f"{LABEL}={tag}"]
    try:
        docker("run", "-d", "--name", beside, *where, "protostar/registry:2")
        hosts = "SERVER_DOCKERD=-H unix:///var/run/docker.sock -H tcp://0.0.0.0:2375"
        mount = ["--volume", f"{daemon}:/etc/docker/daemon.json:ro", "--env", hosts]
        server = Server.start(name, tag, "", *mount)
        server.load("protostar/base:trixie")
        checkout = Checkout(tmp_path / "api", f"{beside}:5000")
        checkout.env["DOCKER_HOST"] = f"tcp://{server.address}:2375"
        checkout.make()
        yield checkout
    finally:
        docker("rm", "--force", "--volumes", name, beside)
        docker("network", "rm", f"servers-{tag}")


def test_a_full_builder_says_where_it_came_from_and_keeps_its_cache_in_the_registry(
    full: Checkout,
) -> None:
    first = full.built("v1")
    address = full.registry.split(":")[0]
    shown = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    at = f"{docker('inspect', '-f', shown, address).strip()}:5000"
    index = manifest(at, full.image, "v1")
    assert index.headers["Docker-Content-Digest"] == first["digest"]
    kinds = [
        each.get("annotations", {}).get("vnd.docker.reference.type")
        for each in index.json()["manifests"]
    ]
    assert kinds == [None, "attestation-manifest"]
    assert manifest(at, full.image, "buildcache").ok
