"""What the worker says over HTTP."""
