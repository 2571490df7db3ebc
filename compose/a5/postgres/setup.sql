-- Database, users and extension, as often as wanted: what is there stays.
\set ON_ERROR_STOP on
-- By environment, not by -v: an argument can be read in `ps`.
\getenv api_password API_DATABASE_PASSWORD
\getenv worker_password WORKER_DATABASE_PASSWORD
\getenv backup_password BACKUP_DATABASE_PASSWORD
\getenv watch_password WATCH_DATABASE_PASSWORD
-- A statement that fails is written to the server's log, with the password that is in it.
SET log_min_error_statement = panic;
SET log_min_duration_statement = -1;

SELECT 'CREATE DATABASE protostar'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'protostar') \gexec
SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['api', 'worker', 'backup', 'watch']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE api PASSWORD :'api_password';
ALTER ROLE worker PASSWORD :'worker_password';
-- Copies everything and changes nothing.
ALTER ROLE backup REPLICATION PASSWORD :'backup_password';
GRANT pg_read_all_data, pg_read_all_settings TO backup;
-- Reads the server's figures and no row.
ALTER ROLE watch PASSWORD :'watch_password';
GRANT pg_monitor TO watch;

\connect protostar
SET client_min_messages = warning;   -- not "already exists, skipping"
-- Only a superuser may: pgvector is not marked as trusted. The worker's migration finds it there.
CREATE EXTENSION IF NOT EXISTS vector;
-- The first entry of search_path, "$user", leads each to its own schema without a word in its SQL.
CREATE SCHEMA IF NOT EXISTS api AUTHORIZATION api;
CREATE SCHEMA IF NOT EXISTS worker AUTHORIZATION worker;
REVOKE ALL ON DATABASE protostar FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE protostar TO api, worker;
GRANT CONNECT ON DATABASE protostar TO backup;
