"""For scale: the same load on a container that `docker compose up -d` recreates.

A plain nginx with a static upstream before one container, as most small installations have it.
The new image's container gets the old one's address, so nginx need not look it up again: the
kindest case for this way.
"""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from bench.engine import CHECKOUT, LABEL, docker, free_port
from bench.load import Options
from bench.load.events import FAST_KINDS
from bench.output import BenchError, note
from bench.series import LOAD
from bench.stage import under_load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.load import Event

BEFORE_S = 4.0
# Long enough for whoever hangs on the old container to come to an end.
AFTER_S = 8.0
START_S = 30.0
NGINX_CONF = """
pid /tmp/nginx.pid;
error_log /dev/stderr warn;
events { worker_connections 8192; }
http {
    client_body_temp_path /tmp/client_body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    access_log off;
    client_max_body_size 20m;
    upstream app { server app:3000; keepalive 32; keepalive_timeout 2s; }
    server {
        listen 8080;
        location / {
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_pass http://app;
        }
    }
}
"""


def measure() -> dict[str, float]:
    """Version 1 is up and under load; then its image is changed to version 2's."""
    with _project() as project, under_load(Options(url=project.url, seconds=600, **LOAD)) as load:  # type: ignore[arg-type] # the counts are not in LOAD
        time.sleep(BEFORE_S)
        began_s = time.monotonic()
        project.up("2")
        took_s = time.monotonic() - began_s
        time.sleep(AFTER_S)
        result = load.stop()
    note(f"recreated by compose in {took_s:.1f} s: {result.report.failed_by}")
    return figures(result.events, took_s)


def figures(events: Sequence[Event], took_s: float) -> dict[str, float]:
    """The window reaches from the first fast request that failed to the last."""
    failed = [e for e in events if e.failure is not None]
    # A slow one fails at its end: the moment of its start would say nothing.
    fast_s = [e.started_s for e in failed if e.kind in FAST_KINDS]
    return {
        "recreate_requests": len(events),
        "recreate_failed": len(failed),
        "recreate_window_s": max(fast_s) - min(fast_s) if fast_s else 0.0,
        "recreate_s": took_s,
    }


class Project:
    """One Compose project: the example's own file, and a plain nginx before it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = f"recreate-{secrets.token_hex(2)}"
        self._port = free_port()
        (folder / "nginx.conf").write_text(NGINX_CONF)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def up(self, version: str) -> None:
        override = self._folder / "override.json"
        override.write_text(json.dumps(self._override(version)))
        docker(*self._compose(), "up", "-d")

    def down(self) -> None:
        docker(*self._compose(), "down", "--volumes", "--timeout", "2")

    def wait(self) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            try:
                if requests.get(f"{self.url}/health/ready", timeout=1).ok:
                    return
            except requests.RequestException:
                pass  # not yet
            time.sleep(0.1)
        raise BenchError(f"the plain nginx of {self._name} does not answer")

    def _compose(self) -> list[str]:
        app = CHECKOUT / "examples/app/compose.yml"
        files = ["-f", str(app), "-f", str(self._folder / "override.json")]
        return ["compose", "-p", self._name, *files]

    def _override(self, version: str) -> dict[str, object]:
        label = {LABEL: self._name}
        proxy = {
            "image": "protostar/nginx:1.30",
            "labels": label,
            "command": ["nginx", "-c", "/conf/nginx.conf", "-g", "daemon off;"],
            "volumes": [f"{self._folder}:/conf:ro"],
            "tmpfs": ["/tmp"],  # noqa: S108 - the container's own
            "ports": [f"127.0.0.1:{self._port}:8080"],
            "depends_on": ["app"],
        }
        app = {"image": f"protostar-example/app:v{version}", "labels": label}
        return {
            "services": {"app": app, "proxy": proxy},
            "volumes": {"app-data": {"name": self._name, "labels": label}},
            "networks": {"default": {"labels": label}},
        }


@contextmanager
def _project() -> Iterator[Project]:
    with tempfile.TemporaryDirectory(prefix="protostar-recreate-") as folder:
        # The nginx of the container, which is not root, must be able to read it.
        Path(folder).chmod(0o755)
        project = Project(Path(folder))
        try:
            project.up("1")
            project.wait()
            yield project
        finally:
            project.down()
