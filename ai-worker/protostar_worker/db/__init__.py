"""PostgreSQL: the pool and the schema."""
