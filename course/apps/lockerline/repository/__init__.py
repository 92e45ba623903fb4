"""The SQL. Each function takes the connection of a transaction that its caller owns."""
