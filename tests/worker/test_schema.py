"""Migrations go forward only, and an older worker runs on."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from protostar_worker.db.migrate import FOLDER, is_current, migrate, prepare_space

if TYPE_CHECKING:
    from tests.worker.containers import Container

NARROWS = re.compile(
    r"\b(DROP|RENAME|TRUNCATE|DELETE FROM)\b|ALTER COLUMN \w+ (TYPE|SET NOT NULL)",
    re.IGNORECASE,
)


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_a_migration_only_adds(path: object) -> None:
    text = re.sub(r"--.*", "", path.read_text())  # type: ignore[attr-defined]
    assert not NARROWS.search(text)
    assert path.name.endswith(".sql")  # type: ignore[attr-defined]
    assert ".rollback" not in path.name  # type: ignore[attr-defined]


@pytest.fixture
def empty(postgres_server: tuple[Container, str]) -> str:
    url = postgres_server[1]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS empty")
        connection.execute("CREATE DATABASE empty")
    return f"{url.rpartition('/')[0]}/empty"


def test_two_at_once_apply_each_migration_once_and_again_does_nothing(empty: str) -> None:
    assert not is_current(empty)
    with ThreadPoolExecutor(3) as pool:
        applied = list(pool.map(migrate, [empty] * 3))
    assert sorted(map(len, applied)) == [0, 0, len(list(FOLDER.glob("*.sql")))]
    assert is_current(empty)
    assert migrate(empty) == []


def test_pgvector_is_new_enough(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT extversion FROM pg_extension WHERE extname='vector'")
        found = row.fetchone()
    assert found is not None
    assert tuple(map(int, found[0].split("."))) >= (0, 8, 6)


def test_an_index_that_was_left_half_made_is_made_anew(database_url: str) -> None:
    prepare_space(database_url, "s-4", 4)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE pg_index SET indisvalid = false"
            " WHERE indexrelid = 'chunks_near_s-4'::regclass".replace(
                "'chunks_near_s-4'", "'\"chunks_near_s-4\"'"
            )
        )
        prepare_space(database_url, "s-4", 4)
        found = connection.execute(
            "SELECT indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid"
            " WHERE relname = 'chunks_near_s-4'"
        ).fetchall()
    assert found == [(True,)]
