"""A JSON Schema on the disk, where editors look for it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_schema(file: str, schema: Mapping[str, object]) -> None:
    """An editor that reads meanwhile sees the old file or the new one, never half of it."""
    path = Path(file)
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)
