"""A folder of small wheels, made here, and the real pip that resolves and installs from it."""
