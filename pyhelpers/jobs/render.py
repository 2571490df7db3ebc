"""An item → the XML that Jenkins takes. What is not declared stands there with its default.

The elements are those that a controller (2.504.3) stores by itself; its defaults for what we do
not know are left to it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pyhelpers.jobs.mark import Owner, marked

if TYPE_CHECKING:
    from pyhelpers.config.secret import Secret
    from pyhelpers.jobs.definition import Credential, Wanted

# How long between two scans, and how often Jenkins looks whether it is over: the trigger runs at
# the lines of its cron and does nothing until the interval has passed.
SCANS = {
    "15m": (900_000, "H/5 * * * *"),
    "1h": (3_600_000, "H/15 * * * *"),
    "4h": (14_400_000, "H * * * *"),
    "1d": (86_400_000, "H H * * *"),
}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["xml"] = lambda value: str(value).lower()
    environment.filters["limit"] = lambda value: -1 if value is None else value
    environment.globals["SCANS"] = SCANS
    return environment


def render(item: Wanted, installation: str) -> str:
    """The text of its config.xml, with the mark of `installation`."""
    description = marked(str(item.options["description"]), Owner(installation, item.name))
    template = _environment().get_template(f"{item.kind}.xml.j2")
    return template.render(item.options, description=description)


def render_credential(credential: Credential, secret: Secret) -> str:
    """The text that stores it. It holds the secret: for a request, and for nothing else."""
    template = _environment().get_template("credential.xml.j2")
    return template.render(
        kind=credential.kind,
        id=credential.id,
        user=credential.user,
        description=credential.description,
        secret=secret.reveal(),
    )
