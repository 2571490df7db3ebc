#!/bin/sh
# Waits for the database, then does what setup.sql says.
set -eu

WAIT_S=240
waited_s=0
until pg_isready --quiet; do
  if [ "$waited_s" -ge "$WAIT_S" ]; then
    echo "Error: the database at $PGHOST does not answer within $WAIT_S s" >&2
    exit 1
  fi
  sleep 1
  waited_s=$((waited_s + 1))
done
exec psql --no-psqlrc --quiet --dbname=postgres --file=/setup.sql
