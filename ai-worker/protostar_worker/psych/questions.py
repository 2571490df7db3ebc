"""The pilot's test: twelve statements on four sides of how somebody works."""

from __future__ import annotations

from dataclasses import dataclass

from protostar_worker.results import Refused, ResultCode

LEAST, MOST = 1, 5  # From "not at all" to "very much".


@dataclass(frozen=True, slots=True)
class Question:
    side: str
    text: str
    reversed: bool = False


SIDES = {
    "explorer": "새로운 것을 먼저 시도합니다",
    "builder": "시작한 일을 끝까지 해냅니다",
    "connector": "사람들 사이를 이어 줍니다",
    "observer": "판단하기 전에 깊이 살핍니다",
}
QUESTIONS = (
    Question("explorer", "익숙하지 않은 일을 맡으면 설렌다."),
    Question("explorer", "정해진 방법이 있어도 다른 길을 찾아본다."),
    Question("explorer", "검증된 방식만 쓰는 편이 마음 편하다.", reversed=True),
    Question("builder", "세운 계획은 끝까지 지키는 편이다."),
    Question("builder", "작은 마무리까지 직접 확인한다."),
    Question("builder", "벌여 놓은 일을 끝내지 못할 때가 많다.", reversed=True),
    Question("connector", "동료의 기분 변화를 금방 알아차린다."),
    Question("connector", "모르는 사람과도 쉽게 이야기를 시작한다."),
    Question("connector", "혼자 일할 때 결과가 가장 좋다.", reversed=True),
    Question("observer", "결정하기 전에 근거를 충분히 모은다."),
    Question("observer", "말하기보다 듣는 시간이 길다."),
    Question("observer", "생각보다 행동이 앞서는 편이다.", reversed=True),
)


@dataclass(frozen=True, slots=True)
class Score:
    """Each side from 0 to 100, and the side that stands out."""

    sides: dict[str, int]
    strongest: str


def score_of(answers: list[int]) -> Score:
    if len(answers) != len(QUESTIONS):
        raise Refused(ResultCode.INVALID_REQUEST, f"answers: {len(QUESTIONS)} are needed")
    sides = {side: _percent(side, answers) for side in SIDES}
    # The first of equals: the same answers always give the same side.
    return Score(sides, max(sides, key=lambda side: sides[side]))


def _percent(side: str, answers: list[int]) -> int:
    points = [
        MOST + LEAST - answer if question.reversed else answer
        for question, answer in zip(QUESTIONS, answers, strict=True)
        if question.side == side
    ]
    least, most = LEAST * len(points), MOST * len(points)
    return round(100 * (sum(points) - least) / (most - least))
