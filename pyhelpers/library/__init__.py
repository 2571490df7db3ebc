"""The Jenkins library's side on an agent: a step's request becomes commands, and a build page.

This file imports nothing: `--help` must answer at once.
"""
