"""A real registry in a container, and images in it that no engine has ever seen."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import secrets
import tarfile
import time
from typing import Any, Self

import requests

from bench.engine import LABEL, docker, free_port

IMAGE = "protostar/registry:2"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class RegistryContainer:
    """`with RegistryContainer() as registry: registry.publish("app", "v1", layer_bytes=…)`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.name = f"registry-{secrets.token_hex(3)}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        label = ["--label", f"{LABEL}={self.name}"]
        docker("run", "-d", "--name", self.name, *label, "-p", f"{self.address}:5000", IMAGE)
        self._await()
        return self

    def __exit__(self, *_error: object) -> None:
        docker("rm", "--force", "--volumes", self.name)

    def stop(self) -> None:
        docker("stop", "-t", "1", self.name)

    def _await(self, within_s: float = 15.0) -> None:
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            try:
                if requests.get(f"http://{self.address}/v2/", timeout=1).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.05)
        raise RuntimeError(f"the registry does not answer: {docker('logs', self.name)}")

    def publish(self, local: str, repository: str, tag: str, layer_bytes: int) -> None:
        """The engine's image `local` with a layer of random bytes on top, made in the registry.

        Not built: an engine that has built a layer would not pull it.
        """
        self.push(local, repository, tag)
        self._add_layer(f"http://{self.address}/v2/{repository}", tag, layer_bytes)

    def push(self, local: str, repository: str, tag: str) -> None:
        """The engine's image `local`, as it is."""
        pushed = f"{self.address}/{repository}:{tag}"
        docker("tag", local, pushed)
        docker("push", "--quiet", pushed)
        docker("image", "rm", pushed)

    def _add_layer(self, base: str, tag: str, layer_bytes: int) -> None:
        manifest = _got(f"{base}/manifests/{tag}", {"Accept": MANIFEST}).json()
        config = _got(f"{base}/blobs/{manifest['config']['digest']}").json()
        plain = _tar(os.urandom(layer_bytes))
        config["rootfs"]["diff_ids"].append(_digest(plain))
        config["history"].append({"created_by": "a test"})
        manifest["config"] |= upload(base, json.dumps(config).encode())
        packed = upload(base, gzip.compress(plain))
        kind = {"mediaType": manifest["layers"][0]["mediaType"]}
        manifest["layers"].append({**kind, **packed})
        url, headers = f"{base}/manifests/{tag}", {"Content-Type": MANIFEST}
        requests.put(url, json.dumps(manifest), headers=headers, timeout=10).raise_for_status()


def upload(base: str, data: bytes) -> dict[str, Any]:
    """A blob; its descriptor. `base`: http://ADDRESS/v2/REPOSITORY."""
    begun = requests.post(f"{base}/blobs/uploads/", timeout=10)
    query = {"digest": _digest(data)}
    where = begun.headers["Location"]
    requests.put(where, data, params=query, timeout=30).raise_for_status()
    return {"digest": _digest(data), "size": len(data)}


def _got(url: str, headers: dict[str, str] | None = None) -> requests.Response:
    answer = requests.get(url, headers=headers, timeout=10)
    answer.raise_for_status()
    return answer


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _tar(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        member = tarfile.TarInfo("pad")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return out.getvalue()
