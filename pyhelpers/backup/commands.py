"""What backups type on a host, as token lists. Nothing here runs anything. Pure.

All that needs a key runs inside the backup container, which has it in its environment; what it
reads from the store leaves it by a pipe. So no key is in a command line, or outside that container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhelpers.backup.model import Item

# Of each host two repositories: the one of the WAL gets a snapshot every few seconds, and must
# never wait until the other is tidied up.
FILES, WAL = "files", "wal"
LABEL = "org.protostar.backup"
FIND = (
    "docker ps --all --quiet --no-trunc --filter label=com.docker.compose.project=$1 "
    "--filter label=com.docker.compose.oneoff=False | xargs -r docker inspect"
)
# The store by the environment: an address may have a password in it. `protostar-restic` gives up on
# a store that is full (docker/backup/restic.sh).
RESTIC = 'export RESTIC_REPOSITORY="$BACKUP_STORE/$1"; shift; exec protostar-restic "$@"'
# A command that fails makes no snapshot.
KEEP = (
    'export RESTIC_REPOSITORY="$BACKUP_STORE/files"; tags=$1 name=$2; shift 2; '
    'exec protostar-restic backup --json --retry-lock 10m --host "$BACKUP_HOST" --tag "$tags" '
    '--stdin-filename "$name" --stdin-from-command -- "$@"'
)
KEEP_FOLDER = (
    'export RESTIC_REPOSITORY="$BACKUP_STORE/files"; tags=$1 path=$2; shift 2; '
    'exec protostar-restic backup --json --retry-lock 10m --host "$BACKUP_HOST" --tag "$tags" '
    '"$@" "$path"'
)
# By how many seconds the store's clock is ahead of ours; nothing where it does not say. Whether it
# answers with an error does not matter, and no key is sent.
CLOCK = (
    "case $BACKUP_STORE in s3:http*) url=${BACKUP_STORE#s3:} ;; "
    "s3:*) url=https://${BACKUP_STORE#s3:} ;; *) exit 0 ;; esac; "
    'told=$(curl --silent --head --max-time 10 "$url" | sed -n "s/\\r$//; s/^[Dd]ate: //p") && '
    '[ -n "$told" ] && at=$(date -d "$told" +%s) && echo $((at - $(date +%s))) || :'
)
# Without a database there is no repository of its WAL, nor before its first turn. Each question
# costs a second, for a key is slow to try: so the copy itself is asked whether there is where to.
COPY = (
    '[ -n "${BACKUP_SECOND_STORE:-}" ] || exit 0; export RESTIC_FROM_PASSWORD="$RESTIC_PASSWORD"; '
    "for each in files ${PGHOST:+wal}; do "
    'export RESTIC_FROM_REPOSITORY="$BACKUP_STORE/$each"; '
    'export RESTIC_REPOSITORY="$BACKUP_SECOND_STORE/$each"; '
    "status=0; protostar-restic --retry-lock 10m --quiet copy || status=$?; "
    'if [ "$status" = 10 ]; then '
    'restic --repo "$RESTIC_FROM_REPOSITORY" --no-lock --quiet cat config >/dev/null || '
    '{ [ "$?" = 10 ] && continue; exit 1; }; '
    "restic --quiet init --copy-chunker-params && "
    "protostar-restic --retry-lock 10m --quiet copy && status=0; fi; "
    '[ "$status" = 0 ] || exit "$status"; done'
)
# The two newest base backups can be replayed from the spool alone; what is older goes.
ROTATE = (
    'cd /spool && { cat bases 2>/dev/null; echo "$1"; } | tail -n 2 >bases.new && '
    "mv bases.new bases && head -n 1 bases >keep-from.new && mv keep-from.new keep-from"
)
# Only the loop knows when it has begun anew; until then there is no row of WAL to belong to.
LINE = "for i in $(seq 30); do [ ! -s /spool/line ] || exec cat /spool/line; sleep 1; done; exit 1"
NEW_LINE = "rm -rf /spool/wal /spool/ship /spool/line /spool/bases /spool/keep-from"
MEASURE = 'cat >"/metrics/.$1" && chmod 644 "/metrics/.$1" && mv "/metrics/.$1" "/metrics/$1.prom"'
FIGURES = 'cat "/metrics/$1.prom" 2>/dev/null || :'
PIPE = 'set -o pipefail; n=$1; shift; "${@:1:n}" | "${@:n+1}"'
REDIS_DUMP = (
    "file=/spool/$1.rdb; trap 'rm -f \"$file\"' EXIT; "
    'redis-cli -h "$1" --no-auth-warning --rdb "$file" >&2 && cat "$file"'
)


def script(text: str, name: str, *arguments: object) -> list[str]:
    return ["sh", "-c", text, name, *map(str, arguments)]


def within(container: str, argv: Sequence[str], *, stdin: bool = False) -> list[str]:
    return ["docker", "exec", *(["--interactive"] if stdin else []), container, *argv]


def find(project: str) -> list[str]:
    return script(FIND, "find", project)


def bounded(deadline_s: float, argv: Sequence[str]) -> list[str]:
    """Inside the container, where nobody else would end it when the line to the host is cut."""
    return ["timeout", "--kill-after=5", f"{deadline_s:g}", *argv]


def restic(repository: str, *arguments: str) -> list[str]:
    return script(RESTIC, "restic", repository, *arguments)


def keep_output(tags: Sequence[str], name: str, argv: Sequence[str]) -> list[str]:
    """A snapshot of what a command writes."""
    return script(KEEP, "keep", ",".join(tags), name, *argv)


def keep_folder(tags: Sequence[str], path: str, exclude: Sequence[str]) -> list[str]:
    excluded = [f"--exclude={path}/{each}" for each in exclude]
    return script(KEEP_FOLDER, "keep", ",".join(tags), path, *excluded)


def forget(repository: str, keep: Sequence[str]) -> list[str]:
    return restic(
        repository, "forget", "--prune", "--quiet", "--retry-lock", "10m", "--group-by=paths", *keep
    )


def dumped(snapshot: str, path: str) -> list[str]:
    """A file of a snapshot, to stdout.

    Without restic's cache, which a new server has not: what is damaged in the store alone would
    come back all the same, and a drill would prove nothing.
    """
    return restic(FILES, "--quiet", "--no-cache", "dump", snapshot, path)


def dumped_folder(repository: str, snapshot: str, path: str) -> list[str]:
    """What is in it as a tar, to stdout; names begin below `path`."""
    inside = f"{snapshot}:{path}"
    return restic(repository, "--quiet", "--no-cache", "dump", "--archive=tar", inside, "/")


def pipe(source: Sequence[str], sink: Sequence[str]) -> list[str]:
    """Fails when either of the two does."""
    return ["bash", "-c", PIPE, "pipe", str(len(source)), *source, *sink]


def psql(*arguments: str) -> list[str]:
    return ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *arguments]


BASE_BACKUP = (
    *("pg_basebackup", "--pgdata=-", "--format=tar", "--wal-method=fetch"),
    *("--checkpoint=fast", "--no-password"),
)
GLOBALS = ("pg_dumpall", "--globals-only", "--no-role-passwords", "--no-password")
CLUSTER = "SELECT system_identifier FROM pg_control_system()"
POSITION = "SELECT pg_walfile_name(pg_current_wal_lsn())"


def redis_dump(name: str) -> list[str]:
    """By a file: into a pipe redis-cli writes a mark of the end too, which Redis refuses."""
    return script(REDIS_DUMP, "redis", name)


def remove(name: str) -> list[str]:
    return script('docker rm --force --volumes "$1" 2>/dev/null || :', "remove", name)


def excluded(item: Item) -> tuple[str, ...]:
    """What is only of the moment, and what a restore put aside."""
    aside = ("before-*", ".restored")
    # The bucket of the backups themselves would be kept in itself.
    own = {
        "root": ("guard", "metrics", "lost+found"),
        "objects": ("backups",),
        # What Jenkins makes anew, from its image and from the repositories.
        "jenkins": (".cache", "caches", "logs", "plugins", "war", "workspace"),
    }
    return (*own.get(item.of, ()), *aside)
