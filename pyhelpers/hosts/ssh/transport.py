"""paramiko's transport, with the messages of a channel in the order that RFC 4254 wants."""

from __future__ import annotations

import paramiko
from paramiko.common import (
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EOF,
    MSG_CHANNEL_EXTENDED_DATA,
    MSG_CHANNEL_REQUEST,
    MSG_CHANNEL_WINDOW_ADJUST,
)

OF_AN_OPEN_CHANNEL = frozenset(
    {
        MSG_CHANNEL_DATA,
        MSG_CHANNEL_EOF,
        MSG_CHANNEL_EXTENDED_DATA,
        MSG_CHANNEL_REQUEST,
        MSG_CHANNEL_WINDOW_ADJUST,
    }
)


class Transport(paramiko.Transport):
    """Drops what comes after its channel's CLOSE.

    A channel's thread builds a message under the channel's lock and sends it outside. When the
    command has ended in between, the transport's thread has answered CLOSE with CLOSE, and sshd
    has forgotten the channel: it ends the whole connection ("ieof packet referred to nonexistent
    channel"). Seen with paramiko 4.0 in one of 60 commands that opened seven channels.
    """

    def _send_message(self, data: paramiko.Message) -> None:
        """One message at a time comes here: paramiko holds `clear_to_send_lock`."""
        if not self._is_late(data.asbytes()):
            super()._send_message(data)  # type: ignore[misc]  # not among the stub's

    def _is_late(self, message: bytes) -> bool:
        if message[0] not in OF_AN_OPEN_CHANNEL:
            return False
        recipient = int.from_bytes(message[1:5], "big")
        channels = self._channels.values()  # type: ignore[attr-defined]  # not among the stub's
        return not any(each.remote_chanid == recipient and not each.closed for each in channels)
