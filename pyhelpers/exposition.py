"""Prometheus's text format, for the files that node-exporter reads. Pure.

prometheus_client writes it too, with an HTTP server that every deploy would load for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Sample = tuple[Mapping[str, str], float]


def family(name: str, help_: str, samples: Iterable[Sample]) -> str:
    """One gauge: what it means, and a line for each set of labels."""
    lines = [f"# HELP {name} {help_}", f"# TYPE {name} gauge"]
    lines += [f"{series(name, labels)} {value:.15g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def series(name: str, labels: Mapping[str, str]) -> str:
    told = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{told}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
