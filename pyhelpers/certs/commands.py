"""What certificates need done on a host, as token lists. Nothing here runs anything. Pure.

The key is made on the host and never leaves it: what travels is a request to sign, and what is
signed. It is done in a container of nginx's own image, which has openssl: whoever deploys may not
write a file that belongs to nginx's user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePosixPath

DEFAULT_IMAGE = "protostar/nginx:1.30"
NGINX = "/etc/protostar/current/nginx/"
CHALLENGES = "certificates/acme/.well-known/acme-challenge"
OTHER_KEY = "== the key is another's"
LOOK = (
    'cd "/certificates/$1" 2>/dev/null && [ -s fullchain.pem ] || exit 0; cat fullchain.pem; '
    '[ "$(openssl x509 -in fullchain.pem -noout -pubkey)" = '
    f'"$(openssl pkey -in privkey.pem -pubout 2>/dev/null)" ] || echo "{OTHER_KEY}"'
)
# The same key as long as nobody wants another one: nginx reads certificate and key one after the
# other, and whatever lies between, the two fit.
REQUEST = (
    'set -eu; umask 077; mkdir -p "/certificates/$1"; cd "/certificates/$1"; rm -f .privkey.next; '
    'key=privkey.pem; if [ "$3" = new ] || [ ! -s "$key" ]; then key=.privkey.next; '
    'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$key" 2>/dev/null; fi; '
    'openssl req -new -key "$key" -subj / -addext "subjectAltName=$2"'
)
PLACE = (
    'set -eu; cd "/certificates/$1"; cat >.fullchain.next; key=privkey.pem; '
    "[ ! -s .privkey.next ] || key=.privkey.next; "
    '[ "$(openssl x509 -in .fullchain.next -noout -pubkey)" = '
    '"$(openssl pkey -in "$key" -pubout)" ] || { echo "it is for another key" >&2; exit 1; }; '
    'chown "$2:$2" .fullchain.next "$key"; chmod 0444 .fullchain.next; chmod 0400 "$key"; '
    'for each in fullchain privkey; do rm -f ".$each.before"; '
    '[ ! -e "$each.pem" ] || ln "$each.pem" ".$each.before"; done; '
    'sync .fullchain.next "$key"; [ "$key" = privkey.pem ] || mv -T "$key" privkey.pem; '
    "mv -T .fullchain.next fullchain.pem; chmod 0755 .; sync ."
)
BACK = (
    'cd "/certificates/$1" || exit; for each in fullchain privkey; do '
    '[ ! -e ".$each.before" ] || mv -T ".$each.before" "$each.pem"; done; sync .'
)
# Each worker of nginx has a memory of its own: one answer is not all of them.
SERVED = (
    "for i in 1 2 3 4 5 6 7 8 9 10; do "
    'openssl s_client -connect "127.0.0.1:$1" -servername "$2" </dev/null 2>/dev/null '
    "| openssl x509 -noout -fingerprint -sha256 || exit; done | sort -u"
)


def beside(root: PurePosixPath, image: str, text: str, name: str, *arguments: str) -> list[str]:
    """A short script with the host's certificates, as root with what it takes to give them away."""
    rights = ["--cap-drop", "ALL"]
    rights += [word for cap in ("CHOWN", "DAC_OVERRIDE", "FOWNER") for word in ("--cap-add", cap)]
    mount = ["--volume", f"{root}/certificates:/certificates"]
    options = ["--rm", "--interactive", "--network", "none", "--user", "0:0", *rights, *mount]
    return ["docker", "run", *options, "--entrypoint", "sh", image, "-c", text, name, *arguments]


def image_of(container: str) -> list[str]:
    return ["docker", "inspect", "--format", "{{.Config.Image}}", container]


def look(root: PurePosixPath, image: str, folder: str) -> list[str]:
    return beside(root, image, LOOK, "look", folder)


def request(
    root: PurePosixPath, image: str, folder: str, names: Iterable[str], *, new_key: bool
) -> list[str]:
    wanted = ",".join(f"DNS:{name}" for name in names)
    return beside(root, image, REQUEST, "request", folder, wanted, "new" if new_key else "same")


def place(root: PurePosixPath, image: str, folder: str, owner: int) -> list[str]:
    """What comes by stdin is served from then on; the one of before is kept for `back`."""
    return beside(root, image, PLACE, "place", folder, str(owner))


def back(root: PurePosixPath, image: str, folder: str) -> list[str]:
    return beside(root, image, BACK, "back", folder)


def served(container: str, port: int, name: str) -> list[str]:
    """The fingerprints of what ten new connections get, each once."""
    return ["docker", "exec", container, "sh", "-c", SERVED, "served", str(port), name]


def test(container: str) -> list[str]:
    return [
        *("docker", "exec", container, "nginx", "-t", "-q"),
        *("-c", f"{NGINX}nginx.conf", "-p", NGINX),
    ]


def hang_up(container: str) -> list[str]:
    return ["docker", "kill", "--signal", "HUP", container]
