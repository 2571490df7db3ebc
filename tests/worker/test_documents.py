"""Files of five kinds become passages; again replaces, delete deletes; broken ones harm nobody."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import TYPE_CHECKING, Any

import docx
import pytest
from fpdf import FPDF

from protostar_worker.rag.chunks import CHUNK_CHARS, Section, chunks_of
from protostar_worker.rag.parsers import sections_of
from protostar_worker.results import Refused, ResultCode

if TYPE_CHECKING:
    from tests.worker.desk import Desk, Running

pytestmark = pytest.mark.anyio


def pdf_of(*pages: str) -> bytes:
    document = FPDF()
    document.set_font("helvetica", size=12)
    for page in pages:
        document.add_page()
        document.multi_cell(0, 8, page)
    return bytes(document.output())


def docx_of(*blocks: tuple[int, str]) -> bytes:
    """(level of the heading or 0, text)."""
    document = docx.Document()
    for level, text in blocks:
        if level:
            document.add_heading(text, level)
        else:
            document.add_paragraph(text)
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "days", "15"
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def bomb() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 50_000_000)
    return target.getvalue()


def test_a_pdf_gives_its_pages() -> None:
    found = sections_of("pdf", pdf_of("Annual leave: 15 days.", "Sick leave."))
    assert [one.place for one in found] == ["page 1", "page 2"]
    assert "15 days" in found[0].text


def test_word_gives_its_headings_and_tables() -> None:
    found = sections_of("docx", docx_of((1, "Leave"), (2, "Annual"), (0, "Fifteen days.")))
    assert (found[0].heading, found[0].text) == ("Leave > Annual", "Fifteen days.\ndays | 15")


def test_html_gives_what_is_seen_under_its_headings() -> None:
    page = b"<h1>Leave</h1><script>steal()</script><p>15 days.</p><h2>Sick</h2><ul><li>3 days</ul>"
    found = sections_of("html", page)
    assert [(one.heading, one.text) for one in found] == [
        ("Leave", "15 days."), ("Leave > Sick", "3 days"),
    ]  # fmt: skip


def test_markdown_gives_its_headings() -> None:
    found = sections_of("markdown", "# 휴가\n\n본문\n\n## 연차\n\n15일\n\n# 급여\n\n월말".encode())
    assert [(one.heading, one.text) for one in found] == [
        ("휴가", "본문"), ("휴가 > 연차", "15일"), ("급여", "월말"),
    ]  # fmt: skip


def test_a_text_of_korean_windows_is_read() -> None:
    assert sections_of("text", "연차".encode("cp949"))[0].text == "연차"


@pytest.mark.parametrize(
    ("media", "content", "code"),
    [
        ("pdf", b"%PDF-1.7 broken", ResultCode.DOCUMENT_UNREADABLE),
        ("pdf", b"", ResultCode.DOCUMENT_UNREADABLE),
        ("pdf", pdf_of("text")[:600], ResultCode.DOCUMENT_UNREADABLE),
        ("docx", b"PK\x03\x04 not a zip", ResultCode.DOCUMENT_UNREADABLE),
        ("docx", bomb(), ResultCode.TOO_LARGE),
        ("html", b"<script>only()</script>", ResultCode.DOCUMENT_UNREADABLE),
        ("text", b"\xff\xfe\x00\x81", ResultCode.DOCUMENT_UNREADABLE),
        ("text", b"x" * 20_000_001, ResultCode.TOO_LARGE),
        ("markdown", b">" * 100_000, ResultCode.DOCUMENT_UNREADABLE),
    ],
)
def test_a_broken_or_hostile_file_is_refused(media: str, content: bytes, code: ResultCode) -> None:
    with pytest.raises(Refused) as refused:
        sections_of(media, content)
    assert refused.value.code is code


def test_chunks_keep_sentences_whole_and_know_their_place() -> None:
    text = " ".join(f"Sentence number {n} says something." for n in range(100))
    chunks = chunks_of([Section("A > B", "page 3", text)])
    assert {(chunk.heading, chunk.place) for chunk in chunks} == {("A > B", "page 3")}
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))
    assert all(chunk.text.endswith(".") and len(chunk.text) <= CHUNK_CHARS for chunk in chunks)
    assert " ".join(chunk.text for chunk in chunks) == text


def test_a_text_without_any_space_is_cut_too() -> None:
    chunks = chunks_of([Section("", "", "가" * 5_000)])
    assert "".join(chunk.text.replace(" ", "") for chunk in chunks) == "가" * 5_000


async def test_a_file_in_the_job_is_indexed_and_cited_by_its_page(
    desk: Desk, worker: Running
) -> None:
    content = base64.b64encode(pdf_of("First.", "Annual leave takes 15 days.")).decode()
    end = await desk.ingested(media="pdf", source={"base64": content}, title="Handbook")
    assert end.value == {"documentId": "leave", "chunks": 2, "superseded": False}
    answer = await desk.ended("annual leave")
    assert answer.value is not None
    assert answer.value["citations"][0]["place"] == "page 2"


async def test_again_replaces_and_delete_deletes(desk: Desk, worker: Running) -> None:
    await desk.ingested(source={"text": "# A\n\nold\n\n# B\n\nold"})
    await desk.ingested(source={"text": "new"}, title="New")
    assert desk.rows("SELECT content, title FROM chunks JOIN documents USING (document_id)") == [
        {"content": "new", "title": "New"}
    ]
    fields = {"kind": "delete", "messageId": "m-d", "userId": "u", "role": "protostar",
              "documentId": "leave", "expiresAt": 2**50}  # fmt: skip
    await desk.end(await desk.put(desk.ingest_queue, fields))
    assert desk.rows("SELECT * FROM chunks") == []


async def test_a_word_that_was_overtaken_changes_nothing(desk: Desk, worker: Running) -> None:
    await desk.ingested(source={"text": "new"})
    desk.rows("UPDATE documents SET changed_ms = changed_ms + 60000 RETURNING 1")
    end = await desk.ingested(source={"text": "late"})
    assert end.value is not None
    assert end.value["superseded"]
    assert desk.rows("SELECT content FROM chunks") == [{"content": "new"}]


@pytest.mark.parametrize("role", ["guest", "stargazer"])
async def test_who_may_not_change_documents_is_refused(
    desk: Desk, worker: Running, role: str
) -> None:
    end = await desk.ingested(role=role)
    assert end.reason == f"NOT_PERMITTED: {role} may not change the documents"
    assert desk.rows("SELECT * FROM documents") == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({"base64": "%%%"}, "INVALID_REQUEST: source.base64: not base64"),
        ({}, "INVALID_REQUEST: source: give text, base64 or s3Key"),
        ({"s3Key": "a.pdf"}, "INVALID_REQUEST: source: no object store is configured"),
        (
            {"base64": base64.b64encode(b"%PDF-").decode()},
            "DOCUMENT_UNREADABLE: not readable as pdf",
        ),
    ],
)
async def test_a_source_that_gives_nothing_is_refused_and_the_old_text_stays(
    desk: Desk, worker: Running, source: dict[str, Any], reason: str
) -> None:
    await desk.ingested(source={"text": "stays"})
    end = await desk.ingested(source=source, media="pdf")
    assert end.reason.startswith(reason)
    assert desk.rows("SELECT content FROM chunks") == [{"content": "stays"}]
