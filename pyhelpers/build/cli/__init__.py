"""`protostar build`: the command. Composes the room; decides nothing."""

from pyhelpers.build.cli.command import group

__all__ = ["group"]
