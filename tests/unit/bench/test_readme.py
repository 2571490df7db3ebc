"""Figures in documents come from the files of real runs, and from nowhere else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bench import readme
from bench.__main__ import BENCHES
from bench.engine import CHECKOUT
from bench.kill import FIGURES

if TYPE_CHECKING:
    from pathlib import Path

    from bench.output import Value

DOCUMENTS = [CHECKOUT / name for name in ("README.md", "bench/README.md", "docs/remote.md")]
TEXT = "Before.\n<!-- figures kill: kills converged -->\nold\n<!-- end of figures -->\nAfter.\n"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_a_document_has_the_figures_of_the_last_runs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert readme.current(text) == text, (
        "python -m bench.readme README.md bench/README.md docs/remote.md"
    )


@pytest.mark.parametrize("name", sorted(BENCHES))
def test_every_bench_has_figures_that_were_written_with_machine_and_date(name: str) -> None:
    found = json.loads((readme.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert found["machine"]
    assert found["date"]


def test_a_block_takes_the_keys_that_it_names(tmp_path: Path) -> None:
    found = {figure.key: 0 for figure in FIGURES} | {"machine": "here", "date": "today"}
    (tmp_path / "kill.json").write_text(json.dumps(found))
    text = readme.current(TEXT, tmp_path)
    assert text.startswith("Before.\n<!-- figures kill: kills converged -->\n")
    assert text.endswith("<!-- end of figures -->\nAfter.\n")
    assert "`converged`" in text
    assert "`locks_left`" not in text
    assert "old" not in text


def test_a_figure_that_is_newer_than_the_run_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "kill.json").write_text('{"machine": "here", "date": "today", "kills": 3}')
    lines = readme.current(TEXT, tmp_path).splitlines()
    assert [line.split("|")[2].strip() for line in lines if "| `" in line] == [
        "3",
        "not measured yet",
    ]


def test_so_is_a_bench_without_a_run(tmp_path: Path) -> None:
    assert "\nNot measured yet: `script/bench kill`.\n" in readme.current(TEXT, tmp_path)


def test_a_missed_figure_is_not_hidden() -> None:
    found: dict[str, Value] = {"locks_left": 1, "machine": "here", "date": "today"}
    (figure,) = [figure for figure in FIGURES if figure.key == "locks_left"]
    assert any("**missed**" in line for line in readme.table([figure], found))
