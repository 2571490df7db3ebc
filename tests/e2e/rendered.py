"""A server's files as sync brings them: with what lies in folders `secrets`."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from bench.engine import CHECKOUT
from pyhelpers.config.loading import load
from pyhelpers.sync.stack import target_of
from tests.unit.compose.test_sync import environ

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG = """
project: shop
hosts: {{ {server}: {{ local: true, stack: compose/{server} }} }}
services:
  api: {{ host: {server}, image: protostar/api, compose: compose/a5/api.yml, port: 3000 }}
ops:
  proxy_address: 203.0.113.7
  home: home.example.org
  certificate: ops.example.org
  allow: [198.51.100.0/24]
  tools: {{ s3: {{ name: s3.example.org, port: 7070 }} }}
"""
# What Alertmanager takes as what it is for; other secrets may be any words.
ALERTS = {
    "ALERT_SMTP_SERVER": "mail.invalid:587",
    "ALERT_MAIL_FROM": "centre@example.org",
    "ALERT_MAIL_TO": "ops@example.org",
    "ALERT_WEBHOOK": "http://hook.invalid/operator",
    "ALERT_WATCHDOG": "http://hook.invalid/watchdog",
}


def rendered(
    folder: Path, server: str, given: Mapping[str, str], changed: Mapping[str, str]
) -> Path:
    """The folder with its compose.yml, below `folder`.

    `given`: secrets that matter. `changed`: words of the files, and what stands in their place.
    """
    checkout = folder / f"checkout-{server}"
    shutil.copytree(CHECKOUT / "compose", checkout / "compose")
    (checkout / "protostar.yml").write_text(CONFIG.format(server=server))
    secrets = {**environ(server), **ALERTS, **given}
    files = target_of(load(checkout / "protostar.yml", {}), checkout, server, secrets).files
    for name, file in files.items():
        path = folder / server / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_changed(file.data.decode(), changed))
    return folder / server / "compose"


def _changed(text: str, changed: Mapping[str, str]) -> str:
    for old, new in changed.items():
        text = text.replace(old, new)
    return text
