"""The engine's daemon.json: log rotation and live-restore, merged into what is there. Pure."""

from __future__ import annotations

import json
from typing import Any

from pyhelpers.errors import PreflightError

PATH = "/etc/docker/daemon.json"
# Drivers that write to this machine's disk; the others' rotation is not the engine's.
FILE_DRIVERS = ("json-file", "local")
# Strings: the engine refuses a number here.
ROTATION = {"max-size": "50m", "max-file": "4"}


def merged(text: str, dockerd: str) -> str:
    """The file as it should be; the same text when nothing is missing.

    What a person has set stays. A key that stands on dockerd's command line must not stand in the
    file too: the engine would refuse to start.

    Raises `PreflightError` when the file is no JSON object.
    """
    settings = _parsed(text)
    wanted = {**settings, **_logs(settings, dockerd)}
    if "--live-restore" not in dockerd:
        wanted["live-restore"] = True
    return text if wanted == settings else json.dumps(wanted, indent=2) + "\n"


def _parsed(text: str) -> dict[str, Any]:
    try:
        settings = json.loads(text or "{}")
    except ValueError:
        settings = None
    if isinstance(settings, dict):
        return settings
    raise PreflightError(
        error=f"{PATH} is not a JSON object", try_=f"dockerd --validate --config-file {PATH}"
    )


def _logs(settings: dict[str, Any], dockerd: str) -> dict[str, Any]:
    driver = settings.get("log-driver", "json-file")
    if "--log-" in dockerd or driver not in FILE_DRIVERS:
        return {}
    # The driver is named: whoever reads the options wants to know whose they are.
    return {"log-driver": driver, "log-opts": {**ROTATION, **settings.get("log-opts", {})}}


def rotates(settings_text: str, driver: str) -> bool:
    """Does the engine bound its containers' logs? A driver that writes elsewhere counts as yes.

    `local` rotates by itself.
    """
    if driver != "json-file":
        return True
    try:
        return "max-size" in json.loads(settings_text or "{}").get("log-opts", {})
    except (ValueError, AttributeError):
        return False
