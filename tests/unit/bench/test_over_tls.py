"""What h2load's summary says, and what one client may ask of a gateway under load."""

from __future__ import annotations

import pytest

from bench.output import BenchError
from bench.over_tls import Told, eased, told

SUMMARY = """
finished in 25.01s, 59.98 req/s, 7.95KB/s
requests: 1500 total, 1500 started, 1498 done, 1497 succeeded, 3 failed, 2 errored, 0 timeout
status codes: 1497 2xx, 0 3xx, 0 4xx, 1 5xx
"""


def test_each_request_that_it_began_and_got_no_good_answer_to_has_failed() -> None:
    assert told(SUMMARY) == Told(1500, 3)


def test_one_that_did_not_get_that_far_has_measured_nothing() -> None:
    with pytest.raises(BenchError, match="no figures: no such host"):
        told("no such host")


def test_what_one_client_may_ask_for_is_raised_tenfold_and_nothing_else() -> None:
    limits = "limit_req_zone $a zone=a:10m rate=50r/s;\nlimit_req_status 429;\n"
    assert eased(limits) == limits.replace("rate=50r/s", "rate=500r/s")
