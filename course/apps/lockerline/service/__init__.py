"""The use cases: each one transaction, in which rows meet rules."""
