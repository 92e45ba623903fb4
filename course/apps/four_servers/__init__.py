"""One small service in five languages, and the probe that judges them."""
