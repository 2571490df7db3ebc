"""The main job, shown: five deploys under load, what each user met, and a picture of it.

python -m bench.demo [--json FILE] [--out FOLDER]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import timeline
from bench.engine import CHECKOUT, build_example
from bench.installation import Installation
from bench.load.analysis import check_store
from bench.load.options import Options
from bench.load.process import LoadProcess, Result
from pyhelpers import console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.load.events import Event

RATE = 120.0
LONGEST_S = 300.0
# Under load before the first deploy, and after the last, so that the picture has edges.
CALM_S = 2.0
SETTINGS: dict[str, Any] = {
    "route": "/",
    "drain_s": 10,
    "bake": {"for_s": 4, "max_5xx_percent": 1.0, "min_errors": 5},
    "ready": {"timeout_s": 5},
}


@dataclass(frozen=True, slots=True)
class Act:
    """One command of the demo: what it shows and how it must end."""

    key: str
    story: str
    command: tuple[str, ...]
    code: int


ACTS = (
    Act("deploy", "Version 2 is good", ("run", "v2"), 0),
    Act("refused", "Version 3 never gets ready", ("run", "v3"), 6),
    Act("flipback", "Version 4 answers 500 under traffic", ("run", "v4"), 7),
    Act("rollback", "Back to the last good release", ("rollback",), 0),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """An act that was played: when, how it ended, and what the history says of it."""

    act: Act
    began_s: float
    ended_s: float
    code: int
    record: dict[str, Any]

    def requests(self, events: Sequence[Event]) -> list[Event]:
        return [e for e in events if self.began_s <= e.started_s < self.ended_s]

    def failed(self, events: Sequence[Event]) -> list[Event]:
        """Requests that nobody should have lost: v4's own errors before the flip are its own."""
        own_until = self.record.get("flipped_at", 0.0)
        return [e for e in self.requests(events) if e.failure and e.started_s >= own_until]

    def own_errors(self, events: Sequence[Event]) -> int:
        return sum(1 for e in self.requests(events) if e.failure) - len(self.failed(events))


def main() -> int:
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    build_example("app", "1", "2", "3", "4")
    with tempfile.TemporaryDirectory(prefix="protostar-demo-") as folder:
        place = Installation(Path(folder) / "demo", tag="demo")
        place.remove()
        try:
            scenes, result, stored = play(place)
        finally:
            place.remove()
    figures = report(scenes, result, stored, options.out)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if all(s.code == s.act.code for s in scenes) and not any(figures.values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the table's figures there")
    parser.add_argument("--out", type=Path, default=CHECKOUT / "out", help="where the picture goes")
    return parser.parse_args()


def play(place: Installation) -> tuple[list[Scene], Result, list[str]]:
    """Start gateway and v1, then every act under load."""
    name = place.add("api", **SETTINGS)
    console.say(f"An nginx gateway and the example application, version 1, as service `{name}`.\n")
    place.start_gateway()
    _type(place, Act("first", "The first deploy", ("run", "v1"), 0), name)
    console.say(
        f"\nFrom here on {RATE:g} requests/s: 40 % POST, 60 % on kept-alive connections, "
        "slow ones and uploads of 3 s among them."
    )
    options = Options(url=place.url, rate=RATE, seconds=LONGEST_S, slow_per_s=2, uploads_per_s=1)
    with tempfile.TemporaryDirectory() as folder, LoadProcess(options, Path(folder)) as load:
        time.sleep(CALM_S)
        scenes = [_type(place, act, name) for act in ACTS]
        time.sleep(CALM_S)
        result = load.stop()
    return scenes, result, place.stored_orders(name)


def _type(place: Installation, act: Act, name: str) -> Scene:
    """Run the command as a person would, its own words on the screen."""
    command, *rest = act.command
    typed = " ".join(("protostar deploy", command, name, *rest))
    console.say(f"\n# {act.story}\n$ {typed}")
    began_s = time.time()
    done = subprocess.run(
        place.argv(command, name, *rest), check=False, cwd=CHECKOUT, stderr=subprocess.STDOUT
    )
    ended_s = time.time()
    console.say(f"exit {done.returncode}")
    outcomes = [r for r in place.history(name) if r["outcome"] != "finished"]
    return Scene(act, began_s, ended_s, done.returncode, outcomes[-1])


def report(
    scenes: Sequence[Scene], result: Result, stored: Sequence[str], out: Path
) -> dict[str, int]:
    """The table and the picture; returns the figures, which all have to be 0."""
    events = result.events
    rows = [
        (
            " ".join(scene.act.command),
            scene.record["outcome"].replace("_", " "),
            f"{scene.ended_s - scene.began_s:.1f}",
            len(scene.requests(events)),
            len(scene.failed(events)),
            scene.own_errors(events) or "",
        )
        for scene in scenes
    ]
    console.say("\nWhat users met")
    console.table(("command", "outcome", "seconds", "requests", "failed", "v4's own 500s"), rows)
    for line in _why(scenes, events):
        console.say(line)
    store = check_store(stored, result.report)
    console.say(
        f"\n{result.report.requests} requests in all; orders stored: "
        f"{len(store.lost)} lost, {len(store.doubled)} doubled"
    )
    for picture in (out / "timeline.svg", out / "timeline.png"):
        timeline.draw(events, _marks(scenes), f"Deploys under {RATE:g} requests a second", picture)
    console.say(f"The picture: {out / 'timeline.png'}")
    figures = {
        f"{s.act.key}_failed" + ("_after" if s.act.key == "flipback" else ""): len(s.failed(events))
        for s in scenes
    }
    return {**figures, "lost": len(store.lost), "doubled": len(store.doubled)}


def _why(scenes: Sequence[Scene], events: Sequence[Event]) -> list[str]:
    """A line for each command that lost requests: what became of them, and who answered."""
    found = {scene.act.key: Counter(map(_fate, scene.failed(events))) for scene in scenes}
    return [
        f"{key}: {', '.join(f'{count} × {fate}' for fate, count in fates.most_common())}"
        for key, fates in found.items()
        if fates
    ]


def _fate(event: Event) -> str:
    by = f" from {event.colour}" if event.colour else ""
    return f"{event.failure} {event.status or ''}".rstrip() + by


def _marks(scenes: Sequence[Scene]) -> list[timeline.Mark]:
    marks = []
    for scene in scenes:
        label, switched = scene.record["release"]["label"], scene.record.get("switched_at")
        if switched is None:
            marks.append(timeline.Mark(scene.ended_s, f"{label} refused"))
            continue
        verb = "rollback to" if scene.act.key == "rollback" else "switch to"
        marks.append(timeline.Mark(switched, f"{verb} {label}"))
        if "flipped_at" in scene.record:
            marks.append(timeline.Mark(scene.record["flipped_at"], "flipped back"))
    return marks


if __name__ == "__main__":
    sys.exit(main())
