"""A few sentences on a score, from a model. Only the score is sent: it says nothing of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protostar_worker.models.choice import Need
from protostar_worker.psych.questions import SIDES
from protostar_worker.roles import Role

if TYPE_CHECKING:
    from protostar_worker.models.chat import Messages
    from protostar_worker.models.router import Router
    from protostar_worker.psych.questions import Score

RULES = (
    "당신은 성향 테스트의 결과를 따뜻하고 구체적으로 풀어 주는 사람입니다. 점수는 0에서 100입니다. "
    "세 문장으로, 진단이나 단정 없이, 일할 때의 강점 하나와 조심할 점 하나를 말해 주세요."
)
ANSWER_TOKENS = 400
MICRO_USD_MOST = 5_000


def messages_for(score: Score) -> Messages:
    lines = [f"{side} ({SIDES[side]}): {points}" for side, points in score.sides.items()]
    asked = "\n".join([*lines, f"가장 두드러진 면: {score.strongest}"])
    return [{"role": "system", "content": RULES}, {"role": "user", "content": asked}]


async def reading_of(score: Score, router: Router) -> str:
    messages = messages_for(score)
    chars = sum(len(message["content"]) for message in messages)
    need = Need(Role.GUEST, chars, ANSWER_TOKENS, personal=False, micro_usd_left=MICRO_USD_MOST)
    return (await router.answer(need, messages, lambda _piece: None)).text
