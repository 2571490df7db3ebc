"""What backups type on a host, as token lists. Nothing here runs anything. Pure.

All that needs a key runs inside the backup container, which has it in its environment; what it
reads from the store leaves it by a pipe. So no key is in a command line, or outside that container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhelpers.backup.model import Item, Place

# Of each host two repositories: the one of the WAL gets a snapshot every few seconds, and must
# never wait until the other is tidied up.
FILES, WAL = "files", "wal"
# Where PostgreSQL's folders lie in its volume, beside the one that is used.
RESTORED, RESTORED_WAL = "restored", "restored-wal"
LABEL = "org.protostar.backup"
FIND = (
    "docker ps --all --quiet --no-trunc --filter label=com.docker.compose.project=$1 "
    "--filter label=com.docker.compose.oneoff=False | xargs -r docker inspect"
)
# The store by the environment: an address may have a password in it.
RESTIC = 'export RESTIC_REPOSITORY="$BACKUP_STORE/$1"; shift; exec restic "$@"'
# A command that fails makes no snapshot.
KEEP = (
    'export RESTIC_REPOSITORY="$BACKUP_STORE/files"; tags=$1 name=$2; shift 2; '
    'exec restic backup --json --retry-lock 10m --host "$BACKUP_HOST" --tag "$tags" '
    '--stdin-filename "$name" --stdin-from-command -- "$@"'
)
KEEP_FOLDER = (
    'export RESTIC_REPOSITORY="$BACKUP_STORE/files"; tags=$1 path=$2; shift 2; '
    'exec restic backup --json --retry-lock 10m --host "$BACKUP_HOST" --tag "$tags" "$@" "$path"'
)
COPY = (
    '[ -n "${BACKUP_SECOND_STORE:-}" ] || exit 0; export RESTIC_FROM_PASSWORD="$RESTIC_PASSWORD"; '
    'for each in files wal; do export RESTIC_REPOSITORY="$BACKUP_STORE/$each"; '
    "restic --no-lock --quiet cat config >/dev/null 2>&1 || continue; "
    'export RESTIC_FROM_REPOSITORY="$RESTIC_REPOSITORY"; '
    'export RESTIC_REPOSITORY="$BACKUP_SECOND_STORE/$each"; '
    "status=0; restic --no-lock --quiet cat config >/dev/null 2>&1 || status=$?; "
    'if [ "$status" = 10 ]; then restic --quiet init --copy-chunker-params || exit; fi; '
    "restic --retry-lock 10m --quiet copy || exit; done"
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
PIPE = 'set -o pipefail; n=$1; shift; "${@:1:n}" | "${@:n+1}"'
# PostgreSQL asks for names that there may not be; a last segment was still being written.
RESTORE_COMMAND = "cp {wal}/%f %p || cp {wal}/%f.partial %p"
# Both names at once: at no moment is there none, which a start would fill with an empty database.
SWAP_BACK = 'cd "$1" && mv --exchange -T "$2" "$3" && mv -T "$3" refused && sync .'
SWAP = (
    'cd "$1" && { [ -d "$2" ] || mkdir -m 700 "$2"; } && mv --exchange -T "$2" restored && '
    'mv -T restored "$3" && rm -rf restored-wal && sync .'
)
CLEAR = 'cd "$1" && rm -rf restored restored-wal && mkdir -m 700 restored restored-wal'
RECOVERY = 'touch "$1/restored/recovery.signal"'
# In the container itself everybody is the owner, and nobody else gets there.
RECOVER = (
    "echo 'local all all trust' >/dev/shm/pg_hba.conf && "
    'rm -f "$PGDATA/postmaster.pid" && exec postgres "$@"'
)
EMPTY = (
    "initdb --username=postgres --auth=trust --encoding=UTF8 --locale-provider=builtin "
    "--builtin-locale=C.UTF-8 >/dev/null && exec postgres -c listen_addresses="
)
REDIS_DUMP = (
    'file=/spool/$1.rdb && redis-cli -h "$1" --no-auth-warning --rdb "$file" >&2 && '
    'cat "$file" && rm -f "$file"'
)
QUEUE = (
    'cd "$1" && rm -rf restored && mkdir restored && cat >restored/appendonly.aof.1.base.rdb && '
    "echo 'file appendonly.aof.1.base.rdb seq 1 type b' >restored/appendonly.aof.manifest && "
    "redis-check-rdb restored/appendonly.aof.1.base.rdb"
)
# In the container's own words; while it loads, Redis answers something else.
PONG = 'test "$(redis-cli ping)" = PONG'
REDIS = ("redis-server", "--appendonly", "yes", "--appenddirname", "restored", "--save", "")
UNPACK_FOLDER = (
    'cd "$1" && rm -rf .restored && mkdir .restored && tar -x --xattrs "--xattrs-include=user.*" '
    "--numeric-owner --checkpoint=10000 --checkpoint-action=echo=%u -C .restored"
)
# Only when all of it has come. What would be overwritten is kept beside it.
MOVE_FOLDER = (
    'cd "$1" && aside=$2 && for path in .restored/* .restored/.[!.]*; do '
    '[ -e "$path" ] || [ -L "$path" ] || continue; name=${path##*/}; '
    'if [ -e "$name" ] || [ -L "$name" ]; then mkdir -p "$aside" && mv -T "$name" "$aside/$name" '
    '|| exit; fi; mv -T "$path" "$name" || exit; done; rmdir .restored && sync .'
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
    """A file of a snapshot, to stdout."""
    return restic(FILES, "--quiet", "dump", snapshot, path)


def dumped_folder(repository: str, snapshot: str, path: str) -> list[str]:
    """What is in it as a tar, to stdout; names begin below `path`."""
    return restic(repository, "--quiet", "dump", "--archive=tar", f"{snapshot}:{path}", "/")


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


# --- containers beside ----------------------------------------------------------------------------


def beside(image: str, place: Place, argv: Sequence[str], *options: str) -> list[str]:
    """A program with a volume, without a network, that leaves no container behind."""
    mount = ["--volume", f"{place.volume}:{place.mount}"]
    alone = ["--rm", "--network", "none", "--label", LABEL, "--user", place.user]
    entry = ["--entrypoint", argv[0], image, *argv[1:]]
    return ["docker", "run", *alone, *mount, *options, *entry]


def server(image: str, place: Place, name: str, argv: Sequence[str]) -> list[str]:
    """The same for a server; what it said is still wanted when it has ended, so it stays."""
    options = ["--detach", "--name", name, "--env", f"PGDATA={place.restored}"]
    return [word for word in beside(image, place, argv, *options) if word != "--rm"]


def unpack(into: str) -> list[str]:
    """A line for every 10,000 records of 10 KiB that were read."""
    return ["tar", "-x", "--checkpoint=10000", "--checkpoint-action=echo=%u", "-C", into]


def recover(place: Place, target: str) -> list[str]:
    """PostgreSQL replays the WAL, opens, and can be asked from inside only.

    `hot_standby=off`: it then needs none of the sizes that the real one was given, and whoever gets
    in knows that it is over.
    """
    settings = [
        *("listen_addresses=", "hba_file=/dev/shm/pg_hba.conf", "hot_standby=off"),
        "restore_command=" + RESTORE_COMMAND.format(wal=place.wal),
        *([f"recovery_target_time={target}", "recovery_target_action=promote"] if target else []),
    ]
    chosen = [word for each in settings for word in ("-c", each)]
    return ["sh", "-c", RECOVER, "recover", *chosen]


def empty_cluster() -> list[str]:
    """A new database for a dump to go into."""
    return ["sh", "-c", EMPTY, "empty"]


def write(path: str) -> list[str]:
    """Of what comes by stdin a file beside it, that its owner alone may read."""
    return script('umask 077 && cat >"$1.part" && sync "$1.part"', "write", path)


def keep_written(path: str) -> list[str]:
    """Only when all of it has come."""
    return ["mv", "-T", f"{path}.part", path]


def remove(name: str) -> list[str]:
    return script('docker rm --force --volumes "$1" 2>/dev/null || :', "remove", name)


def excluded(item: Item) -> tuple[str, ...]:
    """What is only of the moment, and what a restore put aside."""
    aside = ("before-*", ".restored")
    # The bucket of the backups themselves would be kept in itself.
    own = {"root": ("guard", "metrics", "lost+found"), "objects": ("backups",)}
    return (*own.get(item.of, ()), *aside)
