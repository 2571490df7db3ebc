"""The Docker SDK on a channel of ours: `docker system dial-stdio` is the engine's socket there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests import RequestException

from pyhelpers.errors import Unreachable
from pyhelpers.hosts.ssh.command import execute, line, run
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


ASK = ("docker", "version", "--format", "{{.Server.Version}}")
ASK_S = 10.0


def client(channels: Channels, deadline_s: float) -> DockerClient:
    """The engine's API, in the version that both ends speak.

    Raises `Unreachable` with the reason that the host's own client gives.
    """
    from docker import DockerClient  # noqa: PLC0415 - 0.15 s that --help must not pay

    made = DockerClient(base_url="http://localhost:1", version="1.44", timeout=int(deadline_s))
    api: Any = made.api
    api.mount(BASE_URL, ChannelAdapter(lambda: _dialled(channels), AT_MOST))
    api.base_url = BASE_URL
    api.trust_env = False
    # As with version="auto", which would have asked before the adapter was there.
    try:
        api._version = api.version(api_version=False)["ApiVersion"]  # noqa: SLF001 - see above
    except RequestException as problem:
        raise _refusal(channels, problem) from None
    return made


def _refusal(channels: Channels, problem: RequestException) -> Unreachable:
    """dial-stdio says why on its stderr, which is not the API's: asked again, in words."""
    said = run(channels, ASK, deadline_s=ASK_S).err.strip()
    if "permission denied" in said:
        user = channels.transport.get_username() or "the user"
        return Unreachable(
            error=f"{user}@{channels.name} has no right to the engine there",
            try_=f"sudo usermod -aG docker {user}, on that host",
        )
    if "Cannot connect" in said or "failed to connect" in said:
        return Unreachable(
            error=f"{channels.name}: the engine does not run there",
            try_="systemctl start docker, on that host",
        )
    return Unreachable(
        error=f"{channels.name}: the engine does not answer: {said or type(problem).__name__}",
        try_="docker version, on that host",
    )


def _dialled(channels: Channels) -> paramiko.Channel:
    channel = channels.session()
    execute(channels, channel, line(DIAL))
    return channel
