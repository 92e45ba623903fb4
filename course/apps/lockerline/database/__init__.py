"""The way to PostgreSQL: the pool of connections, and the schema."""
