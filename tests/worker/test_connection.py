"""What hiredis sends is what the library would have sent."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Connection
from redis.exceptions import DataError

from protostar_worker.queue.bull import PackedConnection
from protostar_worker.results import ResultCode

COMMANDS: list[tuple[Any, ...]] = [
    ("SET", "key", "value"),
    ("CLIENT SETINFO", "LIB-NAME", "redis-py"),
    ("XADD", "연차", "*", "data", '{"text": "십오 일\n"}'),
    ("ZADD", "key", 0, 1.5, 1e300, 0.1, -7),
    ("EVALSHA", "0" * 40, 1, b"\x00\xff\r\n", bytearray(b"b"), memoryview(b"m")),
    ("SET", "code", ResultCode.CANCELLED),
    ("SET", "large", "x" * 100_000),
    ("SET", "half a character", "\ud800"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command[0:2]))
def test_a_command_is_the_same_bytes(command: tuple[Any, ...]) -> None:
    ours = PackedConnection(encoding_errors="replace").pack_command(*command)
    assert b"".join(ours) == b"".join(Connection(encoding_errors="replace").pack_command(*command))


@pytest.mark.parametrize("value", [None, True, {"a": 1}])
def test_what_is_no_value_is_refused(value: Any) -> None:
    with pytest.raises(DataError):
        PackedConnection().pack_command("SET", "key", value)
