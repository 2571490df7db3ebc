"""`protostar sync`: the commands. Composes the room; decides nothing."""

from pyhelpers.sync.cli import (
    change,  # first, so that help lists plan and apply first
    look,
)
from pyhelpers.sync.cli.shared import group

__all__ = ["change", "group", "look"]
