"""Static files: out of a bucket, through the gateway's cache, and without the store too."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

    from .client import Client
    from .installation import Installation

pytestmark = pytest.mark.e2e

# Nobody waits longer for a page whose pictures are missing.
FAILS_WITHIN_S = 2.0
AWAY_S = 60.0


def timed(shop: Client, path: str) -> tuple[httpx.Response, float]:
    began_s = time.monotonic()
    return shop.get(path), time.monotonic() - began_s


class TestWhatTheStoreIsAsked:
    def test_is_an_object_of_the_bucket(self, at: Installation, shop: Client) -> None:
        told = shop.get("/files/css/a.css").json()
        assert told["asked"] == "/static/css/a.css"
        assert told["headers"]["Host"] == at.store

    def test_holds_nothing_of_the_user(self, shop: Client) -> None:
        sent = {"Cookie": "session=1", "Authorization": "Basic eDp5", "X_Amz_Acl": "private"}
        told = shop.get("/files/b.css", **sent).json()
        assert told["headers"].keys() == {"Host", "Connection"}

    def test_is_no_question_about_the_object(self, shop: Client) -> None:
        assert shop.get("/files/c.css?policy=").json()["asked"] == "/static/c.css"

    def test_is_no_other_path_for_a_newline_in_it(self, shop: Client) -> None:
        told = shop.get("/documents/%2e%2e/files/a%0Ab?policy=").json()
        assert told["asked"] == "/static/a%0Ab"

    @pytest.mark.parametrize("path", ["/files/%2e%2e/backups/a", "/files/..%2fbackups/a"])
    def test_is_nothing_of_another_bucket(self, shop: Client, path: str) -> None:
        """What leads out of the path is the service's, as any other path."""
        assert shop.get(path).headers["X-Colour"] == "blue"

    def test_is_only_to_read(self, shop: Client) -> None:
        assert shop.put("/files/a.css").status_code == 405


def test_what_is_not_there_is_said_in_words_and_not_in_xml(shop: Client) -> None:
    told = shop.get("/files/missing.css")
    assert (told.status_code, told.text) == (404, "there is no such file\n")


def test_a_store_that_says_nothing_is_given_up_in_time(shop: Client) -> None:
    told, taken_s = timed(shop, "/files/hang.css")
    assert told.status_code == 503
    assert taken_s < FAILS_WITHIN_S


def test_a_minute_without_the_store_costs_nothing_but_what_is_not_cached(
    at: Installation, shop: Client
) -> None:
    assert shop.get("/files/kept.css").status_code == 200
    assert shop.get("/files/short.css").status_code == 200
    with at.without("store"):
        until_s, number = time.monotonic() + AWAY_S, 0
        while time.monotonic() < until_s:
            number += 1
            assert shop.get("/").status_code == 200
            assert shop.get("/files/kept.css").status_code == 200
            assert shop.get("/files/short.css").status_code == 200
            told, taken_s = timed(shop, f"/files/{number}.css")
            assert told.status_code == 503
            assert told.text == "the store of static files does not answer; try again later\n"
            assert told.headers["Strict-Transport-Security"]
            assert taken_s < FAILS_WITHIN_S
            time.sleep(0.2)  # or the limit of one client would be met, not the store's absence
    back_s = time.monotonic() + 10
    while shop.get("/files/late.css").status_code != 200:
        assert time.monotonic() < back_s
        time.sleep(0.2)
