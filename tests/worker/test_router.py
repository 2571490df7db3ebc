"""Which endpoint is asked, what happens when it fails, and what is never sent to whom."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from pydantic import SecretStr

from protostar_worker.models.breaker import FAILURES_TO_OPEN, OPEN_S, Breaker
from protostar_worker.models.choice import Need, candidates, micro_usd_of
from protostar_worker.models.personal import looks_personal
from protostar_worker.models.router import Answered, Bill, MidStreamError, Router
from protostar_worker.results import Failed, ResultCode
from protostar_worker.roles import Role
from protostar_worker.settings import Endpoint
from tests.worker.scripted import Does, Scripted, served

if TYPE_CHECKING:
    from tests.worker.desk import Desk

pytestmark = pytest.mark.anyio
QUESTION = [{"role": "user", "content": "?"}]


def need(**more: Any) -> Need:
    fixed = {"role": Role.STARGAZER, "chars": 100, "answer_tokens": 100, "personal": False,
             "micro_usd_left": 10**6}  # fmt: skip
    return Need(**fixed | more)


def named(name: str, **more: Any) -> Endpoint:
    return Endpoint(**{"name": name, "base_url": "http://x", "model": "m"} | more)


LOCAL = named("local", personal_data=True, context_chars=1_000)
HOSTED = named("hosted", usd_per_million_in=1.0, usd_per_million_out=2.0)
STRONG = named("strong", least_role="protostar", personal_data=True, usd_per_million_out=50.0)


@pytest.mark.parametrize(
    ("wanted", "order"),
    [
        (need(), ["local", "hosted"]),
        (need(role=Role.PROTOSTAR), ["local", "hosted", "strong"]),
        (need(chars=5_000), ["hosted"]),
        (need(personal=True), ["local"]),
        (need(personal=True, chars=5_000), []),
        (need(micro_usd_left=249), ["local"]),
        (need(micro_usd_left=250), ["local", "hosted"]),
    ],
)
def test_role_length_budget_and_personal_data_choose(wanted: Need, order: list[str]) -> None:
    found = candidates((LOCAL, HOSTED, STRONG), wanted, lambda _name: True)
    assert [endpoint.name for endpoint in found] == order


def test_one_that_fails_is_left_out_while_it_is_ill() -> None:
    found = candidates((LOCAL, HOSTED), need(), lambda name: name != "local")
    assert [endpoint.name for endpoint in found] == ["hosted"]


def test_dollars_a_million_are_micro_dollars_a_token() -> None:
    assert micro_usd_of(HOSTED, 100, 20) == 140


def test_the_breaker_opens_after_failures_in_a_row_and_then_lets_one_try() -> None:
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    for _ in range(FAILURES_TO_OPEN):
        assert breaker.lets_through
        breaker.failed()
    assert not breaker.lets_through
    now[0] = OPEN_S
    allowed = [breaker.lets_through]
    breaker.begin()
    allowed.append(breaker.lets_through)
    breaker.succeeded()
    assert [*allowed, breaker.lets_through] == [True, False, True]


@pytest.mark.parametrize(
    "text",
    [
        "me@example.com",
        "900101-1234567",
        "전화 010-1234-5678",
        "4111 1111 1111 1111",
        "+82 10 1234 5678",
    ],
)
def test_personal_data_is_known_by_its_form(text: str) -> None:
    assert looks_personal(f"제 것은 {text} 입니다")


@pytest.mark.parametrize("text", ["연차 15일", "2026-11-26 10:00", "v1.2.3", "25,000,000원"])
def test_and_other_numbers_are_not(text: str) -> None:
    assert not looks_personal(text)


async def ask(
    *endpoints: Endpoint, shown: list[str] | None = None, owed: list[Bill] | None = None
) -> Answered:
    shown, owed = [] if shown is None else shown, [] if owed is None else owed
    async with aiohttp.ClientSession() as session:
        router = Router(session, endpoints)
        return await router.answer(need(), QUESTION, shown.append, owed.append)


def at(scripted: Scripted, name: str, **more: Any) -> Endpoint:
    fast = {"first_token_s": 0.4, "between_tokens_s": 0.4, "whole_s": 3.0, "retries": 0}
    return named(name, base_url=scripted.base_url, **fast | more)


@pytest.mark.parametrize(
    "does",
    [
        Does(status=429), Does(status=500), Does(status=401), Does("hang"), Does("garbage"),
        Does("null"), Does("blank"), Does("cut", tokens=()),
    ],
    ids=lambda does: f"{does.way}-{does.status}",
)  # fmt: skip
async def test_a_failure_before_the_first_token_is_another_endpoints_answer(
    endpoint: Scripted, does: Does
) -> None:
    endpoint.always = does
    shown: list[str] = []
    async with served() as other:
        answered = await ask(at(endpoint, "ill"), at(other, "well"), shown=shown)
    assert answered.endpoint == "well"
    assert "".join(shown).strip() == answered.text == "안녕하세요 [1]"


async def test_an_endpoint_that_is_not_there_is_passed_over(endpoint: Scripted) -> None:
    gone = named("gone", base_url="http://127.0.0.1:9/v1", retries=0)
    assert (await ask(gone, at(endpoint, "well"))).endpoint == "well"


async def test_the_same_endpoint_is_tried_again(endpoint: Scripted) -> None:
    endpoint.next.append(Does(status=500))
    assert (await ask(at(endpoint, "one", retries=1))).text == "안녕하세요 [1]"


@pytest.mark.parametrize("does", [Does("cut"), Does(between_s=0.6)], ids=["cut", "slow"])
async def test_after_the_first_token_nobody_else_is_asked_and_the_cost_is_known(
    endpoint: Scripted, does: Does
) -> None:
    endpoint.always = does
    owed: list[Bill] = []
    async with served() as other:
        with pytest.raises(MidStreamError):
            await ask(at(endpoint, "ill", usd_per_million_out=10.0), at(other, "well"), owed=owed)
        assert other.asked == []
    assert [bill.micro_usd > 0 for bill in owed] == [True]


async def test_without_any_endpoint_for_it_it_says_so() -> None:
    with pytest.raises(Failed) as failed:
        await ask(STRONG)
    assert failed.value.code is ResultCode.NO_MODEL


async def test_where_no_usage_is_told_it_is_estimated(endpoint: Scripted) -> None:
    endpoint.always = Does(usage=False)
    assert (await ask(at(endpoint, "one"))).bills[0].tokens_out == 5


async def test_the_key_goes_into_the_header_and_nowhere_else(endpoint: Scripted) -> None:
    one = at(endpoint, "one", api_key=SecretStr("s3cret"))
    await ask(one)
    assert endpoint.asked[0].pop("key") == "Bearer s3cret"
    assert "s3cret" not in repr(one) + str(endpoint.asked)


@pytest.mark.parametrize(
    ("fields", "hosted_may"),
    [
        ({"personal": False}, True),
        ({}, False),
        ({"personal": False, "message": "010-1234-5678 로 전화 주세요"}, False),
    ],
)
async def test_personal_data_never_reaches_an_endpoint_that_is_not_marked(
    desk: Desk, work: Any, endpoint: Scripted, fields: dict[str, Any], *, hosted_may: bool
) -> None:
    async with work(at(endpoint, "hosted")):
        end = await desk.ended(fields=fields)
    assert (end.state == "completed") is hosted_may
    assert bool(endpoint.asked) is hosted_may


async def test_a_private_document_makes_the_question_personal(
    desk: Desk, work: Any, endpoint: Scripted
) -> None:
    async with work(at(endpoint, "hosted")):
        await desk.ingested(ownerId="u-1", visibleTo="guest")
        end = await desk.ended("연차", fields={"personal": False})
    assert end.reason.startswith("NO_MODEL")
    assert endpoint.asked == []


async def test_what_an_attempt_cost_that_was_cut_is_accounted(
    desk: Desk, work: Any, endpoint: Scripted
) -> None:
    endpoint.next.append(Does("cut"))
    priced = at(endpoint, "local", personal_data=True, usd_per_million_out=100.0)
    async with work(priced):
        end = await desk.ended(opts={"attempts": 2})
    assert end.state == "completed"
    used = desk.rows("SELECT answers, tokens_out, micro_usd FROM usage_days")[0]
    assert used == {"answers": 1, "tokens_out": 25, "micro_usd": 2_500}


async def test_so_is_what_was_shown_of_one_that_the_user_cancelled(
    desk: Desk, work: Any, endpoint: Scripted
) -> None:
    endpoint.always = Does(tokens=("안녕", "하세요"), between_s=0.9)
    slow = {"between_tokens_s": 9.0, "whole_s": 9.0, "personal_data": True}
    async with work(at(endpoint, "local", usd_per_million_out=100.0, **slow), lock_s=0.5):
        job = await desk.ask()
        while not endpoint.asked:
            await asyncio.sleep(0.02)
        await desk.redis.sadd("protostar:cancelled", job.id)
        end = await desk.end(job)
    assert end.reason.startswith("CANCELLED")
    used = desk.rows("SELECT answers, tokens_out, micro_usd FROM usage_days")[0]
    assert used == {"answers": 0, "tokens_out": 1, "micro_usd": 100}
