"""What buildx writes, recorded from buildx 0.29.1, and what of it a person reads."""

from __future__ import annotations

import base64
import json
from typing import Any

from pyhelpers.build.progress import LAST_LINES, Progress

T = "2026-11-27T02:56:{:02d}.614753685Z"
RUN = {"digest": "sha256:a", "name": "[2/3] RUN npm ci\n  --silent"}


def line(**told: Any) -> str:
    return json.dumps(told)


def started(vertex: dict[str, str] = RUN, second: int = 0) -> str:
    return line(vertexes=[{**vertex, "started": T.format(second)}])


def ended(vertex: dict[str, str] = RUN, second: int = 12, **more: Any) -> str:
    times = {"started": T.format(0), "completed": T.format(second)}
    return line(vertexes=[{**vertex, **times, **more}])


def wrote(text: str, second: int = 1) -> str:
    data = base64.b64encode(text.encode()).decode()
    log = {"vertex": RUN["digest"], "stream": 1, "data": data, "timestamp": T.format(second)}
    return line(logs=[log])


def heard(*lines: str, verbose: bool = False) -> tuple[list[str], Progress]:
    progress = Progress(verbose=verbose)
    return [said for each in lines for said in progress.hear(each)], progress


def test_a_step_is_a_line_when_it_ended() -> None:
    assert heard(started(), wrote("x\n"), ended())[0] == ["[2/3] RUN npm ci --silent: 12.0 s"]


def test_a_cached_step_says_so() -> None:
    assert heard(ended(cached=True))[0] == ["[2/3] RUN npm ci --silent: cached"]


def test_what_buildkit_does_for_itself_is_not_said() -> None:
    inner = {"digest": "sha256:b", "name": "[internal] load .dockerignore"}
    assert heard(started(inner), ended(inner))[0] == []


def test_a_step_that_is_told_twice_is_said_once() -> None:
    assert len(heard(started(), ended(), ended())[0]) == 1


def test_a_long_step_shows_now_and_then_that_it_lives() -> None:
    said, _ = heard(started(), *(wrote(f"line {s}\n", s) for s in range(1, 40)))
    assert said == [
        "[2/3] RUN npm ci --silent: 15 s, line 15",
        "[2/3] RUN npm ci --silent: 30 s, line 30",
    ]


def test_verbose_says_every_line() -> None:
    assert heard(started(), wrote("one\ntwo\n"), verbose=True)[0] == ["one", "two"]


def test_a_failure_says_the_step_the_code_and_the_end_of_its_log() -> None:
    error = 'process "/bin/sh -c npm ci" did not complete successfully: exit code: 3'
    numbers = [wrote(f"line {n}\n") for n in range(100)]
    _, progress = heard(started(), *numbers, ended(error=error))
    first, *log = progress.problem.splitlines()
    assert first == "[2/3] RUN npm ci --silent: exit code 3"
    assert log == [f"line {n}" for n in range(100 - LAST_LINES, 100)]


def test_who_was_only_canceled_did_not_fail() -> None:
    other = {"digest": "sha256:c", "name": "[1/3] COPY . ."}
    _, progress = heard(
        ended(other, error="context canceled"), ended(error="something: exit code: 1")
    )
    assert progress.problem.startswith("[2/3] RUN")


def test_a_failure_before_any_step_is_said_in_buildxs_words() -> None:
    _, progress = heard("ERROR: failed to build: failed to solve: no such stage", "Learn more")
    assert progress.problem == "no such stage"


def test_without_a_word_it_says_that() -> None:
    assert heard()[1].problem == "buildx ended without a word"


def test_that_a_push_began_is_known() -> None:
    pushing = {"digest": "sha256:d", "name": "pushing r/shop/api:v2 with docker"}
    assert not heard(started())[1].pushing
    assert heard(started(pushing))[1].pushing


def test_a_warning_of_the_dockerfile_is_kept_once() -> None:
    short = base64.b64encode(b"SecretsUsedInArgOrEnv").decode()
    _, progress = heard(*[line(warnings=[{"vertex": "v", "short": short}])] * 2)
    assert progress.warnings == ["SecretsUsedInArgOrEnv"]


def test_what_is_no_json_harms_nothing() -> None:
    assert heard("{", "#1 something", "")[0] == []
