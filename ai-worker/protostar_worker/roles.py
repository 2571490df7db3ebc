"""Who may do what: three roles, each with the bounds of everything before it widened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from protostar_worker.results import Refused, ResultCode


class Role(IntEnum):
    """Ordered: whoever stands higher sees what those below see. The number is kept in the rows."""

    GUEST = 0
    STARGAZER = 1
    PROTOSTAR = 2


@dataclass(frozen=True, slots=True)
class Bounds:
    message_chars: int
    answer_tokens: int
    questions_a_day: int
    micro_usd_a_day: int
    may_ingest: bool = False


BOUNDS = {
    Role.GUEST: Bounds(1_000, 512, 20, 20_000),
    Role.STARGAZER: Bounds(8_000, 2_048, 300, 1_000_000),
    Role.PROTOSTAR: Bounds(32_000, 4_096, 2_000, 10_000_000, may_ingest=True),
}


def role_of(name: str) -> Role:
    try:
        return Role[name.upper()]
    except KeyError:
        raise Refused(ResultCode.UNKNOWN_ROLE, f"there is no role {name[:40]!r}") from None


def check_message(role: Role, message: str) -> None:
    most = BOUNDS[role].message_chars
    if len(message) > most:
        raise Refused(
            ResultCode.TOO_LARGE,
            f"the message has {len(message)} characters, {role.name.lower()} may send {most}",
        )


def check_ingest(role: Role) -> None:
    if not BOUNDS[role].may_ingest:
        raise Refused(ResultCode.NOT_PERMITTED, f"{role.name.lower()} may not change the documents")
