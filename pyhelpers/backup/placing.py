"""What brings data back into a volume or a folder, as token lists. Pure: nothing here runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyhelpers.backup.commands import LABEL, script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyhelpers.backup.model import Place

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


def free(folder: str) -> list[str]:
    """Bytes, on the disk that has it; a heading comes first."""
    return ["df", "--block-size=1", "--output=avail", folder]


def keep_written(path: str) -> list[str]:
    """Only when all of it has come."""
    return ["mv", "-T", f"{path}.part", path]
