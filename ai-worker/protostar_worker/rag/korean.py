"""Words for the full-text index: Korean without its particles, everything else in lower case.

PostgreSQL's own parser takes 연차는 ("annual leave", with a particle) for another word than 연차.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from protostar_worker.rag.chunks import pieces_of

# The analyser holds the interpreter while it works, and its time grows with the text: in pieces
# of this size a question waits for one of them at most.
PIECE_CHARS = 160
HANGUL = re.compile(r"[가-힣]")
WORD = re.compile(r"[^\W_]+")
# Nouns, verbs, adjectives, roots, foreign words, numbers: what carries meaning.
CONTENT_TAGS = frozenset(
    ("NNG", "NNP", "NNB", "NR", "VV", "VA", "MAG", "XR", "SL", "SH", "SN", "W_SERIAL")
)


def words_of(text: str) -> list[str]:
    found: list[str] = []
    for piece in pieces_of(text, PIECE_CHARS):
        found.extend(_korean(piece) if HANGUL.search(piece) else WORD.findall(piece.lower()))
    return found


def _korean(piece: str) -> list[str]:
    tokens = analyser().tokenize(piece)
    forms = [token.form for token in tokens if _carries(token.tag)] + _compounds(tokens)
    return [part for form in forms for part in WORD.findall(form.lower())]


def _compounds(tokens: list[Any]) -> list[str]:
    """Nouns that stand together, as one word too.

    Where the analyser cuts a compound depends on what is around it: 비밀번호 alone is 비밀 and
    번호, and one word in a sentence.
    """
    found: list[list[Any]] = []
    for token in tokens:
        if not token.tag.startswith("N"):
            continue
        if found and found[-1][-1].end == token.start:
            found[-1].append(token)
        else:
            found.append([token])
    return ["".join(token.form for token in run) for run in found if len(run) > 1]


def _carries(tag: str) -> bool:
    # VV-I and the like: a verb of irregular form.
    return tag.partition("-")[0] in CONTENT_TAGS


@cache
def analyser() -> Any:  # noqa: ANN401 - the library's own type, loaded on first need
    """Half a gigabyte, and two to three seconds: only where Korean text is met."""
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=1)
