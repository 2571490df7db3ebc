"""`python -m pyhelpers.backup`."""

from pyhelpers.cli import run_group

run_group("backup")
