#!/bin/sh
# Makes the cluster at the first start, then becomes the server. The same variables as the
# official image: POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE, POSTGRES_USER, POSTGRES_DB.
set -eu

make_cluster() {
  if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE"); fi
  : "${POSTGRES_PASSWORD:?is not set: the cluster needs a password for its owner}"
  # By a pipe: neither argv nor a file in the image shows it.
  printf '%s\n' "$POSTGRES_PASSWORD" \
    | initdb --username="${POSTGRES_USER:-postgres}" --pwfile=/dev/stdin --auth-host=scram-sha-256 \
        --auth-local=trust --encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 \
        >/dev/null
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
  if [ -n "${POSTGRES_DB:-}" ] && [ "$POSTGRES_DB" != postgres ]; then
    echo "CREATE DATABASE \"$POSTGRES_DB\"" \
      | postgres --single -D "$PGDATA" -j postgres >/dev/null
  fi
}

[ -s "$PGDATA/PG_VERSION" ] || make_cluster
unset POSTGRES_PASSWORD
exec "$@"
