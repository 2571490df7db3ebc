"""A small infra checkout: a gateway, a cache with a password, and a service that is not sync's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.config.loading import load
from pyhelpers.sync.stack import target_of

if TYPE_CHECKING:
    from pathlib import Path

    from pyhelpers.config.model import Config
    from pyhelpers.sync.model import Target

ENVIRON = {"CACHE_PASSWORD": "p$ss#word"}
FILES = {
    "protostar.yml": """\
project: shop
hosts: { a5: { local: true, stack: compose/a5 }, b6: { local: true } }
services: { api: { host: a5, image: shop/api, compose: compose/a5/api.yml, port: 3000 } }
""",
    "compose/a5/compose.yml": "include: [gateway.yml, cache.yml]\n",
    "compose/a5/gateway.yml": """\
services:
  gateway:
    container_name: ${PROTOSTAR_GATEWAY:-gateway}
    image: nginx
    labels: { org.protostar.nginx: "8081" }
    volumes: ["${PROTOSTAR_ROOT}/config:/etc/protostar:ro"]
""",
    "compose/a5/cache.yml": """\
services:
  cache:
    image: redis
    env_file: [cache.env]
    command: [redis-server, /etc/protostar/current/compose/redis.conf]
""",
    "compose/a5/cache.env.j2": 'CACHE_PASSWORD={{ secret("CACHE_PASSWORD") }}\nSIZE=64mb\n',
    "compose/a5/redis.conf": "maxmemory 64mb\n",
    "compose/a5/api.yml": "services: { app: { image: x, env_file: api.env } }\n",
    "compose/a5/api.env": "PASSWORD=of the deploy\n",
    "compose/a5/README.md": "For people.\n",
    "nginx/a5/nginx.conf": "events {}\nhttp { include digest.conf; include public.conf; }\n",
    "nginx/a5/public.conf.j2": "{% for s in services %}# {{ s.name }}\n{% endfor %}",
    "nginx/mixins/log.conf": "# log\n",
}


class Checkout:
    """Written to disk, and changed by a test as a person would."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    @property
    def config(self) -> Config:
        return load(self.folder / "protostar.yml", {})

    def target(self, commit: str = "", **environ: str) -> Target:
        return target_of(self.config, self.folder, "a5", {**ENVIRON, **environ}, commit)
