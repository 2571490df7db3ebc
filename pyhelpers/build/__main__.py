"""`python -m pyhelpers.build`."""

from pyhelpers.cli import run_group

run_group("build")
