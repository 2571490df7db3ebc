"""`protostar jobs`: the commands. Composes the room; decides nothing."""

from pyhelpers.jobs.cli import (
    change,  # first, so that help lists plan and apply first
    look,
)
from pyhelpers.jobs.cli.shared import group

__all__ = ["change", "group", "look"]
