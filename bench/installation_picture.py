"""The picture of an installation: three servers, the two paths, and what each part answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.parts import Part

WELL, ILL, ABSENT, LINE = "#2e9e5b", "#d43b3b", "#999999", "#333333"
WIDTH, ROW, HEAD = 4.4, 0.5, 0.62
TOP, GAP, INCHES = 5.6, 0.4, 0.875  # of a unit
LEFT = {"proxy": 2.0, "centre": 8.0, "a5": 8.0}
SIZE = {"proxy": "1 GB", "centre": "16 GB", "a5": "32 GB"}


def draw(parts: Sequence[Part], user: str, admin: str, title: str, path: Path) -> None:
    """Write the picture; the suffix of `path` decides the format (svg, png).

    `user`, `admin`: what went along path A and path B, a few words below each arrow.
    """
    import matplotlib as mpl  # noqa: PLC0415 - half a second that only a picture costs

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "protostar"
    from matplotlib import pyplot as plt  # noqa: PLC0415 - the backend is chosen first

    tops = tops_of(parts)
    bottom = tops["a5"] - _height(parts, "a5") - GAP
    size = (12.4, (TOP + GAP - bottom) * INCHES)
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    axes.set_xlim(-0.6, 12.6)
    axes.set_ylim(bottom, TOP + GAP)
    axes.axis("off")
    axes.set_title(title, loc="left", fontsize=11)
    for server, top in tops.items():
        _box(axes, server, top, parts)
    _arrow(axes, "admin", (0.0, 5.0), (2.0, 5.0), "443")
    _arrow(axes, "", (6.4, 5.0), (8.0, 5.0), "8888")
    below = tops["a5"] - HEAD
    _arrow(axes, "user", (0.0, below), (8.0, below), "443")
    axes.text(2.0, 3.6, admin, fontsize=9, va="top", color=LINE)
    axes.text(0.2, below - 0.25, user, fontsize=9, va="top", color=LINE)
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


def tops_of(parts: Sequence[Part]) -> dict[str, float]:
    """Where each server's box begins: A5's below Centre's, however many parts that has."""
    return {"proxy": TOP, "centre": TOP, "a5": TOP - _height(parts, "centre") - GAP}


def _height(parts: Sequence[Part], server: str) -> float:
    return HEAD + ROW * sum(part.server == server for part in parts)


def _box(axes: Any, server: str, top: float, parts: Sequence[Part]) -> None:
    from matplotlib.patches import FancyBboxPatch  # noqa: PLC0415 - as above

    left, height = LEFT[server], _height(parts, server)
    style = "round,pad=0.02,rounding_size=0.12"
    frame = FancyBboxPatch((left, top - height), WIDTH, height, boxstyle=style)
    frame.set(facecolor="#f7f7f7", edgecolor=LINE, linewidth=1.1)
    axes.add_patch(frame)
    axes.text(left + 0.15, top - 0.3, server, fontsize=11, weight="bold", va="center")
    axes.text(left + WIDTH - 0.15, top - 0.3, SIZE[server], fontsize=9, va="center", ha="right")
    for number, part in enumerate(part for part in parts if part.server == server):
        _row(axes, part, left, top - HEAD - ROW * (number + 0.4))


def _row(axes: Any, part: Part, left: float, middle: float) -> None:
    colour = {True: WELL, False: ILL, None: ABSENT}[part.well]
    axes.plot([left + 0.25], [middle], marker="o", markersize=6, color=colour)
    axes.text(left + 0.45, middle, part.name, fontsize=9, va="center")
    words = {"fontsize": 8, "va": "center", "color": LINE if part.well else colour}
    axes.text(left + 1.6, middle, part.answer, **words)


def _arrow(
    axes: Any, who: str, start: tuple[float, float], end: tuple[float, float], port: str
) -> None:
    shape = {"arrowstyle": "-|>", "color": LINE, "linewidth": 1.3}
    axes.annotate("", xy=end, xytext=start, arrowprops=shape)
    axes.text(end[0] - 0.15, end[1] + 0.1, port, fontsize=8.5, ha="right", va="bottom")
    axes.text(start[0], start[1] + 0.12, who, fontsize=10, weight="bold", va="bottom")
