"""The endpoints that answer, and which of them is asked."""
