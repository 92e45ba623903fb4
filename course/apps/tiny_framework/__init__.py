"""A framework in sixty lines, one small service written twice, and a probe for both."""
