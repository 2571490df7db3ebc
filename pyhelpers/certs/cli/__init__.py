"""`protostar certs`: the commands. Composes the room; decides nothing."""

from pyhelpers.certs.cli import commands
from pyhelpers.certs.cli.shared import group

__all__ = ["commands", "group"]
