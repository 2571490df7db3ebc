"""What sync types on a host, as token lists. Nothing here runs anything. Pure.

Every script has a name as its `$0`, so that a process list and a test can tell them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import PurePosixPath

# Where containers see `config/`.
INSIDE = "/etc/protostar"
ENGLISH = "export LC_ALL=C; "
COLUMNS = (
    *("{{.ID}}", "{{.Names}}", "{{.State}}", "{{.Status}}"),
    '{{.Label "com.docker.compose.service"}}',
    '{{.Label "org.protostar.config"}}',
    '{{.Label "org.protostar.nginx"}}',
    '{{.Label "org.protostar.pipeline"}}',
    '{{.Label "org.protostar.service"}}',
    '{{.Label "com.docker.compose.oneoff"}}',
)
# One round trip for all that a decision needs. Sections begin with a line of their own.
LOOK = ENGLISH + (
    'echo "== current"; readlink "$1/current"; '
    'echo "== unfinished"; cat "$1/applying" 2>/dev/null; '
    'echo "== kept"; ls "$1/releases" 2>/dev/null; '
    'echo "== free"; p=$1; while [ ! -e "$p" ]; do p=$(dirname "$p"); done; '
    "df -PB1 \"$p\" | awk 'NR==2{print $4}'; "
    'echo "== containers"; docker ps --all --no-trunc --format "$3" '
    '--filter "label=com.docker.compose.project=$2" || exit 3; '
    'echo "== strangers"; docker ps --all --format "$4" || exit 3; '
    'cd "$1/current/" 2>/dev/null || exit 0; '
    "echo \"== modes\"; find . -type f -printf '%m %P\\n'; "
    'echo "== sums"; find . -type f -print0 | xargs -0 -r sha256sum'
)
STRANGERS = '{{.Names}} {{.Label "com.docker.compose.project"}}'
# A rename, and the folder synced: after a power cut it is the old release or the new one. A folder
# of that name was made by hand, and its content has been kept if it got so far.
FLIP = ENGLISH + (
    'cd "$1" && rm -f .current && ln -s "releases/$2" .current && '
    "if [ -d current ] && [ ! -L current ]; then rm -rf releases/.by-hand && "
    "mv -T current releases/.by-hand; fi && mv -T .current current && sync ."
)
NOTHING = ENGLISH + 'cd "$1" && rm -f current && sync .'
# The archive is beside it already, whole. What was half unpacked is thrown away.
UNPACK = ENGLISH + (
    'umask 022 && cd "$1" && rm -rf "incoming/$2" && mkdir -p "incoming/$2" releases && '
    'tar -xpf "releases/$2.tar" -C "incoming/$2" && '
    'chmod 700 "incoming/$2/compose" && sync -f "incoming/$2"'
)
# What was edited by hand is kept under the name that its content has.
PLACE = ENGLISH + (
    'cd "$1" && if [ -e "releases/$2" ]; then rm -rf "releases/.old" && '
    'mv -T "releases/$2" "releases/.old"; fi && mv -T "incoming/$2" "releases/$2" && '
    "rm -rf releases/.old incoming && sync releases"
)
DISCARD = (
    'cd "$1" && rm -rf "incoming/$2" && { rmdir incoming 2>/dev/null || :; } && '
    '{ [ -e "releases/$2" ] || rm -f "releases/$2.tar"; }'
)
APPEND = ENGLISH + (
    '{ [ ! -s "$1" ] || [ -z "$(tail -c1 "$1")" ] || echo >>"$1"; } && '
    'printf "%s\\n" "$2" >>"$1" && sync "$1"'
)
SOON_S = 14 * 24 * 3600
CERTIFICATES = (
    'cd "$1" && shift && command -v openssl >/dev/null || exit 0; for i; do '
    'if [ ! -e "$i" ]; then echo "absent $i"; '
    'elif ! openssl x509 -noout -checkend 0 -in "$i" >/dev/null; then echo "expired $i"; '
    f'elif ! openssl x509 -noout -checkend {SOON_S} -in "$i" >/dev/null; then echo "soon $i"; '
    'fi; key=${i%/*}/privkey.pem; if [ -e "$i" ] && [ -r "$key" ]; then '
    '[ "$(openssl x509 -noout -pubkey -in "$i")" = "$(openssl pkey -pubout -in "$key")" ] '
    '|| echo "other $i"; fi; done'
)
ASK = (
    "for ((i = 0; i < $2; i++)); do "
    'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "GET /-/config HTTP/1.0\\r\\n\\r\\n" >&3 && '
    "tail -n 1 <&3; exec 3>&-; done"
)
FETCH_TREE = 'cd "$1/current/" && tar -cf - . | base64 -w0'
PREPARE = (
    'umask 022 && mkdir -p "$1/config/releases" "$1/guard" "$1/live" "$1/certificates" "$1/metrics"'
)


def _script(text: str, name: str, *arguments: object) -> list[str]:
    return ["sh", "-c", text, name, *map(str, arguments)]


def look(config: PurePosixPath, project: str) -> list[str]:
    return _script(LOOK, "look", config, project, "\t".join(COLUMNS), STRANGERS)


def prepare(root: PurePosixPath) -> list[str]:
    return _script(PREPARE, "prepare", root)


def unpack(config: PurePosixPath, digest: str) -> list[str]:
    return _script(UNPACK, "unpack", config, digest)


def discard(config: PurePosixPath, digest: str) -> list[str]:
    return _script(DISCARD, "discard", config, digest)


def place(config: PurePosixPath, digest: str) -> list[str]:
    return _script(PLACE, "place", config, digest)


def flip(config: PurePosixPath, digest: str) -> list[str]:
    """To nothing when there was nothing."""
    return _script(FLIP, "flip", config, digest) if digest else _script(NOTHING, "flip", config)


def append(path: PurePosixPath, line: str) -> list[str]:
    return _script(APPEND, "append", path, line)


def remove(*paths: PurePosixPath) -> list[str]:
    return ["rm", "-rf", "--", *map(str, paths)]


def fetch_tree(config: PurePosixPath) -> list[str]:
    return _script(FETCH_TREE, "tree", config)


def working(root: PurePosixPath, argv: Sequence[str], deadline_s: float) -> list[str]:
    """Under a lock that the next sync waits for: it may outlive the one who began it."""
    bounded = ["timeout", "--kill-after=5", f"{deadline_s:g}", *argv]
    return ["flock", "--shared", str(root / "guard" / "sync.work"), *bounded]


def await_work(root: PurePosixPath, wait_s: float) -> list[str]:
    work = root / "guard" / "sync.work"
    return ["flock", "--exclusive", "--wait", f"{wait_s:g}", str(work), "true"]


# --- Compose and nginx ------------------------------------------------------------------------


# Only `.env` may say what a variable is: the environment of whoever is logged in there comes before
# it in Compose's eyes, and is another's tomorrow.
COMPOSE = (
    'exec env -i HOME="$HOME" PATH="$PATH" ${DOCKER_HOST:+DOCKER_HOST="$DOCKER_HOST"} '
    '${DOCKER_CONFIG:+DOCKER_CONFIG="$DOCKER_CONFIG"} docker compose "$@"'
)


def compose(config: PurePosixPath, release: str, project: str, *arguments: str) -> list[str]:
    """`release`: `current`, or where one lies that is not current yet."""
    folder = config / release / "compose"
    files = ["-f", str(folder / "compose.yml"), "-f", str(folder / "override.yml")]
    where = ["--project-directory", str(folder), "-p", project]
    return _script(COMPOSE, "compose", "--progress", "plain", *where, *files, *arguments)


UP = ("up", "--detach", "--no-deps", "--no-build")
CONFIG = ("config", "--format", "json")


def fetch_images(images: Sequence[str]) -> list[str]:
    """Those that the host lacks: `up` would fetch them too, but only after the old one stopped."""
    script = (
        'for i; do docker image inspect "$i" >/dev/null 2>&1 || docker pull -q "$i" || exit; done'
    )
    return ["sh", "-c", script, "fetch", *images]


def remove_containers(ids: Sequence[str]) -> list[str]:
    """With the time that each was given to end."""
    return ["sh", "-c", 'docker stop "$@" >/dev/null && docker rm "$@"', "remove", *ids]


def nginx_arguments(release: str) -> list[str]:
    folder = f"{INSIDE}/{release}/nginx/"
    return ["-t", "-q", "-c", f"{folder}nginx.conf", "-p", folder]


def test_running(container: str) -> list[str]:
    return ["docker", "exec", container, "nginx", *nginx_arguments("current")]


def test_apart(service: Mapping[str, Any], release: str) -> list[str]:
    return apart(service, "nginx", *nginx_arguments(release))


def apart(service: Mapping[str, Any], program: str, *arguments: str) -> list[str]:
    """A program in the same image, with the same mounts and rights, but no network."""
    return [
        *("docker", "run", "--rm", "--network", "none", "--entrypoint", program),
        *_rights(service),
        *(word for volume in service.get("volumes") or [] for word in _mount(volume)),
        str(service["image"]),
        *arguments,
    ]


def certificates_apart(
    service: Mapping[str, Any], release: str, certificates: Sequence[str]
) -> list[str]:
    """Prints `expired FILE` and `soon FILE`. To nginx one that has expired is as good as any."""
    folder = f"{INSIDE}/{release}/nginx"
    return apart(service, "sh", "-c", CERTIFICATES, "certificates", folder, *certificates)


def _rights(service: Mapping[str, Any]) -> list[str]:
    found = []
    if service.get("user"):
        found += ["--user", str(service["user"])]
    if service.get("read_only"):
        found += ["--read-only"]
    for option, key in (
        ("--tmpfs", "tmpfs"),
        ("--cap-drop", "cap_drop"),
        ("--cap-add", "cap_add"),
        ("--security-opt", "security_opt"),
    ):
        found += [word for each in service.get(key) or [] for word in (option, str(each))]
    return found


def _mount(volume: Mapping[str, Any]) -> list[str]:
    """A folder that is not there is an error here: `--mount` makes none."""
    if volume.get("type") != "bind":
        return []
    read_only = ",readonly" if volume.get("read_only") else ""
    return ["--mount", f"type=bind,source={volume['source']},target={volume['target']}{read_only}"]


def hang_up(container: str) -> list[str]:
    return ["docker", "kill", "--signal", "HUP", container]


def ask(port: int, times: int) -> list[str]:
    """Which files nginx has loaded, a line for each answer, each on a connection of its own.

    By the host's own bash: the deployer's key may open no port for it, and nginx images have no
    client in them.
    """
    return ["timeout", "10", "bash", "-c", ASK, "ask", str(port), str(times)]


def processes(container: str) -> list[str]:
    return ["docker", "top", container, "-eo", "pid,args"]
