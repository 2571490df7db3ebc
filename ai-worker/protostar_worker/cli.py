"""The command line: serve, migrate, doctor, and asking and ingesting by hand."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from protostar_worker.results import Problem
from protostar_worker.settings import Settings, SettingsError, settings_from_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

DONE, UNEXPECTED, CONFIGURATION, NOT_READY = 0, 1, 3, 4
Result = TypeVar("Result")  # Python 3.11 has no other way to write it
ROLES = ("guest", "stargazer", "protostar")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    _log_to_stderr(options.command == "serve")
    try:
        settings = settings_from_environment()
    except SettingsError as error:
        return _say_error(str(error), "env | grep PROTOSTAR_", CONFIGURATION)
    command: Callable[[Settings, argparse.Namespace], int] = options.run
    try:
        return command(settings, options)
    except Problem as problem:
        return _say_error(problem.reason, "python -m protostar_worker doctor", UNEXPECTED)
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="protostar_worker", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="take jobs and answer HTTP until SIGTERM")
    serve.set_defaults(run=_serve)
    migrate = commands.add_parser("migrate", help="bring the schema of the database forward")
    migrate.set_defaults(run=_migrate)
    doctor = commands.add_parser("doctor", help="what is missing, and how to mend it")
    doctor.set_defaults(run=_doctor)
    _add_ask(commands.add_parser("ask", help="ask a question here and now, through a queue"))
    _add_ingest(commands.add_parser("ingest", help="put a file into the index"))
    return parser


def _add_ask(ask: argparse.ArgumentParser) -> None:
    ask.add_argument("question")
    ask.add_argument("--as", dest="role", choices=ROLES, default="guest")
    ask.add_argument("--user", default="command-line")
    ask.add_argument("--not-personal", action="store_true", help="any endpoint may see it")
    ask.set_defaults(run=_ask)


def _add_ingest(ingest: argparse.ArgumentParser) -> None:
    ingest.add_argument("file", type=Path)
    ingest.add_argument("--id", help="replaces the document of this id (default: the file's name)")
    ingest.add_argument("--title", help="(default: the file's name)")
    ingest.add_argument("--visible-to", choices=ROLES, default="protostar")
    ingest.add_argument("--owner", help="only this user sees it")
    ingest.set_defaults(run=_ingest)


def _serve(settings: Settings, _options: argparse.Namespace) -> int:
    from protostar_worker.service import serve

    if not settings.signing_keys:
        return _say_error(
            "PROTOSTAR_SIGNING_KEYS: not set, so no job could be believed",
            'PROTOSTAR_SIGNING_KEYS=\'{"2026-11": "at least 32 bytes of random"}\'',
            CONFIGURATION,
        )
    _run(serve(settings))
    return DONE


def _migrate(settings: Settings, _options: argparse.Namespace) -> int:
    import psycopg

    from protostar_worker.db.migrate import migrate

    try:
        applied = migrate(settings.database_url.get_secret_value())
    except psycopg.Error as error:
        return _say_error(f"PostgreSQL: {_first_line(error)}", "is the server there?", NOT_READY)
    print("\n".join(f"applied {name}" for name in applied) or "the schema is current")
    return DONE


def _doctor(settings: Settings, _options: argparse.Namespace) -> int:
    from protostar_worker.doctor import examine

    findings = _run(examine(settings))
    for finding in findings:
        print(finding.line)
    return NOT_READY if any(finding.is_defect for finding in findings) else DONE


def _ask(settings: Settings, options: argparse.Namespace) -> int:
    from protostar_worker.by_hand import ask

    question = ask(
        settings, options.question, options.role, options.user, personal=not options.not_personal
    )
    _run(question)
    return DONE


def _ingest(settings: Settings, options: argparse.Namespace) -> int:
    from protostar_worker.by_hand import ingest

    if not options.file.is_file():
        return _say_error(f"{options.file}: no such file", "ls", CONFIGURATION)
    _run(ingest(settings, options))
    return DONE


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def _log_to_stderr(verbose: bool) -> None:  # noqa: FBT001 - one of two
    level = logging.INFO if verbose else logging.ERROR
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(name)s %(message)s")


def _say_error(error: str, try_: str, code: int) -> int:
    print(f"Error: {error}\nTry:   {try_}", file=sys.stderr)
    return code


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
