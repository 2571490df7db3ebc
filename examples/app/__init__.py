"""A small web application to deploy."""
