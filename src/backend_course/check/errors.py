"""What a check raises: a message for the learner, shown without a traceback."""


class CheckError(AssertionError):
    """An answer that is not what was asked; the message says what to do next."""

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython prints instead of a traceback (IPython's own hook)."""
        return str(self).splitlines()


class NotAttemptedError(CheckError):
    """An answer that is still blank."""


def message(*parts: str) -> str:
    """Join the parts of a message, one a line, leaving out the empty ones."""
    return "\n".join(part for part in parts if part)
