"""`script/bench backup`: A5 is written to, kept, wiped, and brought back on a new server.

With the interval that is shipped. What was acknowledged before the last shipped moment must all
be there; what is missing of the time after it is the gap.
"""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bench.output import BenchError, Figure, note
from pyhelpers.backup.model import BASE
from pyhelpers.errors import Exit
from tests.e2e.kept_server import KeptServer, flip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.output import Value

EVERY_S = 30
ROWS_BEFORE, ROW_BYTES = 100_000, 2_000
WRITTEN_FOR_S, FLIPS = 40.0, 3
FIGURES = (
    Figure("rows", "in the database when it is wiped, all acknowledged"),
    Figure("lost", "of them, acknowledged before the last shipped moment, not restored", most=0),
    Figure("changed", "of those restored, with another content than was written", most=0),
    Figure("wal_gap_s", "from the last restored write to the last acknowledged one", most=60),
    Figure("backup_s", "a run under the load: base, dump, Redis, root"),
    Figure("restored_gb", "what came back: base backup and WAL"),
    Figure("restore_s", "from typed to PostgreSQL answering, with a new base backup"),
    Figure("restore_s_per_gb", "that, by what came back"),
    Figure("corrupted", "bits flipped in pieces of the newest base backup, one at a time"),
    Figure("corrupted_found", "of them, found by verify", same_as="corrupted"),
    Figure("drill_found", "of them, found by the drill", same_as="corrupted"),
    Figure("drill_s", "a drill of PostgreSQL: fetched, verified, replayed, every page read"),
)
MAKE = """\
CREATE TABLE api.kept (n bigint PRIMARY KEY, words text, at timestamptz DEFAULT clock_timestamp());
INSERT INTO api.kept SELECT g, {words} FROM generate_series(1, {rows}) AS g;
"""
# Text of which compression leaves more than half: what is restored is really moved.
WORDS = "(SELECT string_agg(md5((g * 100 + i)::text), '') FROM generate_series(1, {parts}) AS i)"


def measure(rounds: int | None) -> dict[str, Value]:
    with tempfile.TemporaryDirectory(prefix="protostar-backup-") as folder:
        server = KeptServer(Path(folder), every_s=EVERY_S)
        try:
            server.start()
            return _measured(server, rounds or FLIPS)
        finally:
            server.remove()


def _measured(server: KeptServer, flips: int) -> dict[str, Value]:
    words = WORDS.format(parts=ROW_BYTES // 32)
    server.sql(MAKE.format(words=words, rows=ROWS_BEFORE))
    note(f"{ROWS_BEFORE} rows are there")
    acknowledged: dict[int, float] = {}
    with written(server, words, acknowledged):
        backup_s = _timed(server, "run")
        note(f"kept under load within {backup_s:.1f} s")
        time.sleep(WRITTEN_FOR_S)
    shipped = server.shipped_at()
    server.wipe_a5()
    note("wiped; a new server has the stack")
    told = json.loads(server.done("restore", "--only", "postgres", "--yes", "--json"))
    found = {int(n) for n in server.sql("SELECT n FROM api.kept").split()}
    note(f"{len(found)} rows came back")
    sure = {n for n, at in acknowledged.items() if at < shipped} | set(range(1, ROWS_BEFORE + 1))
    last = max((at for n, at in acknowledged.items() if n in found), default=shipped)
    return {
        "rows": ROWS_BEFORE + len(acknowledged),
        "lost": len(sure - found),
        "changed": int(server.sql(_changed(words))),
        "wal_gap_s": max(acknowledged.values()) - last,
        "backup_s": backup_s,
        "restored_gb": sum(each["bytes"] for each in told["items"]) / 1e9,
        "restore_s": told["seconds"],
        "restore_s_per_gb": told["seconds_per_gb"],
        **_damaged(server, flips),
    }


def _changed(words: str) -> str:
    return (
        f"SELECT count(*) FROM api.kept AS k, LATERAL (SELECT n AS g) AS s WHERE words <> {words}"  # noqa: S608 - our own text
    )


def _timed(server: KeptServer, *arguments: str) -> float:
    began_s = time.monotonic()
    server.done(*arguments)
    return time.monotonic() - began_s


@contextmanager
def written(server: KeptServer, words: str, acknowledged: dict[int, float]) -> Iterator[None]:
    """One row after the other; each has been acknowledged when its moment is noted."""
    over = threading.Event()
    argv = ["docker", "exec", "--interactive", server.a5.container("postgres"), "psql", "-qAtX"]
    pipe = subprocess.PIPE
    session = subprocess.Popen(
        [*argv, "-U", "postgres", "-d", "protostar"], stdin=pipe, stdout=pipe, text=True
    )
    writer = threading.Thread(target=_write, args=(session, words, acknowledged, over))
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join(30)
        with session:
            session.kill()
    if not acknowledged:
        raise BenchError("nothing was written")


def _write(
    session: subprocess.Popen[str],
    words: str,
    acknowledged: dict[int, float],
    over: threading.Event,
) -> None:
    assert session.stdin  # noqa: S101 - it was started with pipes
    assert session.stdout  # noqa: S101
    number = ROWS_BEFORE
    while not over.wait(0.02):
        number += 1
        values = f"SELECT g, {words} FROM generate_series({number}, {number}) AS g"  # noqa: S608
        session.stdin.write(f"INSERT INTO api.kept {values} RETURNING n;\n")
        session.stdin.flush()
        if session.stdout.readline() != f"{number}\n":
            return
        acknowledged[number] = time.time()


def _damaged(server: KeptServer, flips: int) -> dict[str, Value]:
    drill_s = _timed(server, "drill", "--only", "postgres")
    note(f"a drill took {drill_s:.1f} s")
    found = [_found(server, pack) for pack in islice(_of_the_newest_base(server), flips)]
    if len(found) < flips:
        raise BenchError(f"only {len(found)} files of the store have a piece of the newest base")
    return {
        "corrupted": flips,
        "corrupted_found": sum(verified for verified, _ in found),
        "drill_found": sum(drilled for _, drilled in found),
        "drill_s": drill_s,
    }


def _of_the_newest_base(server: KeptServer) -> Iterator[str]:
    """Files of the store, by chance, in whose middle is a piece of it.

    Of what an older one alone is made of a drill knows nothing.
    """
    (*_, newest) = [each["id"] for each in server.snapshots() if each["path"] == BASE]
    packs = server.packs()
    random.shuffle(packs)
    return (pack for pack in packs if newest in server.who_needs(pack))


def _found(server: KeptServer, pack: str) -> tuple[bool, bool]:
    """By verify, and by a drill."""
    flip(server, pack)
    verified = server.backup("verify", "--all").returncode == Exit.FAILED_BEFORE_SWITCH
    drilled = server.backup("drill", "--only", "postgres").returncode == Exit.FAILED_BEFORE_SWITCH
    flip(server, pack)
    note(f"a bit flipped; found by verify: {verified}, by a drill: {drilled}")
    return verified, drilled
