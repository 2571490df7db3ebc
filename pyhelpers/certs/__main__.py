"""`python -m pyhelpers.certs`."""

from pyhelpers.cli import run_group

run_group("certs")
