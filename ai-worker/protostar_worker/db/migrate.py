"""Bringing the schema forward.

yoyo, because a migration is then a file of SQL as the database will run it, and no second model
of the tables (alembic brings SQLAlchemy, which nothing else here uses). Not yoyo's own lock: it
is a row, which stays behind when a migration is killed. An advisory lock ends with its session.

Forward only, and safe while the old colour runs: a migration adds, and never drops, renames or
narrows what an older worker reads; it waits for a lock at most LOCK_WAIT_S, and so never stops
the traffic behind it. tests/worker/test_schema.py holds each file to that.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from yoyo import read_migrations
from yoyo.backends import PostgresqlPsycopgBackend
from yoyo.connections import parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).with_name("migrations")
LOCK = 7_070_1
LOCK_WAIT_S = 5


def migrate(url: str) -> list[str]:
    """Apply what is not applied; returns the names. A second time does nothing."""
    with _alone(url):
        backend = PostgresqlPsycopgBackend(parse_uri(_for_yoyo(url)), "_yoyo_migration")
        backend.init_database()
        try:
            backend.execute(f"SET lock_timeout = '{LOCK_WAIT_S}s'")
            pending = backend.to_apply(read_migrations(str(FOLDER)))
            backend.apply_migrations(pending)
            return [str(migration.id) for migration in pending]
        finally:
            backend.connection.close()


def is_current(url: str) -> bool:
    with psycopg.connect(url, connect_timeout=5) as connection:
        there = connection.execute("SELECT to_regclass('_yoyo_migration')").fetchone()
        if not there or there[0] is None:
            return False
        rows = connection.execute("SELECT migration_id FROM _yoyo_migration").fetchall()
    return {path.stem for path in FOLDER.glob("*.sql")} <= {row[0] for row in rows}


def prepare_space(url: str, space: str, dimension: int) -> None:
    """The index of one embedder's vectors, built without stopping anybody's writes."""
    with _alone(url), psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO spaces (space, dimension) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (space, dimension),
        )
        name = f"chunks_near_{space}"[:63]
        _drop_half_made(connection, name)
        connection.execute(_index(name, space, dimension))


def _index(name: str, space: str, dimension: int) -> sql.Composed:
    return sql.SQL(
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON chunks USING hnsw"
        " ((embedding::halfvec({dimension})) halfvec_cosine_ops)"
        " WITH (m = 16, ef_construction = 64) WHERE space = {space}"
    ).format(name=sql.Identifier(name), dimension=sql.Literal(dimension), space=sql.Literal(space))


def _drop_half_made(connection: psycopg.Connection, name: str) -> None:
    # One that was killed stays behind as invalid: it is kept up to date and never used.
    found = connection.execute(
        "SELECT 1 FROM pg_index JOIN pg_class ON oid = indexrelid"
        " WHERE relname = %s AND NOT indisvalid",
        (name,),
    ).fetchone()
    if found:
        statement = sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(name))
        connection.execute(statement)


@contextmanager
def _alone(url: str) -> Iterator[None]:
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield


def _for_yoyo(url: str) -> str:
    return "postgresql+psycopg" + url[url.index("://") :]
