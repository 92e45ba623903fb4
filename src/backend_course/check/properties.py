"""Try a rule on many inputs, and show the simplest one for which it does not hold.

Hypothesis makes the inputs and simplifies what fails; what a learner reads is a check's own words.
"""

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator

from hypothesis import Phase, Verbosity, find, settings
from hypothesis.configuration import set_hypothesis_home_dir, storage_directory
from hypothesis.errors import Flaky, NoSuchExample
from hypothesis.strategies import SearchStrategy, text, tuples

from backend_course.check.errors import CheckError, NotAttemptedError, message
from backend_course.check.values import Case, values

# The same inputs each time (among them a few constants that Hypothesis finds in the modules that
# are loaded), nothing remembered from one run to the next, nothing timed.
_SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    print_blob=False,
    verbosity=Verbosity.quiet,
)
_SIMPLEST = "This is the simplest call found that comes out otherwise; there may be more."


def for_all(
    name: str, case: Callable[..., Case], *inputs: SearchStrategy, examples: int = 100
) -> None:
    """Check the case of each input, up to the simplest that comes out otherwise.

    Args:
        name: what the learner wrote, for the messages.
        case: makes the case of one input; it takes as many arguments as there are ``inputs``.
        inputs: where the arguments of ``case`` come from. What a strategy of Hypothesis calls
            simple comes first in it: small numbers, short lists, the first of a choice.
        examples: how many inputs to try.

    Raises:
        NotAttemptedError: the answer is blank.
        CheckError: a case came out otherwise, with the message of
            :func:`backend_course.check.values`; or differently when it was tried again.
    """
    failed: list[CheckError] = []

    def comes_out_otherwise(arguments: tuple) -> bool:
        try:
            values(name, case(*arguments))
        except CheckError as error:
            failed.append(error)
            return True
        return False

    try:
        with _no_folder_left(), contextlib.redirect_stdout(io.StringIO()):
            limited = settings(_SETTINGS, max_examples=examples)
            simplest = find(tuples(*inputs), comes_out_otherwise, settings=limited)
        values(name, case(*simplest))
    except NoSuchExample:
        return
    except Flaky:
        pass
    except NotAttemptedError:
        raise
    except CheckError as error:
        raise CheckError(message(str(error), _SIMPLEST)) from None
    raise CheckError(
        message(
            str(failed[-1]),
            "The same call came out otherwise when it was made again. What does the function "
            "keep between two calls, or read besides its arguments?",
        )
    )


def get_ready() -> None:
    """Have Hypothesis make the tables that it needs once in a process, and in its forks."""
    with _no_folder_left():
        find(text(), bool, settings=_SETTINGS)


@contextlib.contextmanager
def _no_folder_left() -> Iterator[None]:
    """Let Hypothesis write what it notes for itself into a folder that goes afterwards."""
    before = storage_directory(intent_to_write=False).home_directory
    with tempfile.TemporaryDirectory() as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(before)
