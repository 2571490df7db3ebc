"""The embedder for development: hashed pieces of words. It knows no meaning, only spelling."""

from __future__ import annotations

import math
import re
import zlib

DIMENSION = 256
WORD = re.compile(r"[^\W_]+")


def embed(text: str) -> list[float]:
    """The same text always gives the same vector, of length 1."""
    vector = [0.0] * DIMENSION
    for word in WORD.findall(text.lower()):
        for gram in _grams(f"^{word}$"):
            code = zlib.crc32(gram.encode())
            vector[code % DIMENSION] += 1.0 if code & 0x10000 else -1.0
    norm = math.sqrt(sum(value * value for value in vector))
    # A vector of zeros has no direction, and the distance to it is no number.
    return [value / norm for value in vector] if norm else [1.0] + [0.0] * (DIMENSION - 1)


def _grams(word: str) -> list[str]:
    return [word[start : start + size] for size in (2, 3) for start in range(len(word) - size + 1)]
