"""`protostar config`: look at protostar.yml before something else has to."""

from __future__ import annotations

from pathlib import Path

import click

from pyhelpers import console
from pyhelpers.config.options import config_option, load_config
from pyhelpers.config.schema_file import write_schema

# pydantic and yaml are imported inside the commands: they take longer than --help may.


@click.group("config", context_settings={"help_option_names": ["-h", "--help"]})
def group() -> None:
    """Check and show protostar.yml."""


@group.command()
@click.argument(
    "file",
    type=click.Path(path_type=Path),
    default=Path("protostar.yml"),
    envvar="PROTOSTAR_FILE",
)
def check(file: Path) -> None:
    """Read FILE, and name everything that is wrong with it at once.

    The variables that it names must be in the environment, its Compose files beside it.
    Exit code 3 when something is wrong.

    \b
    Examples:
      protostar config check
      protostar config check other/protostar.yml
    """
    from pyhelpers.config.loading import check_files

    config = load_config(file)
    check_files(config, file)
    services = _count(len(config.services), "service")
    console.say(f"{file} is right: {services} on {_count(len(config.hosts), 'host')}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@group.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of YAML.")
def show(file: Path, *, as_json: bool) -> None:
    """Show the file with every default filled in, secrets masked.

    \b
    Examples:
      protostar config show
      protostar config show --json | jq .services
    """
    import yaml

    data = load_config(file).model_dump(mode="json")
    if as_json:
        console.as_json(data)
    else:
        console.say(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=100).rstrip())


@group.command()
@click.option("--write", is_flag=True, help="Write schema/protostar.schema.json below this folder.")
def schema(*, write: bool) -> None:
    """Print the JSON Schema of protostar.yml, for editors.

    \b
    Examples:
      protostar config schema > protostar.schema.json
      protostar config schema --write
    """
    from pyhelpers.config.schema import SCHEMA_FILE, json_schema

    if not write:
        console.as_json(json_schema())
        return
    write_schema(SCHEMA_FILE, json_schema())
    console.say(f"{SCHEMA_FILE} is current")
