"""The deployer's key in authorized_keys: what it may do on the server. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyhelpers.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEY = re.compile(r"(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w@.-]+ (?P<body>[A-Za-z0-9+/]{40,}=*)(?: .*)?")


def public_key(text: str, shown: str) -> str:
    """The one line of a .pub file.

    Raises `ConfigurationError`, which never quotes the text: it may be a private key by mistake.
    """
    line = text.strip()
    if _KEY.fullmatch(line):
        return line
    raise ConfigurationError(
        error=f"{shown} is not one public key in OpenSSH's format",
        try_=f"name the .pub file beside it, or make it: ssh-keygen -y -f {shown}",
    )


def options(open_ports: Sequence[int]) -> str:
    """`restrict` takes everything away, forwarding too, which is given back in part.

    permitlisten: reverse forwards (an image's way to the host), loopback only, ports chosen for
    the run. permitopen: the gateways' private listeners, and nothing else inside the network.
    Measured with OpenSSH 10: without `port-forwarding`, both are refused.
    """
    ports = [f'permitopen="127.0.0.1:{port}"' for port in sorted(set(open_ports))]
    # Without one, sshd would let the key open any address.
    opens = ports or ['permitopen="none"']
    return ",".join(["restrict", "port-forwarding", 'permitlisten="127.0.0.1:*"', *opens])


def with_key(authorized_keys: str, key: str, open_ports: Sequence[int]) -> str:
    """The file with this key once, with these options. Other keys' lines stay as they are."""
    found = _KEY.fullmatch(key)
    body = found["body"] if found else key
    wanted = f"{options(open_ports)} {key}"
    lines = authorized_keys.splitlines()
    if wanted in lines and sum(body in line for line in lines) == 1:
        return authorized_keys
    others = [line for line in lines if body not in line]
    return "\n".join([*others, wanted]) + "\n"
