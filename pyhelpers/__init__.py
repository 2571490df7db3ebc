"""Protostar: deploys that nobody notices, on plain Docker Compose."""

__version__ = "0.1.0"
