"""The before_switch hook of the example: one line in a file stands for a schema change.

It takes MIGRATE_S seconds, so that a test can cut the deploy in the middle of it.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def main() -> None:
    release = os.environ.get("PROTOSTAR_RELEASE", "unreleased")
    path = Path(os.environ.get("MIGRATIONS", "/data/migrations.log"))
    time.sleep(float(os.environ.get("MIGRATE_S", "0")))
    # The line is written at the end: a migration that was cut short leaves none.
    with path.open("a", encoding="utf-8") as log:
        log.write(f"migrated {release}\n")
    sys.stdout.write(f"migrated {release}\n")


if __name__ == "__main__":
    main()
