"""An image out of a checkout: buildx with a cache, tags, labels, and its digest handed on.

This file imports nothing: `--help` must answer at once.
"""
