"""Who listens on a machine, from /proc/net/tcp and tcp6: no tool is needed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

LISTEN = "0A"
_WORD = 8  # hexadecimal digits of 32 bits


@dataclass(frozen=True, slots=True, order=True)
class Listening:
    port: int
    address: str
    loopback: bool = False


def listening(text: str) -> frozenset[Listening]:
    """Both files, one after another. What cannot be read as a line of theirs is left out."""
    return frozenset(_lines(text))


def _lines(text: str) -> Iterator[Listening]:
    for line in text.splitlines():
        fields = line.split()
        if len(fields) > 3 and fields[3] == LISTEN:  # noqa: PLR2004 - see proc_net_tcp(5)
            address, port = fields[1].split(":")
            found = _address(address)
            yield Listening(int(port, 16), str(found), found.is_loopback)


def _address(text: str) -> IPv4Address | IPv6Address:
    """The kernel prints 32-bit words as it stores them; ours are little-endian machines."""
    words = [text[at : at + _WORD] for at in range(0, len(text), _WORD)]
    raw = b"".join(bytes.fromhex(word)[::-1] for word in words)
    if len(words) == 1:
        return IPv4Address(raw)
    whole = IPv6Address(raw)
    return whole.ipv4_mapped or whole


def unplanned(found: Collection[Listening], planned: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Port → addresses, of those that others can reach and nobody planned."""
    ports = sorted({each.port for each in found if not each.loopback} - {*planned})
    return {port: _addresses(found, port) for port in ports}


def _addresses(found: Collection[Listening], port: int) -> tuple[str, ...]:
    return tuple(sorted(each.address for each in found if each.port == port and not each.loopback))
