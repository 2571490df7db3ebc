"""`python -m pyhelpers.deploy`."""

from pyhelpers.cli import run_group

run_group("deploy")
