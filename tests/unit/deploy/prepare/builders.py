"""A server that is as it should be, so that a test states only what is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from pyhelpers.deploy.prepare import key
from pyhelpers.deploy.prepare.model import ServerFacts, Wanted

PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBC8AA5NDM9VgYE2BysTnv9dzIniIpm0oBv2ie+ELUu6 ann@desk"
WANTED = Wanted("deploy", PurePosixPath("/srv/protostar"), PUBLIC, (8081,))
SSHD = {
    "clientaliveinterval": "5",
    "clientalivecountmax": "3",
    "maxsessions": "10",
    "allowtcpforwarding": "yes",
    "disableforwarding": "no",
}
RIGHT = ServerFacts(
    os_release='ID=debian\nVERSION_ID="13"\n',
    engine="26.1.5+dfsg1",
    compose="2.26.1-4",
    passwd="deploy:x:1000:1000::/home/deploy:/bin/bash\n",
    groups="deploy docker\n",
    authorized_keys=f"{key.options((8081,))} {PUBLIC}\n",
    folders=("deploy 755", "deploy 755"),
    daemon_json=(
        '{"log-driver": "json-file", "log-opts": {"max-size": "50m", "max-file": "4"}, '
        '"live-restore": true}'
    ),
    dockerd="dockerd -H fd:// ",
    live_restore=True,
    sshd="".join(f"{name} {value}\n" for name, value in SSHD.items()),
    logind="[Login]\n#KillUserProcesses=no\n",
)


def facts(**changes: Any) -> ServerFacts:
    """`sshd` as a mapping changes single lines of `sshd -T`; `KEY` stands for the bare key."""
    said = dict(changes)
    if isinstance(said.get("sshd"), dict):
        lines = {**SSHD, **{name: str(value) for name, value in said["sshd"].items()}}
        said["sshd"] = "".join(f"{name} {value}\n" for name, value in lines.items())
    if said.get("authorized_keys") == "KEY":
        said["authorized_keys"] = f"{PUBLIC}\n"
    if "folders" in said:
        said["folders"] = tuple(said["folders"])
    return replace(RIGHT, **said)
