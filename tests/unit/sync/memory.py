"""A host in memory that understands what sync types on it, and can die at each of its commands."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pyhelpers.hosts.protocol import ChannelClosed, Finished
from pyhelpers.sync import archive, compose
from pyhelpers.sync.digest import listing_of, nginx_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyhelpers.sync.model import Files

ROOT = PurePosixPath("/srv/protostar")
CONFIG = ROOT / "config"
LOOKS = ("look", "tree", "ask")


class Killed(BaseException):
    """The deployer is gone; whatever it still tries after that does not happen."""


class StoppedClock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds


class Silent:
    """Hears the steps, and tells nobody."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.notes: list[str] = []

    def begin(self, step: Any) -> None:
        self.begun.append(str(step.name))

    def note(self, text: str) -> None:
        self.notes.append(text)

    def end(self, step: Any, seconds: float) -> None: ...

    def fail(self, step: Any, seconds: float) -> None:
        self.notes.append(f"failed: {step.name}")


class Lock:
    """The channel of a lock that is free, or is not, or is lost by and by."""

    def __init__(self, host: MemoryHost, *, free: bool) -> None:
        self._host, self._free = host, free

    def send(self, line: str) -> None: ...

    def receive(self, deadline_s: float) -> str | None:
        if self._host.lock_lost_after in self._host.done:
            raise ChannelClosed
        return "held" if self._free else None

    def close(self) -> None: ...


@dataclass
class Made:
    """A container as it was made, and the nginx files that it has loaded."""

    service: str
    config: str
    made_from: str
    nginx: str = ""
    state: str = "running"
    status: str = "Up 1 second"
    nginx_port: int = 0
    pipeline: str = ""
    switched: str = ""
    number: int = 0


