"""A secret is only told to who asks for it by name."""

from __future__ import annotations

import copy
import json
import logging

import pytest

from pyhelpers.config.loading import parse
from pyhelpers.config.model import Notify
from pyhelpers.config.secret import Secret
from tests.unit.config.cases import service_text

URL = "https://hooks.example/hunter2"
SECRET = Secret(URL)


def test_it_is_revealed_by_name() -> None:
    assert SECRET.reveal() == URL


@pytest.mark.parametrize(
    "shown",
    [str(SECRET), repr(SECRET), f"{SECRET}", f"{SECRET!r:>20}", "%s" % SECRET, str([SECRET])],  # noqa: UP031 - one more way to print it
)
def test_it_prints_masked(shown: str) -> None:
    assert "***" in shown
    assert "hunter2" not in shown


def test_it_is_logged_masked(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("protostar").warning("webhook %s %r", SECRET, {"webhook": SECRET})
    assert caplog.messages == ["webhook *** {'webhook': Secret(***)}"]


def test_it_does_not_become_json_by_accident() -> None:
    with pytest.raises(TypeError):
        json.dumps({"webhook": SECRET})


def test_secrets_are_equal_when_their_texts_are() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert copy.deepcopy(SECRET) == SECRET


def test_a_configuration_dumps_it_masked_and_hands_it_over() -> None:
    text = service_text("", "notify:\n  webhook: ${NOTIFY_URL}")
    config = parse(text, "protostar.yml", {"NOTIFY_URL": URL})
    assert config.notify is not None
    assert config.notify.webhook.reveal() == URL
    for shown in (repr(config), str(config), config.model_dump_json(), str(config.model_dump())):
        assert "hunter2" not in shown
    assert config.model_dump(mode="json")["notify"] == {"webhook": "***"}


def test_a_model_takes_one_that_is_made_already() -> None:
    assert Notify(webhook=SECRET).webhook is SECRET
