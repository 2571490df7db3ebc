"""Cutting a text into passages that stand on their own, each with its headings and its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

CHUNK_CHARS = 900
CHUNK_LEAST_CHARS = 200  # A rest that is shorter joins the passage before it.
# After the end of a sentence, Korean and Chinese ones too.
SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of text under its headings, as a parser found it."""

    heading: str  # "Leave > Annual leave"
    place: str  # "page 3", or empty where a file has no pages
    text: str


@dataclass(frozen=True, slots=True)
class Chunk:
    position: int
    heading: str
    place: str
    text: str

    @property
    def with_heading(self) -> str:
        """What is embedded and indexed: a passage is often found by the words above it."""
        return f"{self.heading}\n{self.text}" if self.heading else self.text


def chunks_of(sections: list[Section], chunk_chars: int = CHUNK_CHARS) -> list[Chunk]:
    pieces = [
        (section, text) for section in sections for text in _passages(section.text, chunk_chars)
    ]
    return [
        Chunk(position, section.heading, section.place, text)
        for position, (section, text) in enumerate(pieces)
    ]


def pieces_of(text: str, chars: int) -> list[str]:
    """Sentences, and what is longer than `chars` cut between words, or through one if it must."""
    found = []
    for sentence in SENTENCE_END.split(text):
        rest = " ".join(sentence.split())
        while len(rest) > chars:
            cut = rest.rfind(" ", chars // 2, chars)
            cut = cut if cut > 0 else chars
            found.append(rest[:cut])
            rest = rest[cut:].strip()
        if rest:
            found.append(rest)
    return found


def _passages(text: str, chunk_chars: int) -> list[str]:
    passages: list[str] = []
    for piece in pieces_of(text, chunk_chars):
        if passages and len(passages[-1]) + len(piece) < chunk_chars:
            passages[-1] += " " + piece
        else:
            passages.append(piece)
    if len(passages) > 1 and len(passages[-1]) < CHUNK_LEAST_CHARS:
        last = passages.pop()
        passages[-1] += " " + last
    return passages
