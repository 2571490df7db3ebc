"""What a run is asked to do: the command line, and the same as a frozen object."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

RATE_MAX = 1000.0
SECONDS_MAX = 3600.0
TEXTS = ("url", "name", "ca")


@dataclass(frozen=True)
class Options:
    """One run. Rates are arrivals a second, shares lie between 0 and 1, durations are seconds."""

    url: str
    rate: float = 120.0
    seconds: float = 30.0
    keepalive: float = 0.6
    posts: float = 0.4
    slow_per_s: float = 0.0
    slow_s: float = 3.0
    uploads_per_s: float = 0.0
    upload_s: float = 3.0
    websockets: int = 0
    streams: int = 0
    users: int = 12  # How many kept-alive clients take turns, each with connections of its own.
    connections: int = 0  # Of one of them at most, as browsers have it; 0: no bound.
    timeout_s: float = 15.0
    seed: int = 1
    name: str = ""  # What the server is asked for by TLS and Host, where `url` has its address.
    ca: str = ""  # A file with the certificates to trust instead of the machine's.

    def __post_init__(self) -> None:
        problems = list(_problems(self))
        if problems:
            raise ValueError("; ".join(problems))


@dataclass(frozen=True)
class Outputs:
    """Where a run writes: the report as one JSON object, the events as one JSON line each."""

    report: Path | None = None
    events: Path | None = None


def to_argv(options: Options, outputs: Outputs) -> list[str]:
    """The command line that asks for this run. `parse` is its inverse."""
    texts = {key: getattr(options, key) for key in TEXTS if getattr(options, key)}
    argv = [f"--{name}={value}" for name, value in {**texts, **_numbers(options)}.items()]
    argv += [f"--json={outputs.report}"] if outputs.report else []
    argv += [f"--events={outputs.events}"] if outputs.events else []
    return argv


def parse(argv: list[str]) -> tuple[Options, Outputs]:
    """Read a command line. Ends the program with 2 and a message when it is wrong."""
    parser = _parser()
    args = vars(parser.parse_args(argv))
    outputs = Outputs(args.pop("json"), args.pop("events"))
    until_stopped, max_seconds = args.pop("until_stopped"), args.pop("max_seconds")
    if until_stopped:
        args["seconds"] = max_seconds
    try:
        return Options(**args), outputs
    except ValueError as error:
        parser.error(str(error))


def _problems(options: Options) -> list[str]:
    """Every value that is out of bounds. The bounds keep a slip of the keyboard small."""
    shares = {"keepalive": options.keepalive, "posts": options.posts}
    rates = {"rate": options.rate, "slow-per-s": options.slow_per_s}
    rates["uploads-per-s"] = options.uploads_per_s
    spans = {"seconds": options.seconds, "timeout-s": options.timeout_s}
    counts = {"websockets": options.websockets, "streams": options.streams}
    return [
        *_outside(shares, 0, 1),
        *_outside(rates, 0, RATE_MAX),
        *_outside(spans, 0.1, SECONDS_MAX),
        *_outside({"slow-s": options.slow_s, "upload-s": options.upload_s}, 0, 60),
        *_outside(counts, 0, 500),
        *_outside({"users": options.users}, 1, 500),
        *_outside({"connections": options.connections}, 0, 500),
        *(["name: held connections go by the url's own name"] if _held_by_name(options) else []),
    ]


def _held_by_name(options: Options) -> bool:
    return bool(options.name and (options.websockets or options.streams))


def _outside(values: dict[str, float] | dict[str, int], low: float, high: float) -> list[str]:
    return [
        f"{name}: {value:g} is not between {low:g} and {high:g}"
        for name, value in values.items()
        if not low <= value <= high
    ]


def _numbers(options: Options) -> dict[str, float]:
    numbers = {key: value for key, value in vars(options).items() if key not in TEXTS}
    return {key.replace("_", "-"): value for key, value in numbers.items()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.load",
        description="Open-loop load: requests leave at fixed times, whatever became of the others.",
    )
    add, default = parser.add_argument, Options(url="")
    add("--url", required=True, help="the gateway, for example http://127.0.0.1:8080")
    add("--rate", type=float, default=default.rate, help="GETs and POSTs a second")
    add("--seconds", type=float, default=default.seconds, help="how long arrivals go on")
    add("--until-stopped", action="store_true", help="go on until SIGTERM or SIGINT")
    add("--max-seconds", type=float, default=SECONDS_MAX, help="the bound of --until-stopped")
    add("--keepalive", type=float, default=default.keepalive, help="share on kept connections")
    add("--posts", type=float, default=default.posts, help="share of --rate that stores an order")
    add("--slow-per-s", type=float, default=default.slow_per_s, help="slow GETs a second")
    add("--slow-s", type=float, default=default.slow_s, help="how long a slow GET takes")
    add("--uploads-per-s", type=float, default=default.uploads_per_s, help="uploads a second")
    add("--upload-s", type=float, default=default.upload_s, help="how long an upload takes")
    add("--websockets", type=int, default=0, help="WebSockets to open at the start and hold")
    add("--streams", type=int, default=0, help="event streams to open at the start and hold")
    add("--users", type=int, default=default.users, help="kept-alive clients that take turns")
    add("--connections", type=int, default=0, help="of one of them at most; 0: no bound")
    add("--timeout-s", type=float, default=default.timeout_s, help="a request's whole time")
    add("--seed", type=int, default=default.seed, help="of the mixture; the times never vary")
    add("--name", default=default.name, help="asked for by TLS and Host; default: the url's")
    add("--ca", default=default.ca, help="a file with the certificates to trust")
    add("--json", type=Path, help="write the report to this file")
    add("--events", type=Path, help="write one JSON line for each request to this file")
    return parser
