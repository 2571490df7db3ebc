"""`python -m pyhelpers.sync`."""

from pyhelpers.cli import run_group

run_group("sync")
