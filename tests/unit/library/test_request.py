"""A step's request becomes the commands that a person would type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from pyhelpers import cli
from pyhelpers.library.request import Request, commands, parse, who

CASES: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "cases/library/commands.yml").read_text(encoding="utf-8")
)


def request(action: str, settings: dict[str, Any]) -> Request:
    return parse(
        {
            "action": action,
            "settings": {"lockWaitMinutes": 15, "dashboard": "", "dryRun": False, **settings},
            "workspace": "/ws",
            "infra": "/infra",
            "folder": "/ws@tmp/protostar",
            "build": {"job": "api", "number": "12", "causes": []},
        }
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_typed(case: dict[str, Any]) -> None:
    made = commands(request(case["action"], case["settings"]), case.get("hosts", []))
    assert [list(command.words) for command in made] == case["typed"]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_typed_is_understood(case: dict[str, Any]) -> None:
    """Up to its work: click takes every word."""
    for words in case["typed"]:
        told = CliRunner().invoke(cli.protostar, [*words, "--help"])
        assert told.exit_code == 0, told.output


@pytest.mark.parametrize(
    ("causes", "name"),
    [
        ([{"userId": "kim"}], "kim@api#12"),
        ([{"shortDescription": "Started by an SCM change"}], "jenkins@api#12"),
        ([{"shortDescription": "x"}, {"userId": "lee"}], "lee@api#12"),
        ([], "jenkins@api#12"),
    ],
)
def test_who_it_was(causes: list[dict[str, str]], name: str) -> None:
    assert who({"job": "api", "number": "12", "causes": causes}) == name
