"""What the AI worker promises, measured. Runs in the worker's own environment."""
