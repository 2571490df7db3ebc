"""Jenkins jobs as code: jobs/*.yml → XML, what is other on the server, apply, prune.

This file imports nothing: `--help` must answer at once.
"""
