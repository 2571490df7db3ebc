"""Grafana's dashboards, out of short Python: `python -m dashboards` writes their JSON.

    .venv/bin/python -m dashboards

into compose/centre/grafana/dashboards, where Grafana finds them. Nobody edits the JSON: a test
holds it to what stands here, and every query to what something exports.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "compose" / "centre" / "grafana" / "dashboards"
