"""`protostar deploy`: the commands. Composes the room; decides nothing."""

from pyhelpers.deploy.cli import change, look, machine
from pyhelpers.deploy.cli.shared import group

__all__ = ["change", "group", "look", "machine"]
