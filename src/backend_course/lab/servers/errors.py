"""What can go wrong with a server."""


class ServerError(RuntimeError):
    """A server could not be started, checked or asked; the message says what to do next."""

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython prints instead of a traceback (IPython's own hook)."""
        return str(self).splitlines()


def indented(text: str) -> str:
    """Return ``text`` with each line moved in by four blanks, to stand under a headline."""
    return "\n".join(f"    {line}" for line in text.splitlines())
