"""The row of a message: claimed by an attempt, ended once, by the attempt that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from protostar_worker.results import AttemptLostError, Problem, Refused, ResultCode
from protostar_worker.roles import BOUNDS

if TYPE_CHECKING:
    from protostar_worker.db.pool import Connection, Database
    from protostar_worker.payload import Ask, Delete, Ingest

# A job that is given again takes its row over from the attempt before; an ended one stays as it is.
CLAIM = """
INSERT INTO messages (message_id, queue, job, user_id, kind, attempt, content)
VALUES (%(message)s, %(queue)s, %(job)s, %(user)s, %(kind)s, %(attempt)s, %(content)s)
ON CONFLICT (message_id) DO UPDATE
    SET attempt = EXCLUDED.attempt, attempts = messages.attempts + 1
    WHERE messages.state = 'working'
      AND messages.queue = EXCLUDED.queue AND messages.job = EXCLUDED.job
RETURNING attempts
"""
KEPT = """
SELECT content->'result' AS kept FROM messages
WHERE message_id = %(message)s AND queue = %(queue)s AND job = %(job)s AND state = 'answered'
"""
KNOWN = "SELECT queue, job, state, content FROM messages WHERE message_id = %s"
SEEN = """
INSERT INTO users (user_id, role) VALUES (%s, %s)
ON CONFLICT (user_id) DO UPDATE SET role = EXCLUDED.role, last_seen = now()
"""
# The user's row is locked by SEEN: two questions at once are counted one after the other.
TODAY = """
WITH today AS (
    SELECT (now() AT TIME ZONE %(zone)s)::date AS day,
           date_trunc('day', now() AT TIME ZONE %(zone)s) AT TIME ZONE %(zone)s AS since)
SELECT (SELECT count(*) FROM messages, today
        WHERE user_id = %(user)s AND kind = 'ask' AND created_at >= since) AS questions,
       (SELECT coalesce(sum(micro_usd), 0)::bigint FROM usage_days, today
        WHERE user_id = %(user)s AND usage_days.day = today.day) AS micro_usd
"""
END = """
UPDATE messages SET state = %(state)s, content = content || %(content)s, ended_at = now()
WHERE message_id = %(message)s AND attempt = %(attempt)s AND state = 'working'
RETURNING 1
"""
USED = """
INSERT INTO usage_days (user_id, day, endpoint, answers, tokens_in, tokens_out, micro_usd)
VALUES (%(user)s, (now() AT TIME ZONE %(zone)s)::date, %(endpoint)s,
        %(answers)s, %(tokens_in)s, %(tokens_out)s, %(micro_usd)s)
ON CONFLICT (user_id, day, endpoint) DO UPDATE SET
    answers = usage_days.answers + EXCLUDED.answers,
    tokens_in = usage_days.tokens_in + EXCLUDED.tokens_in,
    tokens_out = usage_days.tokens_out + EXCLUDED.tokens_out,
    micro_usd = usage_days.micro_usd + EXCLUDED.micro_usd
"""
DEAD = """
INSERT INTO dead_letters (queue, job, message_id, code, reason, attempts)
VALUES (%(queue)s, %(job)s, %(message)s, %(code)s, %(reason)s, %(attempts)s)
ON CONFLICT (queue, job) DO NOTHING
"""
BURY = """
UPDATE messages SET state = 'dead', attempt = %(attempt)s, ended_at = now(),
    content = content || %(content)s
WHERE message_id = %(message)s AND queue = %(queue)s AND job = %(job)s AND state = 'working'
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """This attempt's hold on a message. With `kept`, it was answered before: nothing is to do."""

    attempts: int
    micro_usd_left: int
    kept: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    endpoint: str
    tokens_in: int
    tokens_out: int
    micro_usd: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    queue: str
    job: str
    problem: Problem
    attempts: int


