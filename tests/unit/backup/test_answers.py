"""What restic and the store say → what a person can do."""

from __future__ import annotations

import json

import pytest

from pyhelpers.backup.answers import (
    KEPT,
    clocks,
    failure,
    progress,
    reason,
    refuses_us,
    size,
    summary,
)
from pyhelpers.errors import FailedBeforeSwitch, PreflightError

SAID = {
    "Fatal: config file: Stat: The specified bucket does not exist": "no such bucket",
    "Stat: The difference between the request time and the server's time is too large. "
    "RequestTimeTooSkewed": "the clock of this host",
    "Fatal: client.PutObject: The Access Key Id you provided does not exist. InvalidAccessKeyId": (
        "does not know these keys"
    ),
    "SignatureDoesNotMatch": "does not know these keys",
    "Stat: Access Denied. AccessDenied": "does not let this user do it",
    "Save(<data/1>) failed: write /data/x: no space left on device": "the store is full",
    "Save(<data/c8>) returned error, retrying: client.PutObject: No space left on device.\n"
    "Fatal: unable to save snapshot: context canceled": "the store is full",
    "Fatal: unable to save snapshot: Copy: write /spool/cache/2a/data/7b/tmp-2: "
    "no space left on device": "the disk of this host is full",
    "subprocess sh: Error writing data to file: short write": "the disk of this host is full",
    "Fatal: wrong password or no key found": "the key (BACKUP_KEY)",
    "ciphertext verification failed": "a backup is damaged",
    "dial tcp 10.0.0.2:7070: connect: connection refused": "cannot be reached",
    "dial tcp: lookup s3 on 127.0.0.11:53: no such host": "cannot be reached",
    "unable to create lock in backend: repository is already locked": "the store is locked",
}


@pytest.mark.parametrize("text", SAID)
def test_what_is_known_is_told_in_words_with_a_command(text: str) -> None:
    words, try_ = reason(text)
    assert SAID[text] in words
    assert try_


def test_what_nobody_knows_is_told_as_it_was_said() -> None:
    told = failure("a5: a dump", 1, "first\nsomething new\n")
    assert isinstance(told, FailedBeforeSwitch)
    assert told.error == "a5: a dump: something new"
    assert told.state == KEPT


def test_before_anything_has_begun_it_is_a_preflight() -> None:
    assert isinstance(failure("a5", 1, "connection refused", before=True), PreflightError)


def test_silence_until_the_deadline_is_told() -> None:
    assert "no answer within the deadline" in failure("a5", 124, "").error


def test_what_is_full_where_no_store_is_written_to_is_the_host() -> None:
    said = "tar: base/1/2: Cannot write: No space left on device"
    assert "the disk of this host is full" in failure("a5", 2, said, here=True).error
    assert "the store is full" in failure("a5", 1, said).error


class TestClocks:
    """By how many seconds the store's is ahead."""

    @pytest.mark.parametrize(
        ("apart", "told"), [("3600", "60 min behind"), ("-3599\n", "59 min ahead of")]
    )
    def test_that_differ_too_much_are_told_with_by_how_much(self, apart: str, told: str) -> None:
        wrong = clocks("a5: the store", apart)
        assert isinstance(wrong, PreflightError)
        assert f"it is {told} the store's" in wrong.error
        assert "timedatectl" in wrong.try_

    @pytest.mark.parametrize("apart", ["0", "-899", "899", "", "date: no such date"])
    def test_that_agree_or_are_not_known_explain_nothing(self, apart: str) -> None:
        assert clocks("a5", apart) is None


@pytest.mark.parametrize("said", ["Stat: Access Denied.", "SignatureDoesNotMatch", "403 Forbidden"])
def test_a_refusal_may_be_one_of_the_clock(said: str) -> None:
    assert refuses_us(said)
    assert not refuses_us("connection refused")


def test_restics_own_json_is_told_by_its_message() -> None:
    line = json.dumps({"message_type": "exit_error", "code": 1, "message": "Fatal: it broke"})
    status = '{"message_type":"status","bytes_done":5}'
    assert failure("a5", 1, f"{line}\n{status}\n").error == "a5: Fatal: it broke"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            '{"message_type":"status","bytes_done":1500000,"total_bytes":6000000}',
            "1.5 MB of 6.0 MB, 25 %",
        ),
        ('{"message_type":"status","bytes_done":1500000}', "1.5 MB"),
        ('{"message_type":"status","bytes_done":0}', ""),
        ('{"message_type":"summary"}', ""),
        ("pg_basebackup: hello", ""),
    ],
)
def test_progress_is_bytes_and_a_share_where_the_whole_is_known(line: str, told: str) -> None:
    assert progress(line) == told


def test_the_last_summary_counts() -> None:
    line = '{"message_type":"summary","total_bytes_processed":7}'
    assert summary(f"x\n{line}\n")["total_bytes_processed"] == 7
    assert summary("x\n") == {}


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (2_500_000_000, "2.5 GB")]
)
def test_a_size_is_told_in_its_unit(count: int, text: str) -> None:
    assert size(count) == text
