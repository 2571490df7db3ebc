"""The Compose files of the three servers, as they lie in compose/."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
COMPOSE = CHECKOUT / "compose"
SERVERS = ("a5", "centre", "proxy")
MIB = {"m": 1, "M": 1, "g": 1024, "G": 1024}
# What the deploy adds where no template says otherwise (protostar.example.yml).
COLOURS, REPLICAS = 2, 1


@dataclass(frozen=True)
class Service:
    """One key below `services:`. `replicas`: 0 for what the server's own stack runs."""

    server: str
    file: str
    name: str
    body: dict[str, Any]
    replicas: int = 0

    @property
    def switched(self) -> bool:
        """By a deploy: two colours, whose image and names come from it."""
        return self.replicas > 0

    @property
    def shown(self) -> str:
        return self.file.removesuffix(".yml") if self.switched else self.name

    @property
    def job(self) -> bool:
        """Does its work and ends."""
        return self.body.get("restart") == "no"

    @property
    def limits(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body.get("deploy", {}).get("resources", {}).get("limits", {})
        return {
            "memory": found.get("memory", self.body.get("mem_limit")),
            "pids": found.get("pids", self.body.get("pids_limit")),
        }

    @property
    def memory_mib(self) -> int:
        text = str(self.limits["memory"])
        return int(text[:-1]) * MIB[text[-1]]

    @property
    def containers(self) -> int:
        """At most: in a deploy both colours run."""
        return self.replicas * COLOURS if self.switched else 1


def named(service: Service) -> str:
    return f"{service.server}/{service.shown}"


def included(server: str) -> list[str]:
    """The files of the server's own stack."""
    entry = document(server, "compose.yml")
    return ["compose.yml", *entry.get("include", [])]


@cache
def document(server: str, file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text(server, file))
    return found


def text(server: str, file: str) -> str:
    return (COMPOSE / server / file).read_text(encoding="utf-8")


def files(server: str) -> list[str]:
    return sorted(path.name for path in (COMPOSE / server).glob("*.yml"))


def services(server: str) -> list[Service]:
    return [
        Service(server, file, name, body, 0 if file in included(server) else replicas(server, file))
        for file in files(server)
        for name, body in document(server, file).get("services", {}).items()
    ]


def replicas(server: str, file: str) -> int:
    """As the head of the file tells its reader to write it into protostar.yml."""
    said = re.search(r"^# +replicas: (\d+)$", text(server, file), re.MULTILINE)
    return int(said[1]) if said else REPLICAS


ALL = [service for server in SERVERS for service in services(server)]
