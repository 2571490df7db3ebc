"""The analyst's process: `python -m protostar_worker.rag.analyst_process`, started by the worker.

Requests come on stdin, answers go to what was stdout, each a length and a pickle; the other end
is always the worker that started it. Two lanes, a thread each, so that a question never waits
behind a document; the lane of documents runs at the lowest priority.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import struct
import sys
import threading
from queue import SimpleQueue
from typing import BinaryIO

from protostar_worker.rag.analysis import TASKS
from protostar_worker.results import Problem, ResultCode

LENGTH = struct.Struct(">I")
MEMORY_BYTES_MAX = 6 * 2**30  # Address space, of which models map much more than they use.
BULK_NICE = 15

Request = tuple[int, str, str, tuple[object, ...]]  # number, lane, task, arguments
Answer = tuple[int, bool, object]  # number, whether it went well, result or (code, words)


def frame(message: object) -> bytes:
    content = pickle.dumps(message)
    return LENGTH.pack(len(content)) + content


def answer_to(request: Request) -> Answer:
    number, _lane, task, arguments = request
    try:
        return number, True, TASKS[task](*arguments)
    except Problem as problem:
        return number, False, (problem.code.value, str(problem))
    except MemoryError:
        return number, False, (ResultCode.TOO_LARGE.value, "it needs too much memory")
    except Exception as error:  # noqa: BLE001 - whatever it is, the worker must hear of it
        return number, False, (ResultCode.INTERNAL.value, type(error).__name__)


class Lane(threading.Thread):
    """One kind of work, in order."""

    def __init__(self, output: BinaryIO, guard: threading.Lock, nice: int) -> None:
        super().__init__(daemon=True)
        self.requests: SimpleQueue[Request] = SimpleQueue()
        self._output, self._guard, self._nice = output, guard, nice

    def run(self) -> None:
        # On Linux a thread has a priority of its own.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)
        while True:
            content = frame(answer_to(self.requests.get()))
            with self._guard:
                self._output.write(content)
                self._output.flush()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    guard = threading.Lock()
    lanes = {"query": Lane(answers, guard, 0), "bulk": Lane(answers, guard, BULK_NICE)}
    for lane in lanes.values():
        lane.start()
    while head := requests.read(LENGTH.size):
        # Only the worker that started this process can write here.
        request: Request = pickle.loads(requests.read(LENGTH.unpack(head)[0]))  # noqa: S301 - from its own parent
        lanes[request[1]].requests.put(request)


def main() -> None:
    # The worker ends this process by closing its stdin, after its own work is done.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)
    os._exit(0)  # The lanes may be in the middle of something that nobody waits for any more.


if __name__ == "__main__":
    main()
