"""A question becomes an answer: kept once, streamed, returned."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from protostar_worker.answer.stream import events_of, stream_key
from tests.worker.scripted import Does, Scripted

if TYPE_CHECKING:
    from tests.worker.desk import Desk, Running

pytestmark = pytest.mark.anyio


async def test_the_return_value_is_the_answer_with_its_citations(
    desk: Desk, worker: Running
) -> None:
    await desk.ingested()
    end = await desk.ended("연차 며칠?", fields={"messageId": "m-1"})
    assert end.state == "completed"
    assert end.value is not None
    assert end.value["messageId"] == "m-1"
    assert end.value["text"] == "안녕하세요 [1]"
    assert end.value["citations"][0] == {
        "number": 1, "documentId": "leave", "title": "휴가 규정", "heading": "휴가",
        "place": "paragraph 1", "position": 0,
    }  # fmt: skip


async def test_the_row_keeps_the_answer_beside_user_and_cost(desk: Desk, worker: Running) -> None:
    await desk.ended("몇 시?", fields={"messageId": "m-1", "userId": "u-7"})
    row = desk.rows("SELECT * FROM messages JOIN users USING (user_id)")[0]
    assert (row["state"], row["user_id"], row["role"]) == ("answered", "u-7", 1)
    assert row["content"]["question"] == "몇 시?"
    assert row["content"]["result"]["text"] == "안녕하세요 [1]"
    used = desk.rows("SELECT * FROM usage_days")[0]
    assert (used["user_id"], used["answers"], used["tokens_in"], used["tokens_out"]) == (
        "u-7", 1, 100, 20,
    )  # fmt: skip


async def test_the_passages_reach_the_model_and_the_question_stays_apart(
    desk: Desk, worker: Running, endpoint: Scripted
) -> None:
    await desk.ingested()
    await desk.ended("연차 며칠?")
    system, user = endpoint.asked[0]["messages"]
    assert "연차는 십오 일입니다." in system["content"]
    assert user == {"role": "user", "content": "연차 며칠?"}


async def test_tokens_are_streamed_and_a_reader_resumes_from_an_id(
    desk: Desk, worker: Running
) -> None:
    await desk.ended(fields={"messageId": "m-1"})
    events = [event async for event in events_of(desk.redis, "m-1")]
    assert [name for _, name, _ in events] == ["start", "token", "token", "token", "end"]
    again = [event async for event in events_of(desk.redis, "m-1", events[2][0])]
    assert again == events[3:]


async def test_a_reader_who_is_early_waits(desk: Desk, worker: Running) -> None:
    async def read() -> list[str]:
        return [name async for _, name, _ in events_of(desk.redis, "m-1") if name != "idle"]

    reading = asyncio.create_task(read())
    await desk.ended(fields={"messageId": "m-1"})
    assert (await reading)[-1] == "end"


async def test_the_stream_does_not_stay_for_ever(desk: Desk, worker: Running) -> None:
    await desk.ended(fields={"messageId": "m-1"})
    assert 0 < await desk.redis.ttl(stream_key("m-1")) <= 3600


async def test_an_answer_that_was_kept_is_given_again_without_asking_a_model(
    desk: Desk, work: Any, endpoint: Scripted
) -> None:
    """The worker died between the row and the return value: the job comes again."""
    async with work():
        job = await desk.ask()
        first = await desk.end(job)
    await job.retry("completed")
    async with work():
        assert await desk.end(job) == first
    assert len(endpoint.asked) == 1


async def test_an_attempt_that_was_overtaken_leaves_no_trace(
    desk: Desk, work: Any, endpoint: Scripted
) -> None:
    endpoint.always = Does(before_s=0.5)
    async with work():
        job = await desk.ask(fields={"messageId": "m-1"})
        while not desk.rows("SELECT 1 FROM messages"):
            await asyncio.sleep(0.02)
        desk.rows("UPDATE messages SET attempt = 'another' RETURNING 1")
        await asyncio.sleep(1)
        assert desk.rows("SELECT state FROM messages")[0]["state"] == "working"
        assert desk.rows("SELECT * FROM usage_days") == []
        assert await job.getState() == "active"


async def test_a_failed_attempt_is_tried_again_with_its_backoff(
    desk: Desk, worker: Running, endpoint: Scripted
) -> None:
    endpoint.next.extend([Does(status=500), Does(status=500)])  # the try and its retry
    job = await desk.ask(opts={"attempts": 3, "backoff": {"type": "fixed", "delay": 50}})
    end = await desk.end(job)
    assert end.state == "completed"
    assert desk.rows("SELECT attempts FROM messages")[0]["attempts"] == 2
    assert desk.rows("SELECT * FROM dead_letters") == []


async def test_the_last_attempt_ends_in_a_dead_letter_with_its_reason(
    desk: Desk, worker: Running, endpoint: Scripted
) -> None:
    endpoint.always = Does(status=500)
    job = await desk.ask(opts={"attempts": 2}, fields={"messageId": "m-1"})
    end = await desk.end(job)
    assert (end.state, end.reason) == ("failed", "MODEL_FAILED: 1 endpoints were asked")
    letter = desk.rows("SELECT * FROM dead_letters")[0]
    assert (letter["message_id"], letter["code"], letter["attempts"]) == ("m-1", "MODEL_FAILED", 2)
    assert desk.rows("SELECT state FROM messages")[0]["state"] == "dead"
    events = [name async for _, name, _ in events_of(desk.redis, "m-1")]
    assert events[-1] == "problem"


async def test_priority_goes_first_and_a_delay_is_waited_for(
    desk: Desk, work: Any, endpoint: Scripted
) -> None:
    late = await desk.ask("late", opts={"delay": 700})
    for name, priority in (("low", 9), ("high", 1)):
        await desk.ask(name, opts={"priority": priority})
    async with work(concurrency=1):
        await desk.end(late)
    assert [one["messages"][1]["content"] for one in endpoint.asked] == ["high", "low", "late"]


async def test_a_duplicate_of_a_waiting_job_is_not_put_in(desk: Desk, work: Any) -> None:
    options = {"deduplication": {"id": "same"}}
    first = await desk.ask(opts=options)
    second = await desk.ask(opts=options)
    assert second.id == first.id
    async with work():
        await desk.end(first)
        third = await desk.ask(opts=options)
        assert third.id != first.id
        await desk.end(third)


@pytest.mark.parametrize("when", ["waiting", "running"])
async def test_a_cancelled_job_ends_as_such(
    desk: Desk, work: Any, endpoint: Scripted, when: str
) -> None:
    endpoint.always = Does(way="hang")
    job = await desk.ask()
    if when == "waiting":
        await desk.redis.sadd("protostar:cancelled", job.id)
    async with work(lock_s=1.0):
        while when == "running" and not endpoint.asked:
            await asyncio.sleep(0.02)
        await desk.redis.sadd("protostar:cancelled", job.id)
        end = await desk.end(job)
    assert (end.state, end.reason) == (
        "failed",
        "CANCELLED: it was cancelled before it was answered",
    )
    assert await desk.redis.smembers("protostar:cancelled") == set()


async def test_what_cannot_be_kept_is_left_out_of_the_answer(
    desk: Desk, worker: Running, endpoint: Scripted
) -> None:
    endpoint.always = Does(tokens=("a\x00b", "\ud800", "c"))
    end = await desk.ended()
    assert end.value is not None
    assert end.value["text"] == "ab?c"


async def test_many_at_once_are_each_answered_once(
    desk: Desk, worker: Running, endpoint: Scripted
) -> None:
    jobs = [await desk.ask(fields={"userId": f"u-{n}"}) for n in range(60)]
    ends = [await desk.end(job) for job in jobs]
    assert {end.state for end in ends} == {"completed"}
    assert len(endpoint.asked) == 60
