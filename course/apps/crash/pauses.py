"""Let a program stop where a lesson wants it to, and go on when it is told."""

import sys


def pause(here: str, wanted: str) -> None:
    """Stop here if this is the place that is wanted.

    Says where it stands, and waits for a line. Ends the program if none can come any
    more, because whoever started it is gone.
    """
    if here == wanted:
        print(here, flush=True)
        if not sys.stdin.readline():
            raise SystemExit(1)