class Store:
    def __init__(self, database: Database, day_zone: str) -> None:
        self._database, self._zone = database, day_zone

    async def claim(
        self, payload: Ask | Ingest | Delete, queue: str, job: str, attempt: str
    ) -> Claim:
        content = {"question": payload.message} if payload.kind == "ask" else {}
        row = {
            "message": payload.message_id, "queue": queue, "job": job,
            "user": payload.user_id, "kind": payload.kind, "attempt": attempt,
            "content": Jsonb(content),
        }  # fmt: skip
        async with self._database.transaction() as connection:
            await connection.execute(SEEN, (payload.user_id, payload.rank))
            claimed = await (await connection.execute(CLAIM, row)).fetchone()
            if claimed is None:
                return await self._known(connection, payload.message_id, queue, job)
            left = await self._left(connection, payload)
        return Claim(claimed["attempts"], left)

    async def finish(
        self,
        payload: Ask | Ingest | Delete,
        attempt: str,
        result: dict[str, Any],
        usages: list[Usage],
    ) -> None:
        """The answer, who asked and what it cost: one transaction, and only once."""
        async with self._database.transaction() as connection:
            await self._end(connection, payload.message_id, attempt, result)
            for usage in usages:
                await self._count(connection, payload.user_id, usage, answers=1)

    async def spent(self, user_id: str, usages: list[Usage]) -> None:
        """What attempts cost that gave no answer: it is paid for all the same."""
        async with self._database.transaction() as connection:
            for usage in usages:
                await self._count(connection, user_id, usage, answers=0)

    async def bury(
        self, letter: DeadLetter, message_id: str | None, attempt: str
    ) -> dict[str, Any] | None:
        """Keep why it got no answer; or give the answer that an earlier attempt had kept."""
        names = {"queue": letter.queue, "job": letter.job, "message": message_id}
        problem = {"resultCode": letter.problem.code, "message": str(letter.problem)}
        end = {"attempt": attempt, "content": Jsonb({"problem": problem})}
        why = {"code": letter.problem.code, "reason": str(letter.problem)}
        async with self._database.transaction() as connection:
            row = await (await connection.execute(KEPT, names)).fetchone()
            if row is not None:
                return dict(row["kept"])
            await connection.execute(BURY, names | end)
            await connection.execute(DEAD, names | why | {"attempts": letter.attempts})
        return None

    async def _known(self, connection: Connection, message_id: str, queue: str, job: str) -> Claim:
        row = await (await connection.execute(KNOWN, (message_id,))).fetchone()
        if row is None or (row["queue"], row["job"]) != (queue, job):
            raise Refused(ResultCode.REPLAYED)
        if row["state"] == "dead":
            problem = row["content"]["problem"]
            raise Refused(ResultCode(problem["resultCode"]), problem["message"])
        return Claim(0, 0, kept=row["content"]["result"])

    async def _left(self, connection: Connection, payload: Ask | Ingest | Delete) -> int:
        bounds = BOUNDS[payload.rank]
        names = {"user": payload.user_id, "zone": self._zone}
        today = await (await connection.execute(TODAY, names)).fetchone()
        assert today is not None  # noqa: S101 - an aggregate always gives its row
        if payload.kind == "ask" and today["questions"] > bounds.questions_a_day:
            raise Refused(
                ResultCode.QUOTA_EXHAUSTED, f"{bounds.questions_a_day} questions a day are allowed"
            )
        return max(0, bounds.micro_usd_a_day - int(today["micro_usd"]))

    async def _end(
        self, connection: Connection, message_id: str, attempt: str, result: dict[str, Any]
    ) -> None:
        row = {
            "message": message_id, "attempt": attempt, "state": "answered",
            "content": Jsonb({"result": result}),
        }  # fmt: skip
        if await (await connection.execute(END, row)).fetchone() is None:
            raise AttemptLostError(message_id)

    async def _count(
        self, connection: Connection, user_id: str, usage: Usage, *, answers: int
    ) -> None:
        row = {
            "user": user_id, "zone": self._zone, "endpoint": usage.endpoint, "answers": answers,
            "tokens_in": usage.tokens_in, "tokens_out": usage.tokens_out,
            "micro_usd": usage.micro_usd,
        }  # fmt: skip
        await connection.execute(USED, row)
