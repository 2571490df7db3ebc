"""The picture of a run: requests a second by colour, failures, and every switch marked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.load.events import Event

PAINT = {"blue": "#3b6fd4", "green": "#2e9e5b", "failed": "#d43b3b"}
BUCKET_S = 0.5
BEHIND_TEXT = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment worth a line: epoch seconds and a few words."""

    at_s: float
    text: str


def buckets(events: Sequence[Event], began_s: float) -> tuple[list[float], dict[str, list[float]]]:
    """Seconds since the start, and requests a second for blue, green and failed at each."""
    last = int((max(e.started_s for e in events) - began_s) / BUCKET_S)
    counts: dict[str, Counter[int]] = {kind: Counter() for kind in PAINT}
    for event in events:
        kind = "failed" if event.failure else event.colour or "failed"
        counts[kind][int((event.started_s - began_s) / BUCKET_S)] += 1
    times = [n * BUCKET_S for n in range(last)]
    return times, {k: [c[n] / BUCKET_S for n in range(last)] for k, c in counts.items()}


def draw(events: Sequence[Event], marks: Sequence[Mark], title: str, path: Path) -> None:
    """Write the picture; the suffix of `path` decides the format (svg, png)."""
    import matplotlib as mpl  # noqa: PLC0415 - half a second that only a picture costs

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "protostar"
    from matplotlib import pyplot as plt  # noqa: PLC0415 - the backend is chosen first

    began_s = min(e.started_s for e in events)
    times, rates = buckets(events, began_s)
    figure, axes = plt.subplots(figsize=(11, 4.2), layout="constrained")
    labels = ["answered by blue", "answered by green", "failed"]
    axes.stackplot(times, *rates.values(), colors=PAINT.values(), labels=labels, step="post")
    top = max(map(sum, zip(*rates.values(), strict=True)))
    axes.set_ylim(0, top * 1.45)
    axes.set_xlim(0, times[-1])
    for number, mark in enumerate(sorted(marks, key=lambda m: m.at_s)):
        at = mark.at_s - began_s
        axes.axvline(at, color="#333333", linewidth=0.9, linestyle="--")
        height = top * (1.38 - 0.11 * (number % 3))
        axes.annotate(
            mark.text,
            (at, height),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=8.5,
            va="top",
            bbox=BEHIND_TEXT,
        )
    axes.set_xlabel("seconds")
    axes.set_ylabel("requests a second")
    axes.set_title(title, loc="left", fontsize=11)
    axes.legend(loc="lower right", framealpha=0.9)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)
