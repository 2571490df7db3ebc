"""The command line on real stores: migrate, doctor, ingest, ask."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.worker.processes import environment
from tests.worker.scripted import Does

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worker.containers import Container
    from tests.worker.desk import Desk
    from tests.worker.scripted import Scripted

pytestmark = pytest.mark.anyio


async def typed(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "protostar_worker", *arguments, env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await child.communicate()
    assert child.returncode is not None
    return subprocess.CompletedProcess(arguments, child.returncode, out.decode(), err.decode())


async def test_a_file_is_ingested_and_asked_about(
    desk: Desk, endpoint: Scripted, tmp_path: Path
) -> None:
    env = environment(desk, 0, endpoint.base_url)
    handbook = tmp_path / "handbook.md"
    handbook.write_text("# Leave\n\nFifteen days a year.", encoding="utf-8")
    ingested = await typed(env, "ingest", str(handbook), "--visible-to", "stargazer")
    assert (ingested.returncode, '"chunks": 1' in ingested.stdout) == (0, True)
    asked = await typed(env, "ask", "How many days of leave?", "--as", "stargazer")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.splitlines() == ["안녕하세요 [1]", "[1] handbook, Leave, paragraph 1"]
    as_guest = await typed(env, "ask", "How many days of leave?")
    assert as_guest.stdout.splitlines() == ["안녕하세요 [1]"]
    assert [key async for key in desk.redis.scan_iter("bull:protostar-by-hand-*")] == []


async def test_a_question_that_gets_no_answer_says_why(desk: Desk, endpoint: Scripted) -> None:
    endpoint.always = Does(status=500)
    asked = await typed(environment(desk, 0, endpoint.base_url), "ask", "How many?")
    assert asked.returncode == 1
    assert asked.stderr.startswith("Error: MODEL_FAILED: 1 endpoints were asked\nTry:")


async def test_doctor_names_each_defect_with_what_mends_it(
    desk: Desk, endpoint: Scripted, postgres_server: tuple[Container, str]
) -> None:
    env = environment(desk, 0, endpoint.base_url)
    await desk.redis.config_set("maxmemory-policy", "noeviction")
    assert (await typed(env, "doctor")).returncode == 0
    with psycopg.connect(postgres_server[1], autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS bare")
        connection.execute("CREATE DATABASE bare")
    broken = env | {
        "PROTOSTAR_DATABASE_URL": f"{postgres_server[1].rpartition('/')[0]}/bare",
        "PROTOSTAR_EMBEDDER": '{"kind": "onnx", "folder": "/nowhere"}',
        "PROTOSTAR_SIGNING_KEYS": "{}",
    }
    examined = await typed(broken, "doctor")
    assert examined.returncode == 4
    for defect in (
        "✗ signing keys: none",
        "✗ PostgreSQL: the schema is not current\n  Try: python -m protostar_worker migrate",
        "✗ embedder: EMBEDDER_FAILED: the model folder /nowhere has no model.onnx",
        "✓ endpoint local: m, sees personal data",
    ):
        assert defect in examined.stdout
    migrated = await typed(broken, "migrate")
    assert (migrated.returncode, migrated.stdout) == (0, "applied 0001.first\n")
    assert (await typed(broken, "migrate")).stdout == "the schema is current\n"


async def test_settings_that_are_wrong_are_named_and_never_shown() -> None:
    wrong = {"PROTOSTAR_SIGNING_KEYS": '{"k": "hunter2"}', "PROTOSTAR_LOCK_S": "-1"}
    refused = await typed(os.environ | wrong, "serve")
    assert refused.returncode == 3
    assert "PROTOSTAR_LOCK_S: Input should be greater than 0" in refused.stderr
    assert "hunter2" not in refused.stderr + refused.stdout


async def test_without_a_key_nothing_is_served() -> None:
    refused = await typed(dict(os.environ), "serve")
    assert (refused.returncode, "PROTOSTAR_SIGNING_KEYS: not set" in refused.stderr) == (3, True)
