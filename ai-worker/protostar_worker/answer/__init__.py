"""From a question to an answer that is kept once."""
