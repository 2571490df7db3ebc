"""What the three servers' nginx is made from: configuration, rendered files, certificates."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

from bench.engine import CHECKOUT
from pyhelpers.config.model import Config
from pyhelpers.sync.render import nginx_files

if TYPE_CHECKING:
    from pathlib import Path

NGINX = os.environ.get("PROTOSTAR_NGINX", "protostar/nginx:1.30")
SHOP, OPS, GRAFANA, S3, HOME = "shop.test", "ops.test", "grafana.test", "s3.test", "home.test"
STORE = "store.test:3000"
WEBHOOK = "/hooks/invoke"
SERVERS = ("a5", "centre", "proxy")
# As in compose/a5/gateway.yml.
HARDENED = [
    *("--user", "101:101", "--read-only", "--tmpfs=/tmp:mode=1777,size=256m", "--entrypoint", ""),
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", "--dns-opt", "ndots:1"),
]


def config(proxy: str, admin: str, **gateway: Any) -> Config:
    """A5 with two services of which one never runs; two tools of which one never runs."""
    service = {"host": "a5", "image": "shop/api", "compose": "api.yml", "port": 3000}
    return Config.model_validate(
        {
            "project": "shop",
            "hosts": {name: {"ssh": f"deploy@{name}.lan"} for name in SERVERS},
            "gateways": {"gateway": gateway},
            "services": {"api": {**service, "route": "/"}, "web": {**service, "route": "/web/"}},
            "ops": {
                "proxy_address": proxy,
                "home": HOME,
                "certificate": OPS,
                "allow": [admin],
                "tools": {
                    "grafana": {"name": GRAFANA, "port": 3000, "webhook": WEBHOOK},
                    "s3": {"name": S3, "port": 7070, "max_body_mb": 0},
                },
            },
        }
    )


def rendered(config: Config, server: str) -> dict[str, bytes]:
    return nginx_files(config, server, "gateway", CHECKOUT / "nginx", server)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def self_signed(folder: Path, *names: str) -> None:
    """fullchain.pem and privkey.pem, which the container's user can read."""
    folder.mkdir(parents=True)
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    argv += ["-nodes", "-days", "30", "-subj", f"/CN={names[0]}", "-addext"]
    argv += ["subjectAltName=" + ",".join(f"DNS:{name}" for name in names)]
    argv += ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run(argv, check=True, capture_output=True, timeout=30)
    (folder / "privkey.pem").chmod(0o644)


def nginx_command(*arguments: str) -> list[str]:
    return ["nginx", "-c", "/etc/protostar/nginx.conf", "-p", "/etc/protostar/", *arguments]
