"""`protostar backup`: the commands. Composes the room; decides nothing."""

from pyhelpers.backup.cli import (
    change,  # first, so that help lists run and restore first
    look,
)
from pyhelpers.backup.cli.shared import group

__all__ = ["change", "group", "look"]
