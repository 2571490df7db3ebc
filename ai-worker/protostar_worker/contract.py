"""What the backend shares with the worker, written for it: `python -m protostar_worker.contract`.

A JSON Schema and a TypeScript file, both made from the models here; a test keeps them current.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from protostar_worker.payload import AnyPayload
from protostar_worker.results import MEANINGS, ResultCode
from protostar_worker.signing import SignedBody

FOLDER = Path(__file__).resolve().parents[1] / "contract"
TYPES = """\
// Made by `python -m protostar_worker.contract`; do not edit.

/** How it ended. Values are added, never renamed or removed. */
export const ResultCode = {{
{codes}
}} as const;
export type ResultCode = (typeof ResultCode)[keyof typeof ResultCode];

/** Every answer over HTTP. A job returns `Answer` or `Change`, or fails with `CODE: why`. */
export interface Envelope<Data = unknown> {{
  resultCode: ResultCode;
  data: Data | null;
  message: string;
}}

export type Role = "guest" | "stargazer" | "protostar";

interface Payload {{
  messageId: string;
  userId: string;
  role: Role;
  /** Milliseconds since 1970; must lie ahead when the job is put in. */
  expiresAt: number;
}}

export interface Ask extends Payload {{
  kind?: "ask";
  message: string;
  /** Assumed true: then only endpoints marked for personal data see it. */
  personal?: boolean;
}}

export interface Ingest extends Payload {{
  kind: "ingest";
  documentId: string;
  title: string;
  media: "pdf" | "docx" | "html" | "markdown" | "text";
  source: {{ text: string }} | {{ base64: string }} | {{ s3Key: string }};
  visibleTo?: Role;
  ownerId?: string;
}}

export interface Delete extends Payload {{
  kind: "delete";
  documentId: string;
}}

/**
 * A job's data. `body` is JSON.stringify(payload); `signature` is the hex HMAC-SHA256, with the key
 * of `keyId`, of "protostar.v1\\n" + keyId + "\\n" + body.
 */
export interface SignedBody {{
  body: string;
  keyId: string;
  signature: string;
}}

export interface Citation {{
  number: number;
  documentId: string;
  title: string;
  heading: string;
  place: string;
  position: number;
}}

export interface Answer {{
  messageId: string;
  text: string;
  citations: Citation[];
  endpoint: string;
  model: string;
}}

export interface Change {{
  documentId: string;
  chunks: number;
  superseded: boolean;
}}

/** A job's progress: a hint, which may get lost. */
export interface Progress {{
  stage: "search" | "model" | "ingest" | "delete";
}}

/** Entries of the stream `protostar:answer:<messageId>`: fields `event` and `data` (JSON). */
export type StreamEvent =
  | {{ event: "start"; data: {{ attempt: number }} }}
  | {{ event: "token"; data: {{ text: string }} }}
  | {{ event: "end"; data: Answer }}
  | {{ event: "problem"; data: {{ resultCode: ResultCode; message: string }} }};
"""


def schema() -> dict[str, Any]:
    payload = TypeAdapter(AnyPayload).json_schema(by_alias=True)
    codes = [{"const": code.value, "description": MEANINGS[code]} for code in ResultCode]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Protostar AI worker",
        "$defs": {
            **payload.pop("$defs", {}),
            "Payload": payload,
            "SignedBody": SignedBody.model_json_schema(),
            "ResultCode": {"oneOf": codes},
            "Envelope": {
                "type": "object",
                "required": ["resultCode", "data", "message"],
                "additionalProperties": False,
                "properties": {
                    "resultCode": {"$ref": "#/$defs/ResultCode"},
                    "data": {"type": ["object", "array", "null"]},
                    "message": {"type": "string"},
                },
            },
        },
    }


def types() -> str:
    codes = "\n".join(f'  /** {MEANINGS[code]} */\n  {code}: "{code}",' for code in ResultCode)
    return TYPES.format(codes=codes)


def files() -> dict[Path, str]:
    written = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    return {FOLDER / "worker.schema.json": written, FOLDER / "worker.ts": types()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
