#!/bin/sh
# Keeps the spool: WAL streams into it as PostgreSQL writes it, and what has come is shipped to the
# store every few seconds, encrypted. Where no PGHOST is set there is no database; then it only waits,
# and `protostar backup` does its work in here.
#
#   /spool/wal        what pg_receivewal has received; the segment that is being written is .partial
#   /spool/ship       what a snapshot holds: links to whole segments, and a copy of the last one
#   /spool/line       which row of WAL this is; a base backup carries the same name
#   /spool/keep-from  the first segment that is still needed; `backup run` writes it
#   /metrics          when the store last had all that had come, for node-exporter
set -eu
umask 077

SPOOL=${BACKUP_SPOOL:-/spool}
METRICS=${BACKUP_METRICS:-/metrics}
EVERY_S=${BACKUP_WAL_EVERY_S:-30}
# From here on the spool makes room for those who serve; below a GB it is not what fills the disk.
FULL_PERCENT=${BACKUP_DISK_MOST_PERCENT:-95}
MAKES_ROOM_MB=1024
SLOT=protostar_backup
ASK_S=60            # restic itself would try for a quarter of an hour

say() { printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >&2; }

# Not as an argument: an address may have a password in it.
export RESTIC_REPOSITORY="$BACKUP_STORE/wal"

# No database: be there.
[ -n "${PGHOST:-}" ] || exec sleep infinity

# A store that was never used gets its repository; a wrong key is no reason to make one.
prepare() {
  status=0
  timeout "$ASK_S" restic --no-lock --quiet cat config >/dev/null 2>"$SPOOL/said" || status=$?
  if [ "$status" != 10 ]; then
    cat "$SPOOL/said" >&2
    return "$status"
  fi
  timeout "$ASK_S" restic --quiet init
}

# Segments' names without the timeline, which is their first eight digits, are in order.
older() {
  first=$(printf '%s\n' "${1#????????}" "${2#????????}" | LC_ALL=C sort | head -n 1)
  [ "$first" != "${2#????????}" ]
}

trim() {
  [ -s "$SPOOL/keep-from" ] || return 0
  keep=$(cat "$SPOOL/keep-from")
  for path in "$SPOOL"/wal/* "$SPOOL"/ship/*; do
    name=${path##*/}
    case $name in
      *.partial | *.history | '*') ;;
      *) if older "$name" "$keep"; then rm -f "$path"; fi ;;
    esac
  done
}

# A segment ends while we look: its .partial is gone, and is found whole at the next turn.
stage() {
  mkdir -p "$SPOOL/ship"
  for path in "$SPOOL"/wal/*; do
    name=${path##*/}
    case $name in
      '*') ;;
      *.partial) cp --preserve=timestamps "$path" "$SPOOL/ship/.part" 2>/dev/null \
        && mv "$SPOOL/ship/.part" "$SPOOL/ship/$name" || : ;;
      *) [ -e "$SPOOL/ship/$name" ] || ln "$path" "$SPOOL/ship/$name" ;;
    esac
  done
  for path in "$SPOOL"/ship/*.partial; do
    [ ! -e "${path%.partial}" ] || rm -f "$path"
  done
}

measure() {
  [ -d "$METRICS" ] || return 0
  {
    echo '# HELP protostar_backup_wal_shipped_timestamp_seconds Up to when the store has the WAL.'
    echo '# TYPE protostar_backup_wal_shipped_timestamp_seconds gauge'
    echo "protostar_backup_wal_shipped_timestamp_seconds{host=\"$BACKUP_HOST\"} $1"
  } >"$METRICS/.backup-wal"
  chmod 644 "$METRICS/.backup-wal"
  mv "$METRICS/.backup-wal" "$METRICS/backup-wal.prom"
}

# What there is leads nowhere from here on: only a base backup of the new row does.
begin_anew() {
  say "$1: the stream begins anew. protostar backup run, for a base backup of it"
  kill "$receiver" 2>/dev/null || :
  wait "$receiver" || :
  timeout 10 psql -XAtqc "SELECT pg_drop_replication_slot('$SLOT')" >/dev/null || :
  rm -rf "$SPOOL/wal" "$SPOOL/ship" "$SPOOL/line" "$SPOOL/bases" "$SPOOL/keep-from"
  exit 1
}

# The database is on this disk too, as a rule, and stops when it is full. A store that is away for days
# must not do that.
make_room() {
  used=$(df --output=pcent "$SPOOL" | tr -dc 0-9)
  [ "$used" -ge "$FULL_PERCENT" ] || return 0
  ours_mb=$(du --summarize --total --block-size=1M "$SPOOL/wal" "$SPOOL/ship" 2>/dev/null \
    | tail -n 1 | cut -f 1)
  [ "$ours_mb" -lt "$MAKES_ROOM_MB" ] \
    || begin_anew "the disk is $used % full, $ours_mb MB of it WAL, which made room"
}

# Only while it streams is what has come all that there is. A slot that PostgreSQL has let go of, after
# max_slot_wal_keep_size, never streams again: all begins anew, and only a base backup leads on.
streams() {
  state=$(timeout 10 psql -XAtc \
    "SELECT active, wal_status FROM pg_replication_slots WHERE slot_name = '$SLOT'") || return 1
  case $state in
    t*) ;;
    *lost) begin_anew "the stream has a hole" ;;
    *) return 1 ;;
  esac
}

# The moment before it was looked at is the one that the store has everything of. A snapshot also when
# nothing was written: its moment is what a restore knows.
ship() {
  since=$(date +%s)
  trim
  stage
  timeout --kill-after=5 "$ASK_S" restic --retry-lock 40s --quiet backup \
    --host "$BACKUP_HOST" --tag "line-$(cat "$SPOOL/line")" --ignore-ctime "$SPOOL/ship" || return 1
  if streams; then measure "$since"; else say "no stream from the database"; fi
}

mkdir -p "$SPOOL/wal"

until pg_receivewal --slot="$SLOT" --create-slot --if-not-exists --no-password; do
  say "the database does not answer yet"
  sleep 2
done
# Only now: a base backup waits for it, and what is written from here on is not lost to the stream.
[ -s "$SPOOL/line" ] || od -An -N6 -tx1 /dev/urandom | tr -d ' \n' >"$SPOOL/line"
# It comes back by itself after each loss of the connection.
pg_receivewal --directory="$SPOOL/wal" --slot="$SLOT" --status-interval=5 --no-password &
receiver=$!
trap 'kill "$receiver" 2>/dev/null; wait "$receiver"; exit 0' TERM INT

prepared=
while kill -0 "$receiver" 2>/dev/null; do
  sleep "$EVERY_S" &
  wait "$!" || :
  make_room
  if [ -z "$prepared" ]; then
    if prepare; then prepared=yes; else say "the store cannot be used: nothing is shipped"; continue; fi
  fi
  ship || say "not shipped; the spool keeps it, and the next turn tries again"
done
say "pg_receivewal has ended"
exit 1
