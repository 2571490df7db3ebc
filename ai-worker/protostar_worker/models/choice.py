"""Which endpoints may take a question, in which order. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from protostar_worker.roles import Role
    from protostar_worker.settings import Endpoint

CHARS_A_TOKEN = 2  # Korean text: about two. Where an endpoint does not count, this estimates.


@dataclass(frozen=True, slots=True)
class Need:
    """What is known of a question before it is sent."""

    role: Role
    chars: int
    answer_tokens: int
    personal: bool
    micro_usd_left: int


def tokens_of(chars: int) -> int:
    return -(-chars // CHARS_A_TOKEN)


def micro_usd_of(endpoint: Endpoint, tokens_in: int, tokens_out: int) -> int:
    """Dollars a million tokens are micro-dollars a token."""
    cost = tokens_in * endpoint.usd_per_million_in + tokens_out * endpoint.usd_per_million_out
    return round(cost)


def may_take(endpoint: Endpoint, need: Need) -> bool:
    most = micro_usd_of(endpoint, tokens_of(need.chars), need.answer_tokens)
    return (
        need.role >= endpoint.least
        and need.chars <= endpoint.context_chars
        and (endpoint.personal_data or not need.personal)
        and (endpoint.is_free or most <= need.micro_usd_left)
    )


def candidates(
    endpoints: Sequence[Endpoint], need: Need, is_healthy: Callable[[str], bool]
) -> list[Endpoint]:
    """In the order of the configuration: who stands first there is preferred while it answers."""
    return [
        endpoint for endpoint in endpoints if may_take(endpoint, need) and is_healthy(endpoint.name)
    ]
