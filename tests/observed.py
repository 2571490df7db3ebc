"""What is asked of Prometheus by dashboards and rules, and what there is to be asked for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from dashboards.__main__ import texts
from pyhelpers.backup import metrics as backups
from pyhelpers.certs import metrics as certificates
from pyhelpers.deploy import metrics as deploys

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).resolve().parents[1]
RULES = sorted((CHECKOUT / "compose/centre/prometheus/rules").glob("*.yml"))
# What wal.sh writes itself.
WAL = "protostar_backup_wal_shipped_timestamp_seconds"
HISTOGRAM = ("_bucket", "_sum", "_count")
WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}

_LABELS = re.compile(r'"(?:[^"\\]|\\.)*"|\{[^}]*\}|\[[^]]*\]')
_GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_NAME = re.compile(r"(?<![\w:.$])([A-Za-z_:][\w:]*)(?!\s*\(|[\w:])")


def names(expr: str) -> set[str]:
    """The metrics that a PromQL expression asks for."""
    left = _GROUPING.sub(" ", _LABELS.sub(" ", expr.replace('\\"', "")))
    return {name for name in _NAME.findall(left) if name.lower() not in WORDS}


def rules(path: Path) -> list[dict[str, Any]]:
    groups = yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts(path: Path) -> list[dict[str, Any]]:
    return [rule for rule in rules(path) if "alert" in rule]


def cases() -> dict[str, Any]:
    text = (CHECKOUT / "tests/cases/observe/exported.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def exported() -> set[str]:
    """By us, by others' programs, and what rules record."""
    found = cases()
    others = [*found["seen"].values(), *(each["names"] for each in found["unseen"].values())]
    recorded = {rule["record"] for path in RULES for rule in rules(path) if "record" in rule}
    return {*own(), *recorded, *(name for group in others for name in group)}


def own() -> set[str]:
    return {
        WAL,
        *(f"{backups.PREFIX}_{name}" for name in backups.HELP),
        *(f"{deploys.PREFIX}_{name}" for name in deploys.HELP),
        f"{certificates.PREFIX}_expiry_timestamp_seconds",
        f"{certificates.PREFIX}_renewal_failed",
        *_of_the_gateway(),
        *_of_the_worker(),
    }


def _of_the_gateway() -> Iterator[str]:
    """As mtail's program declares them."""
    text = (CHECKOUT / "compose/a5/gateway-exporter/gateway.mtail").read_text(encoding="utf-8")
    for kind, name in re.findall(r"^(counter|histogram) (\w+) ", text, re.MULTILINE):
        yield from _kept_as(kind, name)


def _of_the_worker() -> Iterator[str]:
    """As its metrics.py declares them; it has an environment of its own, and is not imported."""
    text = (CHECKOUT / "ai-worker/protostar_worker/metrics.py").read_text(encoding="utf-8")
    for kind, name in re.findall(r'self\._(gauge|counter|histogram)\(\s*"(\w+)"', text):
        ending = "_total" if kind == "counter" else ""
        yield from _kept_as(kind, f"protostar_{name}{ending}")


def _kept_as(kind: str, name: str) -> Iterator[str]:
    yield from (f"{name}{end}" for end in HISTOGRAM) if kind == "histogram" else (name,)


def queries() -> list[tuple[str, str]]:
    """Dashboard and title, and each PromQL that it asks."""
    pages = [json.loads(text) for text in texts().values()]
    found = [
        (f"{page['uid']}: {panel['title']}", target["expr"])
        for page in pages
        for panel in page["panels"]
        for target in panel["targets"]
        if panel["datasource"]["type"] == "prometheus"
    ]
    marks = [(f"{p['uid']}: {m['name']}", m["expr"]) for p in pages for m in marks_of(p)]
    return [*found, *marks]


def marks_of(page: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in page["annotations"]["list"] if "expr" in each]


def asked(expr: str) -> str:
    """As Grafana asks it when nothing is chosen."""
    return expr.replace("$__rate_interval", "1m").replace("$host", ".*").replace("$service", ".*")