@dataclass
class MemoryHost:
    """`broken`: what makes a command fail, by the word that names it.

    `lock_lost_after`: the command, by its word, during which the lock's holder dies.
    """

    name: str = "a5"
    root: PurePosixPath = ROOT
    archives: dict[str, bytes] = field(default_factory=dict)
    releases: dict[str, Files] = field(default_factory=dict)
    incoming: dict[str, Files] = field(default_factory=dict)
    current: str = ""
    plain: dict[str, bytes] = field(default_factory=dict)
    containers: dict[str, Made] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)
    free_bytes: int = 1 << 34
    locked: bool = False
    lock_lost_after: str = ""
    broken: dict[str, str] = field(default_factory=dict)
    unwell: set[str] = field(default_factory=set)
    kill_at: int = 0
    dead: bool = False
    done: list[str] = field(default_factory=list)
    made: int = 0
    warning: str = ""
    certificates: dict[str, str] = field(default_factory=dict)

    # --- a host -------------------------------------------------------------------------------

    def run(self, argv: Sequence[str], **_how: Any) -> Finished:
        words = self._inner(list(argv))
        name = self._name(words)
        self._count(name)
        if name in self.broken:
            return Finished(tuple(argv), 1, "", self.broken[name])
        status, out = self._programs[name](words)
        warning, self.warning = self.warning, ""
        return Finished(tuple(argv), status, out if status == 0 else "", out if status else warning)

    def start(self, argv: Sequence[str]) -> Any:
        self._count("lock")
        return Lock(self, free="--shared" in argv or not self.locked)

    def put(self, path: PurePosixPath, data: bytes, mode: int = 0o644) -> None:
        self._count(f"put {path.suffix or path.name}")
        if "put" in self.broken:
            raise OSError(28, self.broken["put"])
        if path.suffix == ".tar":
            assert mode == 0o600
            self.archives[path.stem] = data
        else:
            self.plain[path.name] = data

    def read(self, path: PurePosixPath, limit_bytes: int = 1 << 20) -> bytes | None:
        self._alive()
        return self.archives.get(path.stem) if path.suffix == ".tar" else self.plain.get(path.name)

    # --- its death ----------------------------------------------------------------------------

    def _alive(self) -> None:
        if self.dead:
            raise Killed

    def _count(self, name: str) -> None:
        """A look changes nothing, so there is nothing to be killed in the middle of."""
        self._alive()
        if name in LOOKS:
            return
        self.done.append(name)
        if self.kill_at and len(self.done) == self.kill_at:
            self.dead = True
            raise Killed

    def revived(self) -> None:
        self.dead, self.kill_at, self.done = False, 0, []

    # --- what is typed ------------------------------------------------------------------------

    def _inner(self, argv: list[str]) -> list[str]:
        """Without the lock and the deadline around it."""
        if argv[:2] == ["flock", "--shared"]:
            assert argv[2] == str(ROOT / "guard" / "sync.work")
            return argv[6:]
        return argv

    def _name(self, words: list[str]) -> str:
        if words[:2] == ["sh", "-c"] and words[3] == "compose":
            return next(word for word in ("config", "up") if word in words[4:])
        if words[:2] == ["sh", "-c"]:
            return words[3]
        if words[0] == "timeout":
            return words[5]
        if words[0] == "docker":
            return f"docker {words[1]}"
        return words[0]

    @property
    def _programs(self) -> dict[str, Callable[[list[str]], tuple[int, str]]]:
        return {
            "look": self._look,
            "ask": self._ask,
            "tree": self._tree,
            "prepare": lambda _: (0, ""),
            "flock": lambda _: (0, ""),
            "unpack": self._unpack,
            "discard": self._discard,
            "place": self._place,
            "flip": self._flip,
            "append": self._append,
            "fetch": lambda _: (0, ""),
            "remove": self._remove,
            "rm": self._rm,
            "config": self._config,
            "up": self._up,
            "docker run": self._apart,
            "docker exec": lambda _: (0, ""),
            "docker kill": self._hang_up,
            "docker top": lambda _: (0, "PID COMMAND\n12 nginx: worker process\n"),
        }

    def _ask(self, words: list[str]) -> tuple[int, str]:
        port, times = map(int, words[-2:])
        made = next(each for each in self.containers.values() if each.nginx_port == port)
        return 0, f"{made.nginx}\n" * times

    def _look(self, _words: list[str]) -> tuple[int, str]:
        files = self.releases.get(self.current, {})
        listing = listing_of(files)
        lines = [
            "== current",
            *([f"releases/{self.current}"] if self.current else []),
            "== unfinished",
            *([self.plain["applying"].decode()] if "applying" in self.plain else []),
            "== kept",
            *(f"{name}.tar" for name in self.archives),
            "== free",
            str(self.free_bytes),
            "== containers",
            *(self._row(name, made) for name, made in self.containers.items()),
            "== strangers",
            *self.strangers,
            "== modes",
            *(f"{mode:o} {name}" for name, (mode, _) in listing.items()),
            "== sums",
            *(f"{content}  ./{name}" for name, (_, content) in listing.items()),
        ]
        return 0, "\n".join(lines) + "\n"

    def _row(self, name: str, made: Made) -> str:
        status = "Up 1 second (unhealthy)" if made.service in self.unwell else made.status
        port = str(made.nginx_port or "")
        words = (f"id-{name}", name, made.state, status, made.service, made.config, port)
        return "\t".join((*words, made.pipeline, made.switched, ""))

    def _tree(self, _words: list[str]) -> tuple[int, str]:
        return 0, base64.b64encode(archive.packed(self.releases[self.current])).decode()

    def _unpack(self, words: list[str]) -> tuple[int, str]:
        self.incoming[words[-1]] = archive.unpacked(self.archives[words[-1]])
        return 0, ""

    def _discard(self, words: list[str]) -> tuple[int, str]:
        self.incoming.pop(words[-1], None)
        if words[-1] not in self.releases:
            self.archives.pop(words[-1], None)
        return 0, ""

    def _place(self, words: list[str]) -> tuple[int, str]:
        self.releases[words[-1]] = self.incoming[words[-1]]
        self.incoming = {}
        return 0, ""

    def _flip(self, words: list[str]) -> tuple[int, str]:
        self.current = words[5] if len(words) > 5 else ""
        assert not self.current or self.current in self.releases
        return 0, ""

    def _append(self, words: list[str]) -> tuple[int, str]:
        line = words[-1].encode() + b"\n"
        self.plain["history.jsonl"] = self.plain.get("history.jsonl", b"") + line
        return 0, ""

    def _rm(self, words: list[str]) -> tuple[int, str]:
        for word in words[3:]:
            path = PurePosixPath(word)
            (self.archives if path.suffix else self.releases).pop(path.stem, None)
            self.plain.pop(path.name, None)
        return 0, ""

    def _remove(self, words: list[str]) -> tuple[int, str]:
        for word in words[4:]:
            del self.containers[word.removeprefix("id-")]
        return 0, ""

    def _files_at(self, words: list[str]) -> Files:
        folder = PurePosixPath(words[words.index("--project-directory") + 1]).parent
        where, digest = folder.parent.name, folder.name
        if digest == "current":
            return self.releases[self.current]
        return (self.incoming if where == "incoming" else self.releases)[digest]

    def _config(self, words: list[str]) -> tuple[int, str]:
        """Compose fills in its own words; what is asked of the model is here."""
        files = self._files_at(words)
        if any(b"BROKEN" in file.data for name, file in files.items() if "compose" in name):
            return 1, f"validating {words[words.index('-f') + 1]}: BROKEN is not allowed"
        found = compose.services(compose.documents(files))
        kept = ("image", "labels", "ports")
        services = {n: {k: s[k] for k in kept if k in s} for n, (_, s) in found.items()}
        return 0, json.dumps({"services": services})

    def _apart(self, words: list[str]) -> tuple[int, str]:
        if words[words.index("--entrypoint") + 1] == "nginx":
            return self._nginx_test(words)
        told = ((self.certificates[path], path) for path in words if path in self.certificates)
        return 0, "".join(f"{word} {path}\n" for word, path in told)

    def _nginx_test(self, words: list[str]) -> tuple[int, str]:
        folder = PurePosixPath(words[-1])
        files = (self.incoming if folder.parent.parent.name == "incoming" else self.releases)[
            folder.parent.name
        ]
        for name, file in files.items():
            if name.startswith("nginx/") and b"BROKEN" in file.data:
                return 1, f'nginx: [emerg] unknown directive "BROKEN" in {folder.parent}/{name}:1'
            if name.startswith("nginx/") and b"DOUBTFUL" in file.data:
                self.warning = f"nginx: [warn] DOUBTFUL in {folder.parent}/{name}:1"
        return 0, ""

    def _up(self, words: list[str]) -> tuple[int, str]:
        files = self._files_at(words)
        options = words.index("--no-build") + 1
        assert "--no-deps" in words
        for name in words[options:]:
            _, service = compose.services(compose.documents(files))[name]
            self.made += 1
            port = int(compose.labels_of(service).get(compose.NGINX_LABEL, "0"))
            self.containers[f"{name}-1"] = Made(
                name,
                compose.digests_in(files)[name],
                self.current,
                nginx=nginx_digest(files) if port else "",
                nginx_port=port,
                number=self.made,
            )
        return 0, ""

    def _hang_up(self, words: list[str]) -> tuple[int, str]:
        self.containers[words[-1]].nginx = nginx_digest(self.releases[self.current])
        return 0, ""

    # --- what a person does there -------------------------------------------------------------

    def edit(self, name: str, data: bytes) -> None:
        files = self.releases[self.current]
        old = files.get(name)
        self.releases[self.current] = {
            **files,
            name: type(next(iter(files.values())))(data, old.mode if old else 0o644),
        }

    def history(self) -> list[dict[str, Any]]:
        text = self.plain.get("history.jsonl", b"").decode()
        return [json.loads(line) for line in text.splitlines()]

    def outcomes(self) -> list[str]:
        return [f"{line['action']}: {line['outcome']}" for line in self.history()]
