// Made by `python -m protostar_worker.contract`; do not edit.

/** How it ended. Values are added, never renamed or removed. */
export const ResultCode = {
  /** it was done */
  OK: "OK",
  /** a field is missing, of another type, or out of its bounds */
  INVALID_REQUEST: "INVALID_REQUEST",
  /** there is nothing at this path, or no such message */
  NOT_FOUND: "NOT_FOUND",
  /** the path is there, but not for this method */
  METHOD_NOT_ALLOWED: "METHOD_NOT_ALLOWED",
  /** the message or the document is larger than its bound */
  TOO_LARGE: "TOO_LARGE",
  /** this address asked too often; try again in a minute */
  TOO_MANY_REQUESTS: "TOO_MANY_REQUESTS",
  /** the job carries no signature, or one of another form */
  UNSIGNED: "UNSIGNED",
  /** no valid key gives this signature */
  WRONG_SIGNATURE: "WRONG_SIGNATURE",
  /** it had run out before it was put into the queue */
  EXPIRED: "EXPIRED",
  /** another job brought a message of this id before */
  REPLAYED: "REPLAYED",
  /** the role is none of guest, stargazer, protostar */
  UNKNOWN_ROLE: "UNKNOWN_ROLE",
  /** the role may not do this */
  NOT_PERMITTED: "NOT_PERMITTED",
  /** the user's questions or budget of today are used up */
  QUOTA_EXHAUSTED: "QUOTA_EXHAUSTED",
  /** no configured endpoint may take this question */
  NO_MODEL: "NO_MODEL",
  /** every endpoint that may take it failed, at each attempt */
  MODEL_FAILED: "MODEL_FAILED",
  /** it was cancelled before it was answered */
  CANCELLED: "CANCELLED",
  /** its worker died twice while working on it */
  STALLED: "STALLED",
  /** the file is broken, encrypted, or not of its stated type */
  DOCUMENT_UNREADABLE: "DOCUMENT_UNREADABLE",
  /** the object store has no such object, or the index no such id */
  DOCUMENT_NOT_FOUND: "DOCUMENT_NOT_FOUND",
  /** the embedder gives vectors of another dimension than the index */
  WRONG_DIMENSION: "WRONG_DIMENSION",
  /** the embedder is missing or answered with an error */
  EMBEDDER_FAILED: "EMBEDDER_FAILED",
  /** the worker cannot take jobs now; `data` says why */
  NOT_READY: "NOT_READY",
  /** a store is away; the job is tried again and loses no attempt */
  UNAVAILABLE: "UNAVAILABLE",
  /** an error that is not the caller's; the log has it under the request id */
  INTERNAL: "INTERNAL",
} as const;
export type ResultCode = (typeof ResultCode)[keyof typeof ResultCode];

/** Every answer over HTTP. A job returns `Answer` or `Change`, or fails with `CODE: why`. */
export interface Envelope<Data = unknown> {
  resultCode: ResultCode;
  data: Data | null;
  message: string;
}

export type Role = "guest" | "stargazer" | "protostar";

interface Payload {
  messageId: string;
  userId: string;
  role: Role;
  /** Milliseconds since 1970; must lie ahead when the job is put in. */
  expiresAt: number;
}

export interface Ask extends Payload {
  kind?: "ask";
  message: string;
  /** Assumed true: then only endpoints marked for personal data see it. */
  personal?: boolean;
}

export interface Ingest extends Payload {
  kind: "ingest";
  documentId: string;
  title: string;
  media: "pdf" | "docx" | "html" | "markdown" | "text";
  source: { text: string } | { base64: string } | { s3Key: string };
  visibleTo?: Role;
  ownerId?: string;
}

export interface Delete extends Payload {
  kind: "delete";
  documentId: string;
}

/**
 * A job's data. `body` is JSON.stringify(payload); `signature` is the hex HMAC-SHA256, with the key
 * of `keyId`, of "protostar.v1\n" + keyId + "\n" + body.
 */
export interface SignedBody {
  body: string;
  keyId: string;
  signature: string;
}

export interface Citation {
  number: number;
  documentId: string;
  title: string;
  heading: string;
  place: string;
  position: number;
}

export interface Answer {
  messageId: string;
  text: string;
  citations: Citation[];
  endpoint: string;
  model: string;
}

export interface Change {
  documentId: string;
  chunks: number;
  superseded: boolean;
}

/** A job's progress: a hint, which may get lost. */
export interface Progress {
  stage: "search" | "model" | "ingest" | "delete";
}

/** Entries of the stream `protostar:answer:<messageId>`: fields `event` and `data` (JSON). */
export type StreamEvent =
  | { event: "start"; data: { attempt: number } }
  | { event: "token"; data: { text: string } }
  | { event: "end"; data: Answer }
  | { event: "problem"; data: { resultCode: ResultCode; message: string } };
