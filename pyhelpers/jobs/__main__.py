"""`python -m pyhelpers.jobs`."""

from pyhelpers.cli import run_group

run_group("jobs")
