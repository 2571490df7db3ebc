"""The command line and its bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.load.options import Options, Outputs, parse, to_argv

FULL = Options(
    "http://127.0.0.1:8080",
    rate=120,
    seconds=30,
    keepalive=0.5,
    posts=0.25,
    slow_per_s=2,
    slow_s=4,
    uploads_per_s=1,
    upload_s=2,
    websockets=3,
    streams=2,
    users=7,
    connections=6,
    timeout_s=9,
    seed=5,
)
BY_NAME = Options("https://10.0.0.5", name="shop.test", ca="/certificates/shop.pem")


def test_what_is_written_as_a_command_line_is_read_back_the_same() -> None:
    outputs = Outputs(Path("/runs/r.json"), Path("/runs/e.jsonl"))
    assert parse(to_argv(FULL, outputs)) == (FULL, outputs)
    assert parse(to_argv(BY_NAME, outputs)) == (BY_NAME, outputs)


def test_connections_are_not_held_by_another_name() -> None:
    with pytest.raises(ValueError, match="name: held connections"):
        Options("https://10.0.0.5", name="shop.test", websockets=1)


def test_without_files_nothing_is_written() -> None:
    assert parse(["--url=http://x"]) == (Options("http://x"), Outputs())


def test_until_stopped_is_bounded_by_max_seconds() -> None:
    options, _ = parse(["--url=http://x", "--until-stopped", "--max-seconds=90", "--seconds=5"])
    assert options.seconds == 90


def test_every_value_out_of_bounds_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"keepalive: 1\.5 .*; rate: -1 .*; seconds: 0 "):
        Options("http://x", keepalive=1.5, rate=-1, seconds=0)


def test_not_a_number_is_out_of_bounds() -> None:
    with pytest.raises(ValueError, match="rate: nan"):
        Options("http://x", rate=float("nan"))


def test_a_wrong_value_ends_the_command_with_2_and_says_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--url=http://x", "--posts=40"])
    assert ended.value.code == 2
    assert "posts: 40 is not between 0 and 1" in capsys.readouterr().err
