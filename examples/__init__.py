"""Applications to deploy."""
