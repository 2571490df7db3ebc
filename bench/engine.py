"""Commands on this machine's engine, as benches and tests type them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
LABEL = "org.protostar.test"
COMMAND_S = 300


def docker(*arguments: str, env: dict[str, str] | None = None) -> str:
    return _run(["docker", *arguments], env)


def python(*arguments: str) -> str:
    return _run([sys.executable, *arguments], None)


def completed(
    argv: list[str], env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A command run to its end from the checkout, whatever its exit code."""
    return subprocess.run(
        argv,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_S,
        env={**os.environ, **(env or {})},
        cwd=CHECKOUT,
    )


def _run(argv: list[str], env: dict[str, str] | None) -> str:
    done = completed(argv, env)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def build_example(example: str, *versions: str) -> None:
    """Build protostar-example/<example>:v<version> for each version; cached layers are reused."""
    for version in versions:
        tag = f"protostar-example/{example}:v{version}"
        folder = str(CHECKOUT / "examples" / example)
        docker("build", "-q", "--build-arg", f"VERSION={version}", "-t", tag, folder)


def address_of(container: str, network: str) -> str:
    of = f'{{{{(index .NetworkSettings.Networks "{network}").IPAddress}}}}'
    return docker("inspect", "--format", of, container).strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
