"""How far a transfer is, said now and then."""

from __future__ import annotations

import pytest

from pyhelpers.deploy.images.progress import Meter, told
from tests.unit.deploy.doubles import StoppedClock


@pytest.mark.parametrize(
    ("moved", "total", "seconds", "layers", "text"),
    [
        (12_400_000, 310_000_000, 1.53, (2, 5), "12.4 of 310.0 MB, 8.1 MB/s, 2 of 5 layers"),
        (0, 0, 0.0, (0, 0), "0.0 of 0.0 MB, 0.0 MB/s, 0 of 0 layers"),
    ],
)
def test_bytes_rate_and_layers(
    moved: int, total: int, seconds: float, layers: tuple[int, int], text: str
) -> None:
    assert told(moved, total, seconds, layers) == text


def test_it_is_said_at_most_once_in_the_interval() -> None:
    said: list[str] = []
    clock = StoppedClock()
    meter = Meter(said.append, clock, 5.0)
    meter.expect(10_000_000)
    for _ in range(10):
        clock.sleep(1)
        meter.moved(1_000_000)
    meter.done()
    assert said == [
        "5.0 of 10.0 MB, 1.0 MB/s, 0 of 1 layers",
        "10.0 of 10.0 MB, 1.0 MB/s, 0 of 1 layers",
    ]
    assert meter.text() == "10.0 of 10.0 MB, 1.0 MB/s, 1 of 1 layers"
