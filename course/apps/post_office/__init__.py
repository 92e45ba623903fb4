"""One small service in several processes, and what goes wrong between them (6.5)."""
