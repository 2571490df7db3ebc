"""The locks of the jobs in hand, renewed by a thread of their own.

The event loop may be busy for seconds (a large document, a slow library). With the renewal in the
loop the lock would run out meanwhile, and another worker would begin the same job.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import msgpack
from bullmq.redis_connection import loadScript
from redis import Redis
from redis.exceptions import RedisError

from protostar_worker.queue.bull import CANCELLED_KEY, PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

RENEWALS_A_LOCK = 3  # Two may fail before a lock runs out.


class LockKeeper:
    """Renews what it is told to hold; says which locks are lost and which jobs are cancelled.

    `lost` and `cancelled` are called in the thread, with the id of a job.
    """

    def __init__(
        self,
        url: str,
        queue: str,
        lock_s: float,
        lost: Callable[[str], None],
        cancelled: Callable[[str], None],
    ) -> None:
        self._keys = f"{PREFIX}:{queue}:"
        self._lock_s = lock_s
        self._lost, self._cancelled = lost, cancelled
        self._held: dict[str, str] = {}
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._redis = Redis.from_url(url, socket_timeout=lock_s / RENEWALS_A_LOCK)
        self._extend = self._redis.register_script(loadScript("extendLocks-1.lua"))
        self._thread = threading.Thread(target=self._run, name=f"locks-{queue}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(self._lock_s)
        self._redis.close()

    def hold(self, job_id: str, token: str) -> None:
        with self._guard:
            self._held[job_id] = token

    def release(self, job_id: str, token: str) -> None:
        with self._guard:
            if self._held.get(job_id) == token:
                del self._held[job_id]

    def _run(self) -> None:
        while not self._stop.wait(self._lock_s / RENEWALS_A_LOCK):
            with self._guard:
                held = dict(self._held)
            if held:
                self._renew(held)

    def _renew(self, held: dict[str, str]) -> None:
        ids, tokens = list(held), list(held.values())
        arguments = [self._keys, msgpack.packb(tokens), msgpack.packb(ids), self._lock_ms]
        try:
            refused: Any = self._extend(keys=[f"{self._keys}stalled"], args=arguments)
            marks: Any = self._redis.smismember(CANCELLED_KEY, ids)
        except RedisError as error:
            # The next round tries again; a lock that runs out meanwhile is found lost by it.
            log.warning("locks not renewed: %s", type(error).__name__)
            return
        for job_id in refused or []:
            self._tell(self._lost, job_id.decode(), held)
        for job_id, mark in zip(ids, marks, strict=True):
            if mark:
                self._tell(self._cancelled, job_id, held)

    def _tell(self, whom: Callable[[str], None], job_id: str, held: dict[str, str]) -> None:
        # It may have ended while the script ran: then its lock is gone for a good reason.
        with self._guard:
            current = self._held.get(job_id) == held[job_id]
        if current:
            whom(job_id)

    @property
    def _lock_ms(self) -> int:
        return round(self._lock_s * 1000)
