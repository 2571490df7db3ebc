"""What each server's containers may take at most, all together, fits into it.

docs/servers.md shows it. To write its tables anew:

    .venv/bin/python -m tests.unit.compose.test_memory
"""

from __future__ import annotations

import re

import pytest

from tests.unit.compose.files import CHECKOUT, SERVERS, services

DOCUMENT = CHECKOUT / "docs" / "servers.md"
SERVER_MIB = {"a5": 32 * 1024, "centre": 16 * 1024, "proxy": 1024}
# For the kernel, the engine, sshd, an image that is being unpacked, and the page cache.
LEFT_SHARE = 0.1


def rows(server: str) -> list[tuple[str, int, int]]:
    """Name, MiB of one container, containers at most; the largest first."""
    own = [(each.shown, each.memory_mib, each.containers) for each in services(server)]
    return sorted(own, key=lambda row: (-row[1] * row[2], row[0]))


def total_mib(server: str) -> int:
    return sum(mib * containers for _, mib, containers in rows(server))


def table(server: str) -> str:
    total, whole = total_mib(server), SERVER_MIB[server]
    lines = [f"| {n} | {mib} | {count} | {mib * count} |" for n, mib, count in rows(server)]
    return "\n".join(
        [
            f"| {server}: {whole // 1024} GB | MiB each | at most | together |",
            "|---|---:|---:|---:|",
            *lines,
            f"| **all** | | | **{total}** |",
            f"| left for the machine | | | {whole - total} |",
        ]
    )


def marked(server: str) -> re.Pattern[str]:
    return re.compile(
        rf"(<!-- memory {server} -->\n\n)(.*?)(\n\n<!-- end of memory -->)", re.DOTALL
    )


@pytest.mark.parametrize("server", SERVERS)
def test_all_of_it_fits_into_the_server(server: str) -> None:
    assert total_mib(server) <= SERVER_MIB[server] * (1 - LEFT_SHARE)


@pytest.mark.parametrize("server", SERVERS)
def test_the_documents_table_is_current(server: str) -> None:
    found = marked(server).search(DOCUMENT.read_text(encoding="utf-8"))
    assert found is not None
    assert found[2] == table(server)


def test_both_colours_of_every_replica_count() -> None:
    assert ("api", 1024, 4) in rows("a5")
    assert ("ai-worker", 1400, 2) in rows("a5")


def main() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for server in SERVERS:
        text = marked(server).sub(lambda found: found[1] + table(server) + found[3], text)  # noqa: B023 - called at once
    DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
