"""The picture of an installation: three servers, the two paths, and what each part answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.parts import Part

WELL, ILL, ABSENT, LINE = "#2e9e5b", "#d43b3b", "#999999", "#333333"
WIDTH, ROW, HEAD = 4.4, 0.5, 0.62
# Where each server's box begins: left edge, top.
AT = {"proxy": (2.0, 5.6), "centre": (8.0, 5.6), "a5": (8.0, 2.5)}
SIZE = {"proxy": "1 GB", "centre": "16 GB", "a5": "32 GB"}


def draw(parts: Sequence[Part], user: str, admin: str, title: str, path: Path) -> None:
    """Write the picture; the suffix of `path` decides the format (svg, png).

    `user`, `admin`: what went along path A and path B, a few words below each arrow.
    """
    import matplotlib as mpl  # noqa: PLC0415 - half a second that only a picture costs

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "protostar"
    from matplotlib import pyplot as plt  # noqa: PLC0415 - the backend is chosen first

    figure, axes = plt.subplots(figsize=(12.4, 7.0), layout="constrained")
    axes.set_xlim(-0.6, 12.6)
    axes.set_ylim(-2.0, 6.0)
    axes.axis("off")
    axes.set_title(title, loc="left", fontsize=11)
    for server, (left, top) in AT.items():
        _box(axes, server, left, top, [part for part in parts if part.server == server])
    _arrow(axes, "admin", (0.0, 5.0), (2.0, 5.0), "443")
    _arrow(axes, "", (6.4, 5.0), (8.0, 5.0), "8888")
    _arrow(axes, "user", (0.0, 1.9), (8.0, 1.9), "443")
    axes.text(2.0, 3.6, admin, fontsize=9, va="top", color=LINE)
    axes.text(0.2, 1.65, user, fontsize=9, va="top", color=LINE)
    figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


def _box(axes: Any, server: str, left: float, top: float, parts: Sequence[Part]) -> None:
    from matplotlib.patches import FancyBboxPatch  # noqa: PLC0415 - as above

    height = HEAD + ROW * len(parts)
    style = "round,pad=0.02,rounding_size=0.12"
    frame = FancyBboxPatch((left, top - height), WIDTH, height, boxstyle=style)
    frame.set(facecolor="#f7f7f7", edgecolor=LINE, linewidth=1.1)
    axes.add_patch(frame)
    axes.text(left + 0.15, top - 0.3, server, fontsize=11, weight="bold", va="center")
    axes.text(left + WIDTH - 0.15, top - 0.3, SIZE[server], fontsize=9, va="center", ha="right")
    for number, part in enumerate(parts):
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
