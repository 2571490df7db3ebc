"""What goes over this machine's wires, as somebody who has taken it sees it.

Runs on the proxy: in its network namespace. Ends when its stdin does, and prints every TCP payload
as `SOURCE>DESTINATION HEX`, in the order of arrival.
"""

from __future__ import annotations

import select
import socket
import sys

ALL_PROTOCOLS, IPV4, TCP = 0x0003, 0x0800, 6


def payload_of(packet: bytes) -> tuple[str, bytes]:
    """Of an IPv4 packet; nothing of another protocol's."""
    start = (packet[0] & 0x0F) * 4
    if packet[9] != TCP:
        return "", b""
    ports = (int.from_bytes(packet[start + at : start + at + 2], "big") for at in (0, 2))
    length = int.from_bytes(packet[2:4], "big")
    data = start + (packet[start + 12] >> 4) * 4
    places = zip((packet[12:16], packet[16:20]), ports, strict=True)
    return ">".join(f"{socket.inet_ntoa(a)}:{p}" for a, p in places), packet[data:length]


def main() -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS)) as wire:
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        while True:
            ready, _, _ = select.select([wire, sys.stdin], [], [])
            if wire in ready:
                packet, sender = wire.recvfrom(65535)
                way, payload = payload_of(packet) if sender[1] == IPV4 else ("", b"")
                if payload:
                    sys.stdout.write(f"{way} {payload.hex()}\n")
            elif not sys.stdin.readline():
                return


if __name__ == "__main__":
    main()
