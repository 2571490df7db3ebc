"""`protostar deploy`: the commands. Composes the room; decides nothing."""

from pyhelpers.deploy.cli import (
    back,
    change,  # first, so that help lists plan and run first
    logs,
    look,
    machine,
)
from pyhelpers.deploy.cli.shared import group

__all__ = ["back", "change", "group", "logs", "look", "machine"]
