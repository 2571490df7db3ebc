"""What a figure must reach, and that the flat object has what its bench declares."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bench import output
from bench.output import BenchError, Figure

if TYPE_CHECKING:
    from pathlib import Path

FAILED, TIME_S = Figure("failed", "failures", most=0), Figure("time_s", "a time", most=0.8)
KILLS = Figure("kills", "kills")
CONVERGED = Figure("converged", "of them", same_as="kills")


@pytest.mark.parametrize(
    ("figure", "found", "reached", "wanted"),
    [
        (FAILED, {"failed": 0}, True, "0"),
        (FAILED, {"failed": 1}, False, "0"),
        (TIME_S, {"time_s": 0.8}, True, "≤ 0.8"),
        (TIME_S, {"time_s": 0.81}, False, "≤ 0.8"),
        (Figure("cases", "cases", least=2000), {"cases": 1999}, False, "≥ 2000"),
        (CONVERGED, {"converged": 12, "kills": 12}, True, "= kills"),
        (CONVERGED, {"converged": 11, "kills": 12}, False, "= kills"),
        (KILLS, {"kills": 0}, True, ""),
    ],
)
def test_what_a_figure_must_reach(
    figure: Figure, found: dict[str, output.Value], reached: object, wanted: str
) -> None:
    assert figure.reached(found) is reached
    assert figure.wanted == wanted


def test_the_object_is_flat_and_says_where_and_when() -> None:
    found = output.complete([FAILED, TIME_S], {"time_s": 0.123456, "failed": 0})
    assert list(found) == ["failed", "time_s", "machine", "date"]
    assert found["time_s"] == 0.1235
    assert "cores" in str(found["machine"])


@pytest.mark.parametrize("found", [{"failed": 0}, {"failed": 0, "time_s": 1, "other": 1}])
def test_a_key_too_few_or_too_many_is_no_result(found: dict[str, output.Value]) -> None:
    with pytest.raises(BenchError, match=r"other|time_s"):
        output.complete([FAILED, TIME_S], found)


def test_a_missed_figure_is_said_in_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    output.show([FAILED], {"failed": 3, "machine": "here", "date": "today"})
    assert "MISSED" in capsys.readouterr().out


def test_the_file_is_json_in_a_folder_that_need_not_be_there(tmp_path: Path) -> None:
    path = tmp_path / "new" / "figures.json"
    output.write(path, {"failed": 0, "machine": "2 cores"})
    assert json.loads(path.read_text()) == {"failed": 0, "machine": "2 cores"}
