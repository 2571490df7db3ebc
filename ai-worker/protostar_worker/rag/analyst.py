"""The worker's end of the analyst: a process for all that would hold the interpreter.

Korean analysis and parsing are libraries that keep the interpreter to themselves for up to
seconds. In a thread they would freeze every stream of tokens; in a process they cannot, and a
file that makes a parser crash takes only that process with it.
"""

from __future__ import annotations

import asyncio
import itertools
import pickle
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from protostar_worker.rag.analyst_process import LENGTH, Answer, frame
from protostar_worker.rag.korean import HANGUL, words_of
from protostar_worker.results import Failed, Problem, Refused, ResultCode

if TYPE_CHECKING:
    from protostar_worker.rag.chunks import Chunk

Lane = Literal["query", "bulk"]
STOP_S = 5.0
# The longest for one piece of work. Who takes longer is stuck, and only an end of the process
# gets it unstuck; a question may have to wait until the analyser is loaded. Less than a search may
# take (answer/handle.py): that one only gives up, and would leave the stuck process to the next.
LIMITS_S: dict[Lane, float] = {"query": 15.0, "bulk": 120.0}
# What another attempt cannot mend.
FINAL = frozenset(
    (ResultCode.DOCUMENT_UNREADABLE, ResultCode.TOO_LARGE, ResultCode.WRONG_DIMENSION)
)


class Analyst:
    """Started on the first call, and again after it died; whoever waited then is told."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._starting = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def chunks(self, media: str, content: bytes) -> list[Chunk]:
        found: list[Chunk] = await self._call("bulk", "chunks", media, content)
        return found

    async def words(self, texts: list[str], lane: Lane = "query") -> list[list[str]]:
        if not any(HANGUL.search(text) for text in texts) and lane == "query":
            # Microseconds, and no process is started for them.
            return [words_of(text) for text in texts]
        found: list[list[str]] = await self._call(lane, "words", texts)
        return found

    async def embed(self, task: str, lane: Lane, *arguments: object) -> list[list[float]]:
        found: list[list[float]] = await self._call(lane, task, *arguments)
        return found

    async def close(self) -> None:
        if self._process is None or self._reader is None:
            return
        if self._process.stdin:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            self._process.kill()
        await self._reader

    async def _call(self, lane: Lane, task: str, *arguments: object) -> Any:  # noqa: ANN401 - theirs
        process = await self._started()
        number = next(self._numbers)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        waiting = self._waiting
        waiting[number] = future
        try:
            assert process.stdin is not None  # noqa: S101 - it was started with a pipe
            process.stdin.write(frame((number, lane, task, arguments)))
            await process.stdin.drain()
            async with asyncio.timeout(LIMITS_S[lane]):
                return await future
        except TimeoutError:
            process.kill()
            self._process = None  # the next call starts another, and waits for nothing of this
            raise _stuck(task) from None
        except (BrokenPipeError, ConnectionResetError):
            raise _died() from None
        finally:
            waiting.pop(number, None)

    async def _started(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "protostar_worker.rag.analyst_process",
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                )  # fmt: skip
                self._waiting = {}
                self._reader = asyncio.create_task(_read(self._process, self._waiting))
            return self._process


async def _read(
    process: asyncio.subprocess.Process, waiting: dict[int, asyncio.Future[Any]]
) -> None:
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    with suppress(asyncio.IncompleteReadError):
        while True:
            head = await process.stdout.readexactly(LENGTH.size)
            content = await process.stdout.readexactly(LENGTH.unpack(head)[0])
            _settle(pickle.loads(content), waiting)  # noqa: S301 - from the worker's own child
    await process.wait()
    for future in waiting.values():
        if not future.done():
            future.set_exception(_died())


def _settle(answer: Answer, waiting: dict[int, asyncio.Future[Any]]) -> None:
    number, went_well, found = answer
    future = waiting.get(number)
    if future is None or future.done():
        return
    if went_well:
        future.set_result(found)
    else:
        future.set_exception(_problem(found))


def _problem(found: Any) -> Failed | Refused:  # noqa: ANN401 - (code, words), from the child
    code = ResultCode(found[0])
    return Refused(code, found[1]) if code in FINAL else Failed(code, found[1])


def _stuck(task: str) -> Problem:
    if task == "chunks":
        return Refused(ResultCode.DOCUMENT_UNREADABLE, "it takes too long to read")
    return Failed(ResultCode.INTERNAL, f"{task} took too long")


def _died() -> Failed:
    return Failed(ResultCode.INTERNAL, "the analysing process died")
