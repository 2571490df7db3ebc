"""From a file to sections of text. Runs in the analyst's process: a hostile file harms only that.

Every bound is on what comes out, not on what goes in: 10 kB can unpack to 10 GB.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

from protostar_worker.rag.chunks import Section
from protostar_worker.results import Refused, ResultCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

UNPACKED_BYTES_MAX = 200 * 2**20
UNPACKED_TIMES_MAX = 100
TEXT_CHARS_MAX = 20 * 10**6
PAGES_MAX = 5_000
HEADING_SIGN = " > "


def sections_of(media: str, content: bytes) -> list[Section]:
    try:
        found = list(_bounded(PARSERS[media](content)))
    except Refused:
        raise
    except RecursionError:
        raise _unreadable("it is nested too deeply") from None
    except Exception as error:  # noqa: BLE001 - a parser meets anything in a broken file
        raise _unreadable(f"not readable as {media} ({type(error).__name__})") from None
    if not any(section.text.strip() for section in found):
        raise _unreadable("no text in it; a scan needs text recognition first")
    return found


def _bounded(sections: Iterable[Section]) -> Iterator[Section]:
    chars = 0
    for section in sections:
        chars += len(section.text)
        if chars > TEXT_CHARS_MAX:
            raise Refused(ResultCode.TOO_LARGE, f"more than {TEXT_CHARS_MAX:,} characters of text")
        # PostgreSQL has no NUL in a text.
        yield Section(section.heading, section.place, section.text.replace("\x00", " "))


def _unreadable(why: str) -> Refused:
    return Refused(ResultCode.DOCUMENT_UNREADABLE, why)


# --- plain text and Markdown ----------------------------------------------------------------------


def _text(content: bytes) -> Iterator[Section]:
    yield Section("", "", _decoded(content))


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Korean Windows writes.
        return content.decode("cp949")


def _markdown(content: bytes) -> Iterator[Section]:
    from markdown_it import MarkdownIt

    outline = Outline()
    tokens = iter(MarkdownIt("commonmark").enable("table").parse(_decoded(content)))
    for token in tokens:
        if token.type == "heading_open":
            yield from outline.rest()
            outline.enter(int(token.tag[1]), next(tokens).content)
        elif token.type in {"inline", "fence", "code_block"}:
            outline.add(token.content)
    yield from outline.rest()


class Outline:
    """Where one stands in a text with headings, and what was read under the last of them."""

    def __init__(self) -> None:
        self._headings: list[tuple[int, str]] = []
        self._lines: list[str] = []

    def enter(self, level: int, heading: str) -> None:
        kept = [pair for pair in self._headings if pair[0] < level]
        self._headings = [*kept, (level, " ".join(heading.split()))]

    def add(self, text: str) -> None:
        self._lines.append(text)

    def rest(self) -> Iterator[Section]:
        text = "\n".join(self._lines).strip()
        self._lines = []
        if text:
            yield Section(HEADING_SIGN.join(name for _, name in self._headings), "", text)


# --- HTML -----------------------------------------------------------------------------------------

UNSEEN = ("script", "style", "noscript", "template", "svg", "nav", "iframe", "head")
BLOCKS = "h1, h2, h3, h4, h5, h6, p, li, pre, blockquote, td, th, dt, dd, figcaption, caption"


def _html(content: bytes) -> Iterator[Section]:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(content)
    for name in UNSEEN:
        for node in tree.css(name):
            node.decompose()
    outline = Outline()
    blocks = tree.css(BLOCKS)
    for node in blocks:
        text = node.text(separator=" ", strip=True)
        if re.fullmatch(r"h[1-6]", node.tag or ""):
            yield from outline.rest()
            outline.enter(int((node.tag or "")[1]), text)
        elif all(block.mem_id == node.mem_id for block in node.css(BLOCKS)):
            # Else a block within it says the same.
            outline.add(text)
    if not blocks and tree.body:
        outline.add(tree.body.text(separator=" ", strip=True))
    yield from outline.rest()


# --- PDF and Word ---------------------------------------------------------------------------------


def _pdf(content: bytes) -> Iterator[Section]:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted:
        raise _unreadable("it is encrypted")
    if len(reader.pages) > PAGES_MAX:
        raise Refused(ResultCode.TOO_LARGE, f"more than {PAGES_MAX} pages")
    for number, page in enumerate(reader.pages, start=1):
        yield Section("", f"page {number}", page.extract_text() or "")


def _docx(content: bytes) -> Iterator[Section]:
    _check_archive(content)
    import docx
    from docx.table import Table

    outline = Outline()
    for block in docx.Document(io.BytesIO(content)).iter_inner_content():
        if isinstance(block, Table):
            outline.add("\n".join(" | ".join(_cells(row)) for row in block.rows))
            continue
        level = re.fullmatch(r"Heading ([1-9])", block.style.name if block.style else "")
        if level:
            yield from outline.rest()
            outline.enter(int(level[1]), block.text)
        else:
            outline.add(block.text)
    yield from outline.rest()


def _cells(row: object) -> list[str]:
    return [cell.text.strip() for cell in getattr(row, "cells", ())]


def _check_archive(content: bytes) -> None:
    """What the archive says it holds. zipfile holds each entry to it while it unpacks."""
    entries = zipfile.ZipFile(io.BytesIO(content)).infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > UNPACKED_BYTES_MAX or unpacked > UNPACKED_TIMES_MAX * max(len(content), 10_000):
        raise Refused(ResultCode.TOO_LARGE, "it unpacks to far more than a document")


PARSERS: dict[str, Callable[[bytes], Iterator[Section]]] = {
    "text": _text,
    "markdown": _markdown,
    "html": _html,
    "pdf": _pdf,
    "docx": _docx,
}
