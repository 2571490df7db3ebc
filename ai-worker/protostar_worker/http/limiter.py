"""How often one address may ask, kept in memory only, and not the address itself."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_S = 60.0
ADDRESSES_MAX = 10_000


class Limiter:
    """So many in a minute; the minute begins with the first."""

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = most, clock
        # Of this process only: nobody can tell an address from what is kept.
        self._salt = secrets.token_bytes(16)
        self._windows: OrderedDict[bytes, tuple[float, int]] = OrderedDict()

    def allows(self, address: str) -> bool:
        key = hashlib.blake2b(address.encode(), key=self._salt, digest_size=16).digest()
        since_s, count = self._windows.get(key, (self._clock(), 0))
        if self._clock() - since_s >= WINDOW_S:
            since_s, count = self._clock(), 0
            self._windows.pop(key, None)
        self._windows[key] = (since_s, count + 1)
        if len(self._windows) > ADDRESSES_MAX:
            self._windows.popitem(last=False)
        return count < self._most
