"""A machine reached by SSH: one authenticated connection carries everything."""
