"""How old each backup, proof and certificate is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.panels import Query, choice, graph, number, page

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard as Page

    from dashboards.panels import Panels

HOST = '{host=~"$host"}'
ENDS = f"protostar_certificate_expiry_timestamp_seconds{HOST} - time()"
# As the alerts have it: compose/centre/prometheus/rules.
HOUR, DAY = 3600, 86400
BACKUP_RED_S, WAL_RED_S, DRILL_RED_S, CERTIFICATE_RED_S = 26 * HOUR, 120, 35 * DAY, 14 * DAY


def made() -> Page:
    variables = [choice("host", "up")]
    return page("backups", "Backups and certificates", variables, *now(), *over_time())


def now() -> Panels:
    ends = Query(f"min by (host) ({ENDS})", "{{host}}")
    return [
        number("Oldest backup", age("backup_timestamp"), red=BACKUP_RED_S),
        number("A dead disk would cost", age("backup_wal_shipped_timestamp"), red=WAL_RED_S),
        number("Last proven", age("backup_drill_timestamp"), red=DRILL_RED_S),
        number("Next certificate ends in", ends, red=CERTIFICATE_RED_S, below=True),
    ]


def age(name: str) -> Query:
    return Query(f"max by (host) (time() - protostar_{name}_seconds{HOST})", "{{host}}")


def over_time() -> Panels:
    each = Query(f"time() - protostar_backup_timestamp_seconds{HOST}", "{{host}} {{item}}")
    held = Query(f"protostar_backup_size_bytes{HOST}", "{{host}} {{item}}")
    drill = Query(f"protostar_backup_drill_success{HOST}", "{{host}} drill")
    verify = Query(f"protostar_backup_verify_success{HOST}", "{{host}} verification")
    failed = Query(f"protostar_certificate_renewal_failed{HOST}", "{{host}} {{name}}: failed")
    return [
        graph("Age of each backup", each, unit="s"),
        graph("What the newest holds", held, unit="bytes"),
        graph("Well (1) or not (0)", drill, verify),
        graph("Certificates end in", Query(ENDS, "{{host}} {{name}}"), failed, unit="s"),
    ]
