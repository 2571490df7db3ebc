"""What a host has of a certificate, and whether it is time for the next one. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """What lies on the host. Moments are seconds since 1970."""

    names: frozenset[str]
    begins: float
    ends: float
    serial: str
    fingerprint: str
    key_fits: bool = True

    @property
    def two_thirds(self) -> float:
        return self.begins + (self.ends - self.begins) * 2 / 3


@dataclass(frozen=True, slots=True)
class Looked:
    """A certificate as it is now. `why` is empty when nothing is to be done."""

    held: Held | None
    why: str
    advised: float | None = None


def due(held: Held | None, names: frozenset[str], now: float, advised: float | None = None) -> str:
    """Why it is time; empty when it is not. `advised`: when the server says (RFC 9773)."""
    if held is None:
        return "there is none"
    if not held.key_fits:
        return "its key is another's"
    if held.names != names:
        return "it is for other names"
    if now >= held.ends:
        return "it has expired"
    if advised is not None and now >= advised:
        return "the server says so"
    return "two thirds of its time are over" if now >= held.two_thirds else ""
