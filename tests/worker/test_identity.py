"""Nobody is believed without a signature; roles bound what may be asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr, ValidationError

from protostar_worker.results import Refused, ResultCode
from protostar_worker.roles import BOUNDS, Role
from protostar_worker.signing import sign, verified_body
from tests.worker.desk import KEY, KEY_ID, ask_fields, now_ms

if TYPE_CHECKING:
    from tests.worker.desk import Desk, Running
    from tests.worker.scripted import Scripted

pytestmark = pytest.mark.anyio
KEYS = {"old": b"o" * 32, "new": b"n" * 32}


def code_of(data: Any) -> ResultCode:
    with pytest.raises(Refused) as refused:
        verified_body(data, KEYS)
    return refused.value.code


@pytest.mark.parametrize("key", ["old", "new"])
def test_while_keys_rotate_both_are_valid(key: str) -> None:
    assert verified_body(sign("{}", key, KEYS[key]), KEYS) == "{}"


def test_a_key_that_is_no_longer_valid_is_refused() -> None:
    assert code_of(sign("{}", "older", b"x" * 32)) is ResultCode.WRONG_SIGNATURE


@pytest.mark.parametrize("field", ["body", "keyId", "signature"])
def test_any_change_breaks_the_signature(field: str) -> None:
    signed = sign("{}", "old", KEYS["old"])
    assert code_of(signed | {field: signed[field] + "x"}) is ResultCode.WRONG_SIGNATURE


def test_a_signature_by_one_key_does_not_pass_under_the_name_of_another() -> None:
    signed = sign("{}", "old", KEYS["old"])
    assert code_of(signed | {"keyId": "new"}) is ResultCode.WRONG_SIGNATURE


@pytest.mark.parametrize(
    "data",
    [None, [], "text", 7, {}, {"body": "{}"}, {"body": 1, "keyId": "old", "signature": "x"},
     {"userId": "u", "role": "protostar", "message": "hello"}],
)  # fmt: skip
def test_what_is_not_signed_is_refused_as_such(data: Any) -> None:
    assert code_of(data) is ResultCode.UNSIGNED


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"role": "admin"}, "UNKNOWN_ROLE: there is no role 'admin'"),
        ({"expiresAt": now_ms() - 60_000}, "EXPIRED: it had run out"),
        ({"messageId": "../etc"}, "INVALID_REQUEST: messageId: String should match pattern"),
        ({"message": ""}, "INVALID_REQUEST: message: String should have at least 1 character"),
        ({"message": "a\x00b"}, "INVALID_REQUEST: message: Value error, has characters"),
        ({"message": 7}, "INVALID_REQUEST: message: Input should be a valid string"),
        ({"extra": 1}, "INVALID_REQUEST: extra: Extra inputs are not permitted"),
        ({"kind": "admin"}, "INVALID_REQUEST: payload: Input tag 'admin'"),
        ({"role": "guest", "message": "x" * 1_001}, "TOO_LARGE: the message has 1001 characters"),
        ({"message": "x" * 2**20}, "TOO_LARGE: the message has 1048576 characters"),
        ({"kind": "ingest"}, "INVALID_REQUEST: message: Extra inputs"),
    ],
)  # fmt: skip
async def test_a_bad_payload_is_refused_at_once_with_its_reason(
    desk: Desk, worker: Running, endpoint: Scripted, fields: dict[str, Any], reason: str
) -> None:
    end = await desk.ended(fields=fields, opts={"attempts": 5})
    assert end.state == "failed"
    assert reason in end.reason or (fields.get("kind") == "ingest" and "INVALID" in end.reason)
    letter = desk.rows("SELECT code, attempts FROM dead_letters")[0]
    assert (letter["code"], letter["attempts"]) == (end.reason.partition(":")[0], 1)
    assert endpoint.asked == []


async def test_a_role_that_was_raised_on_the_way_is_refused(desk: Desk, worker: Running) -> None:
    fields = ask_fields("?", role="guest")
    signed = sign(json.dumps(fields), KEY_ID, KEY.encode())
    forged = signed | {"body": signed["body"].replace("guest", "protostar")}
    end = await desk.end(await desk.put(desk.queue, fields, data=forged))
    assert end.reason == "WRONG_SIGNATURE: no valid key gives this signature"
    assert desk.rows("SELECT * FROM users") == []


async def test_the_same_message_in_another_job_is_a_replay_and_the_first_stands(
    desk: Desk, worker: Running, endpoint: Scripted
) -> None:
    fields = {"messageId": "m-1"}
    assert (await desk.ended(fields=fields)).state == "completed"
    end = await desk.ended(fields=fields)
    assert end.reason == "REPLAYED: another job brought a message of this id before"
    assert desk.rows("SELECT state FROM messages") == [{"state": "answered"}]
    assert len(endpoint.asked) == 1


async def test_what_ran_out_in_the_queue_is_answered(desk: Desk, work: Any) -> None:
    """It was valid when it was put in: that it had to wait is not the user's fault."""
    job = await desk.ask(fields={"expiresAt": now_ms() - 1_000})
    async with work():
        assert (await desk.end(job)).state == "completed"


async def test_a_day_has_so_many_questions(desk: Desk, worker: Running, endpoint: Scripted) -> None:
    await desk.ended(fields={"role": "guest", "userId": "u-9"})
    desk.rows(
        "INSERT INTO messages (message_id, queue, job, user_id, kind, attempt, state, content)"
        " SELECT 'old-' || n, 'q', n, 'u-9', 'ask', '', 'answered', '{}'"
        " FROM generate_series(2, %s) n RETURNING 1",
        BOUNDS[Role.GUEST].questions_a_day,
    )
    end = await desk.ended(fields={"role": "guest", "userId": "u-9"})
    assert end.reason == "QUOTA_EXHAUSTED: 20 questions a day are allowed"
    other = await desk.ended(fields={"role": "guest", "userId": "u-8"})
    assert other.state == "completed"


async def test_refusals_are_counted(desk: Desk, worker: Running) -> None:
    await desk.ended(fields={"role": "admin"})
    text = worker.world.metrics.text().decode()
    assert f'protostar_jobs_total{{outcome="UNKNOWN_ROLE",queue="{desk.queue}"}} 1.0' in text


async def test_a_job_that_is_not_json_is_refused_and_nothing_else_is_held_up(
    desk: Desk, worker: Running
) -> None:
    job = await desk.ask(opts={"delay": 1_500})
    await desk.redis.hset(f"bull:{desk.queue}:{job.id}", mapping={"data": "{broken \udcff"[:9]})
    assert (await desk.ended()).state == "completed"
    end = await desk.end(job)
    assert end.reason == "INVALID_REQUEST: the job is not JSON"
    assert desk.rows("SELECT code FROM dead_letters") == [{"code": "INVALID_REQUEST"}]


def test_short_keys_and_a_third_key_are_refused_and_never_shown(desk_settings: Any) -> None:
    with pytest.raises(ValidationError) as error:
        desk_settings(signing_keys={"a": SecretStr("hunter2")})
    assert "shorter than 32 bytes" in str(error.value)
    assert "hunter2" not in str(error.value)
    with pytest.raises(ValidationError):
        desk_settings(signing_keys={name: SecretStr("x" * 32) for name in "abc"})
