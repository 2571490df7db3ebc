"""A machine, local or far: run commands, read and put files, hold a lock, reach its engine."""
