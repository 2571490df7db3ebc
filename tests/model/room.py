"""The guard's files, as guard.sh keeps them: owner, intent, committed, marker, history."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TypeAlias

    from tests.model.machine import Machine, Wait

    Steps: TypeAlias = Generator[str | Wait, bool, None]
    Tries: TypeAlias = Generator[str | Wait, bool, bool]


class Room:
    """What one service's guard writes. Every method names each step before it does it."""

    def __init__(self, machine: Machine, root: str, service: str) -> None:
        self.machine = machine
        self.disk = machine.disk
        self.root, self.service = root, service
        self.folder = f"{root}/guard/{service}"
        self.live = f"{root}/live"
        self.history = f"{root}/history/{service}.jsonl"
        self.about: dict[str, Any] = {}
        self.flipped: dict[str, Any] = {}
        self.lines: list[str] = []

    def say(self, *words: object) -> None:
        self.lines.append(" ".join(map(str, words)))

    def path(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def has(self, name: str) -> bool:
        return self.disk.exists(self.path(name))

    # --- files ----------------------------------------------------------------------------------

    def put(self, name: str, text: str) -> Tries:
        path = self.path(name)
        yield f"write {name}.new"
        if not self.disk.write(f"{path}.new", f"{text}\n".encode()):
            return False
        self.disk.sync_file(f"{path}.new")
        yield f"rename {name}"
        return self.disk.rename(f"{path}.new", path)

    def put_for_good(self, name: str, text: str) -> Tries:
        is_put = yield from self.put(name, text)
        if is_put:
            yield from self.sync(self.folder)
        return is_put

    def sync(self, folder: str) -> Steps:
        yield f"sync {folder.rpartition('/')[2]}"
        self.disk.sync_folder(folder)

    def remove(self, *names: str) -> Steps:
        yield f"rm {' '.join(names)}"
        self.disk.remove(*map(self.path, names))

    # --- the history ----------------------------------------------------------------------------

    def append_record(self, line: str) -> Tries:
        yield "append to the history"
        text = self.disk.text(self.history)
        if line in text.splitlines():
            return True
        torn = "\n" if text and not text.endswith("\n") else ""
        is_written = self.disk.append(self.history, f"{torn}{line}\n".encode())
        self.disk.sync_file(self.history)
        return is_written

    def record_of(self, outcome: str, proof: dict[str, Any]) -> str:
        half = {**self.about, "at": self.now(), "outcome": outcome}
        return json.dumps({**half, **self.flipped, **proof})

    def now(self) -> str:
        at = datetime.datetime.fromtimestamp(self.machine.now_s, datetime.UTC)
        return f"{at:%Y-%m-%dT%H:%M:%SZ}"

    # --- the marker -----------------------------------------------------------------------------

    def marker(self, colour: str) -> str:
        return f"{self.live}/{self.service}.{colour}"

    def is_live(self, colour: str) -> bool:
        return self.disk.exists(self.marker(colour))

    def rename_marker(self, old: str, new: str) -> Tries:
        source = self.marker(old)
        if old == "none":
            source = self.path("marker.new")
            yield "write marker.new"
            self.disk.write(source, b"")
        yield "rename the marker"
        return self.disk.rename(source, self.marker(new))

    def intent(self) -> tuple[str, str, str]:
        came_from, went_to, fallback = self.disk.text(self.path("intent")).split()
        return came_from, went_to, fallback

    def flip_back(self) -> Steps:
        if self.has("committed") or not self.has("intent"):
            return
        came_from, went_to, fallback = self.intent()
        if fallback == "yes" and self.is_live(went_to):
            if not (yield from self.rename_marker(went_to, came_from)):
                return  # the intent stays, for the next guard
            self.flipped = {"flipped_at": self.machine.now_s}
            self.say("flipped", came_from)
            yield from self.sync(self.live)
        yield from self.remove("intent")

    def settle_commit(self) -> Steps:
        line = self.disk.text(self.path("committed")).rstrip("\n")
        if not (yield from self.append_record(line)):
            return  # the file stays, for the next guard
        yield from self.remove("intent")
        yield from self.remove("committed")
