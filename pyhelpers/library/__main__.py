"""`python -m pyhelpers.library`."""

from pyhelpers.cli import run_group

run_group("library")
