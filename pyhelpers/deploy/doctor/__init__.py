"""Everything that a deploy will need, looked at once; each line with the command that mends it."""
