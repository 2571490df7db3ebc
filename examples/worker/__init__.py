"""A small queue consumer to deploy."""
