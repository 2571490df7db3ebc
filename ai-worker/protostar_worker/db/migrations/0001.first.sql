-- Users, the log of what was asked and answered, what it cost, dead letters, documents, chunks.
CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE users (
    user_id     text PRIMARY KEY,
    role        smallint NOT NULL,
    first_seen  timestamptz NOT NULL DEFAULT now(),
    last_seen   timestamptz NOT NULL DEFAULT now()
);

-- One row a message, whatever becomes of it. Who holds `attempt` may end it; `job` is the job that
-- brought it first (its id and when it was put in: a Redis that starts anew counts from 1 again),
-- so that the same message in another job is known for a replay.
CREATE TABLE messages (
    message_id  text PRIMARY KEY,
    queue       text NOT NULL,
    job         text NOT NULL,
    user_id     text NOT NULL REFERENCES users,
    kind        text NOT NULL,
    attempt     text NOT NULL,
    attempts    int NOT NULL DEFAULT 1,
    state       text NOT NULL DEFAULT 'working' CHECK (state IN ('working', 'answered', 'dead')),
    content     jsonb NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    ended_at    timestamptz
);
CREATE INDEX messages_of_user ON messages (user_id, created_at);

CREATE TABLE usage_days (
    user_id     text NOT NULL REFERENCES users,
    day         date NOT NULL,
    endpoint    text NOT NULL,
    answers     bigint NOT NULL DEFAULT 0,
    tokens_in   bigint NOT NULL DEFAULT 0,
    tokens_out  bigint NOT NULL DEFAULT 0,
    micro_usd   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, day, endpoint)
);

CREATE TABLE dead_letters (
    queue       text NOT NULL,
    job         text NOT NULL,
    message_id  text,
    code        text NOT NULL,
    reason      text NOT NULL,
    attempts    int NOT NULL,
    died_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (queue, job)
);

-- An embedder and its dimension. Each has its own part of `chunks`, with an index of its own, so
-- that two colours may use two embedders while one replaces the other.
CREATE TABLE spaces (
    space       text PRIMARY KEY,
    dimension   int NOT NULL CHECK (dimension BETWEEN 1 AND 4000),
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- `changed_ms` is when the job was put into the queue: jobs may overtake each other, and the
-- latest word counts. A deleted document stays as a row without chunks for the same reason.
CREATE TABLE documents (
    document_id  text PRIMARY KEY,
    title        text NOT NULL,
    media        text NOT NULL,
    visible_to   smallint NOT NULL,
    owner_id     text,
    digest       text NOT NULL,
    changed_ms   bigint NOT NULL,
    deleted      boolean NOT NULL DEFAULT false
);

-- Who may see a chunk stands in the chunk: the bound is part of each search, never a filter on
-- what a search has found.
CREATE TABLE chunks (
    chunk_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    space        text NOT NULL REFERENCES spaces,
    document_id  text NOT NULL REFERENCES documents,
    visible_to   smallint NOT NULL,
    owner_id     text,
    position     int NOT NULL,
    heading      text NOT NULL,
    place        text NOT NULL,
    content      text NOT NULL,
    words        tsvector NOT NULL,
    embedding    halfvec NOT NULL
);
-- 1,024 dimensions are 2,056 bytes: just over what PostgreSQL moves out of the row, and an exact
-- search would fetch each of them from there.
ALTER TABLE chunks ALTER COLUMN embedding SET STORAGE PLAIN;
CREATE INDEX chunks_permitted ON chunks (space, owner_id, visible_to);
CREATE INDEX chunks_of_document ON chunks (document_id);
CREATE INDEX chunks_words ON chunks USING gin (words);
