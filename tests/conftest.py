"""For all tests: at the end of a session no server of the course may be left running."""

from leftovers import nothing_is_left  # noqa: F401  a fixture counts where it is imported
