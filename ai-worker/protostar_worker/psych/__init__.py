"""The pilot: a small psychological test."""
