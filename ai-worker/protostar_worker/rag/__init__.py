"""From a file to passages that a question finds, and back."""
