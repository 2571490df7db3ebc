"""The Docker SDK on a channel of ours: `docker system dial-stdio` is the engine's socket there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyhelpers.hosts.ssh.command import execute, line
from pyhelpers.hosts.ssh.http import ChannelAdapter

if TYPE_CHECKING:
    import paramiko

    from docker import DockerClient
    from pyhelpers.hosts.ssh.channels import Channels

DIAL = ("docker", "system", "dial-stdio")
# Two to ask at once, and the one that follows a log.
AT_MOST = 3
# docker-py looks at this very address to know that its socket is a channel.
BASE_URL = "http+docker://ssh"


def client(channels: Channels, deadline_s: float) -> DockerClient:
    """The engine's API, in the version that both ends speak. Raises what docker-py raises."""
    from docker import DockerClient  # noqa: PLC0415 - 0.15 s that --help must not pay

    made = DockerClient(base_url="http://localhost:1", version="1.44", timeout=int(deadline_s))
    api: Any = made.api
    api.mount(BASE_URL, ChannelAdapter(lambda: _dialled(channels), AT_MOST))
    api.base_url = BASE_URL
    api.trust_env = False
    # As with version="auto", which would have asked before the adapter was there.
    api._version = api.version(api_version=False)["ApiVersion"]  # noqa: SLF001 - see above
    return made


def _dialled(channels: Channels) -> paramiko.Channel:
    channel = channels.session()
    execute(channels, channel, line(DIAL))
    return channel
