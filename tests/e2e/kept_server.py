"""A5's stores and Centre's object store as they are shipped, and backups between them."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from bench.engine import LABEL, completed, docker
from tests.e2e.stacks import ServerStack

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

SHIP_EVERY_S = 3
SECOND_STORE = "/spool/second"
STORE = "protostar/versitygw:1.8"


@dataclass(slots=True)
class KeptServer:
    """`a5` is replaced by another one when its disk is wiped; the store stays."""

    folder: Path
    centre: ServerStack = field(init=False)
    a5: ServerStack = field(init=False)
    every_s: int = SHIP_EVERY_S
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.centre = ServerStack("centre", self.folder)
        self.a5 = ServerStack("a5", self.folder)

    def start(self) -> None:
        self.centre.up("s3")
        self.centre.job("s3-setup")
        self.start_a5()

    def start_a5(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "metrics").mkdir(exist_ok=True)
        self.write()
        self.up("postgres", "queue")
        self.job("postgres-setup")
        self.up("backup", "--no-deps")
        docker("network", "connect", self.store_network, self.a5.container("backup"))

    @property
    def store_network(self) -> str:
        return self.centre.environment["PROTOSTAR_NETWORK"]

    @property
    def host(self) -> str:
        """Of the project `test`, so that the stack is the one that sync would have made."""
        return self.a5.tag

    @property
    def root(self) -> Path:
        return self.folder / f"root-{self.a5.tag}"

    @property
    def file(self) -> Path:
        return self.folder / f"protostar-{self.a5.tag}.yml"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "BACKUP_STORE": "s3:http://s3:7070/backups/a5",
            # Anywhere else would do; here it is a folder of the container's.
            "BACKUP_SECOND_STORE": SECOND_STORE,
            "BACKUP_WAL_EVERY_S": str(self.every_s),
            "PROTOSTAR_ROOT": str(self.root),
            **self.variables,
        }

    def up(self, *arguments: str) -> None:
        done = self.a5.compose("up", "--detach", "--wait", *arguments, **self.environment)
        assert done.returncode == 0, done.stderr

    def start_centre_backup(self) -> None:
        """Into a store that is not its own."""
        root = self.folder / f"root-{self.centre.tag}"
        (root / "metrics").mkdir(parents=True)
        environment = {
            "CENTRE_BACKUP_STORE": self.another_store("elsewhere", "64m"),
            "CENTRE_BACKUP_SECRET_KEY": self.centre.secret("S3_BACKUPS_SECRET_KEY"),
            "PROTOSTAR_ROOT": str(root),
        }
        done = self.centre.compose("up", "--detach", "--wait", "--no-deps", "backup", **environment)
        assert done.returncode == 0, done.stderr
        docker("network", "connect", self.store_network, self.centre.container("backup"))

    def another_store(self, word: str, size: str) -> str:
        """On a disk of `size`, with the user `backups` alone. Returns what backups call it."""
        name = f"{self.centre.project}-{word}"
        there = ["--network", self.store_network, "--label", f"{LABEL}={self.centre.tag}"]
        disks = ["--tmpfs", f"/data:size={size},uid=990,gid=990", "--tmpfs", "/iam:uid=990,gid=990"]
        secret = self.centre.secret("S3_BACKUPS_SECRET_KEY")
        keys = ["--env", "ROOT_ACCESS_KEY=backups", "--env", f"ROOT_SECRET_KEY={secret}"]
        docker("run", "--detach", "--name", name, *there, *disks, *keys, STORE)
        docker("exec", name, "mkdir", "/data/backups")
        return f"s3:http://{name}:7070/backups/kept"

    def job(self, service: str) -> None:
        self.a5.job(service, **self.environment)

    def recreate_backup(self, **variables: str) -> None:
        """With other settings: another key, another bucket."""
        self.variables = variables
        self.up("--no-deps", "--force-recreate", "backup")
        docker("network", "connect", self.store_network, self.a5.container("backup"))

    def write(self) -> None:
        kept = {
            "postgres": "postgres",
            "databases": ["protostar"],
            "redis": ["queue"],
            "folders": ["root"],
        }
        document: dict[str, Any] = {
            "project": "test",
            "hosts": {
                self.host: {"local": True, "root": str(self.root)},
                self.centre.tag: {
                    "local": True,
                    "root": str(self.folder / f"root-{self.centre.tag}"),
                },
            },
            "services": {"api": {"host": self.host, "image": "a", "compose": "a", "port": 1}},
            "backup": {
                "hosts": {self.host: kept, self.centre.tag: {"folders": ["jenkins", "objects"]}}
            },
        }
        self.file.write_text(yaml.safe_dump(document), encoding="utf-8")

    # --- using it ---------------------------------------------------------------------------------

    def argv(self, command: str, *arguments: str, host: str = "") -> list[str]:
        module = [sys.executable, "-m", "pyhelpers.backup", command, host or self.host]
        return [*module, *arguments, "-f", str(self.file)]

    def backup(
        self, command: str, *arguments: str, host: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """`python -m pyhelpers.backup …`, to its end."""
        return completed(self.argv(command, *arguments, host=host))

    def done(self, command: str, *arguments: str, host: str = "") -> str:
        found = self.backup(command, *arguments, host=host)
        assert found.returncode == 0, (found.stdout, found.stderr)
        return found.stdout

    def snapshots(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.done("list", "--json"))["snapshots"]
        return found

    def sql(self, text: str, database: str = "protostar") -> str:
        argv = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database]
        done = self.a5.within("postgres", *argv, given=text)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def queue(self, *arguments: str) -> str:
        done = self.a5.within("queue", "redis-cli", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def await_healthy(self, stack: ServerStack, service: str) -> None:
        wait = stack.compose("up", "--detach", "--wait", "--no-recreate", "--no-deps", service)
        assert wait.returncode == 0, wait.stderr

    def now(self) -> str:
        """By the database's clock, to the next whole second."""
        return self.sql(
            "SELECT to_char(date_trunc('second', now() + '1 s') AT TIME ZONE 'UTC', "
            "'YYYY-MM-DD HH24:MI:SS')"
        )

    def await_shipped(self, within_s: float = 30) -> None:
        """Until the store has what was written up to now."""
        since, deadline = time.time(), time.monotonic() + within_s
        while time.monotonic() < deadline:
            if self.shipped_at() > since:
                return
            time.sleep(0.2)
        raise AssertionError(f"no WAL shipped: {docker('logs', self.a5.container('backup'))}")

    def shipped_at(self) -> float:
        return self.figure("backup-wal", "wal_shipped_timestamp_seconds")

    def figure(self, file: str, name: str) -> float:
        """Of this host, as node-exporter reads it; 0 when there is none."""
        path = self.root / "metrics" / f"{file}.prom"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        found = [line for line in lines if line.startswith(f"protostar_backup_{name}{{")]
        return float(found[0].rpartition(" ")[2]) if found else 0.0

    def packs(self) -> list[str]:
        """The files of the store that hold data, the biggest last."""
        listed = "find /data/backups/a5/files/data -type f -printf '%s %p\\n' | sort -n"
        lines = self.centre.within("s3", "sh", "-c", listed).stdout.splitlines()
        return [line.split()[1] for line in lines]

    def who_needs(self, pack: str) -> str:
        """What restic says of the piece in a file's middle: which snapshots are made of it."""
        middle = int(self.centre.within("s3", "stat", "-c", "%s", pack).stdout) // 2
        for each in self._pieces(pack.rpartition("/")[2]):
            if each["offset"] <= middle < each["offset"] + each["length"]:
                kind = "--tree" if each["type"] == "tree" else "--blob"
                return self._restic('exec restic --no-lock find "$@"', kind, each["id"])
        return ""

    def _pieces(self, pack: str) -> list[dict[str, Any]]:
        """Of all packs an index says what lies where in them."""
        each = 'restic --no-lock --quiet cat index "$each" | tr -d "\\n"; echo'
        listing = f"for each in $(restic --no-lock --quiet list index); do {each}; done"
        indexes = [json.loads(line) for line in self._restic(listing).splitlines()]
        found = (p["blobs"] for index in indexes for p in index["packs"] if p["id"] == pack)
        return next(found, [])

    def _restic(self, script: str, *arguments: str) -> str:
        where = 'export RESTIC_REPOSITORY="$BACKUP_STORE/files"; '
        done = self.a5.within("backup", "sh", "-c", where + script, "restic", *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def wipe_a5(self) -> None:
        """Its disk is gone, with everything on it; a new server gets the same stack."""
        self.a5.remove()
        self.a5 = ServerStack("a5", self.folder)
        self.start_a5()

    def remove(self) -> None:
        self.a5.remove()
        self.centre.remove()


# One bit in the middle of a file; again, and it is as it was.
FLIP = (
    'at=$(($(stat -c %s "$1") / 2)); '
    'old=$(od -An -tu1 -j "$at" -N 1 "$1"); new=$(printf "%o" $((old ^ 1))); '
    'printf "\\\\$new" | dd of="$1" bs=1 seek="$at" conv=notrunc 2>/dev/null'
)


def flip(server: KeptServer, path: str) -> None:
    done = server.centre.within("s3", "sh", "-c", FLIP, "flip", path)
    assert done.returncode == 0, done.stderr
