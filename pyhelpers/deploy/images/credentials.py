"""What `docker login` left for a registry. It goes to that registry, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field

from docker.errors import DockerException

from docker import auth
from pyhelpers.errors import PreflightError


@dataclass(frozen=True, slots=True)
class Credentials:
    """A name and a password, or an identity token of a credential store; never printed."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


def credentials_of(address: str) -> Credentials | None:
    """From ~/.docker/config.json, its store or its helpers; None: nobody has logged in.

    Raises `PreflightError` when the store cannot be asked.
    """
    try:
        found = auth.resolve_authconfig(auth.load_config(), registry=address)
    except DockerException as problem:  # its words may hold what the helper printed
        raise PreflightError(
            error=f"the credentials for {address} cannot be read ({type(problem).__name__})",
            try_=f"docker login {address}",
        ) from None
    if not found:
        return None
    # A store answers with capitals, a file without.
    told = {key.lower(): value or "" for key, value in found.items()}
    return Credentials(
        told.get("username", ""), told.get("password", ""), told.get("identitytoken", "")
    )
