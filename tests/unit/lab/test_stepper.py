"""Programs that are run one line at a time, and shown."""

import sys
from types import ModuleType

import pytest
from IPython.core.interactiveshell import InteractiveShell

from backend_course.lab.stepper import LIMIT, NotPythonError, Program, load_ipython_extension

WEEK = "total = 0\nfor day in range(1, 3):\n    total = total + day"
WEEK_STEPS = """\
step  line  code                     what happens              total  day
   1     1  total = 0                                          0 ←
   2     2  for day in range(1, 3):  next value                0      1 ←
   3     3      total = total + day                            1 ←    1
   4     2  for day in range(1, 3):  next value                1      2 ←
   5     3      total = total + day                            3 ←    2
   6     2  for day in range(1, 3):  none left: the loop ends  3      2
(← marks what has changed.)"""


def lines_of(source, **options):
    return [step.line for step in Program("p", source).steps(**options).steps]


def happens(source, **given):
    return [(step.line, step.happens) for step in Program("p", source).run(given).steps]


def test_each_line_with_the_names_after_it():
    assert repr(Program("week", WEEK).steps()) == WEEK_STEPS


def test_the_listing_has_line_numbers_and_blank_lines():
    assert (
        repr(Program("p", "a = 1\n\nif a:\n    a = 2\n")) == "1  a = 1\n2\n3  if a:\n4      a = 2"
    )


def test_decisions_are_told():
    source = "while n > 0:\n    n = n - 1\n    if n == 1:\n        continue\n    x = n"
    assert happens(source, n=2) == [
        *((1, "true"), (2, ""), (3, "true"), (4, "on to the next turn")),
        *((1, "true"), (2, ""), (3, "false"), (5, ""), (1, "false: the loop ends")),
    ]
    assert (3, "leaves the loop") in happens("while True:\n    n = 1\n    break")


def test_what_is_printed_stands_beside_its_line(capsys):
    trace = Program("p", "print('a')\nx = 1\nprint('b', x)").run()
    assert [step.printed for step in trace.steps] == ["a\n", "", "b 1\n"]
    assert "prints" in repr(trace).splitlines()[0]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "source", ["while True:\n    x = 1", "while True: pass", "n = 1\nwhile n: n = n + 1"]
)
def test_a_loop_that_never_ends_is_stopped(source):
    trace = Program("p", source).run()
    assert trace.stopped_at
    assert trace.error is None
    assert len(trace.steps) <= LIMIT
    assert "Does anything in it end the loop?" in repr(trace)


def test_the_limit_is_exact():
    assert lines_of("while True:\n    x = 1", at_most=3) == [1, 2, 1]
    assert Program("p", "a = 1\nb = 2").run(at_most=2).stopped_at is None


def test_except_exception_does_not_keep_it_going():
    source = "while True:\n    try:\n        x = 1\n    except Exception:\n        pass"
    assert Program("p", source).run(at_most=20).stopped_at


def test_an_error_is_recorded_with_its_line():
    trace = Program("p", "a = 1\nb = a / 0\nc = 2").run()
    assert trace.stopped_at == 2
    assert isinstance(trace.error, ZeroDivisionError)
    assert "Line 2 stopped the program: ZeroDivisionError: division by zero" in repr(trace)


def test_a_line_that_stopped_came_to_no_decision():
    trace = Program("p", "while n > 0:\n    n = 1").run({"n": "a"})
    assert [step.happens for step in trace.steps] == [""]


def test_a_number_that_python_does_not_write():
    trace = Program("p", "n = 10 ** 5000\nm = 1").run()
    assert trace.error is None
    assert trace.steps[-1].names == {"n": "(too long to be shown)", "m": "1"}


def test_names_are_its_own_and_given_ones_are_copied():
    numbers = [1]
    trace = Program("p", "numbers.append(2)\nimport math\n_hidden = 1").run({"numbers": numbers})
    assert numbers == [1]
    assert trace.values["numbers"] == [1, 2]
    assert isinstance(trace.values["math"], ModuleType)
    assert [step.names for step in trace.steps] == [{"numbers": "[1, 2]"}] * 3
    assert trace.given == {"numbers": "[1]"}


def test_a_list_is_shown_as_it_was_at_each_step():
    trace = Program("p", "a = []\na.append(1)\na.append(2)").run()
    assert [step.names["a"] for step in trace.steps] == ["[]", "[1]", "[1, 2]"]


def test_what_it_calls_is_one_step():
    assert lines_of("def f():\n    x = 1\n    return x\ny = f()") == [1, 4]


def test_an_earlier_trace_function_comes_back():
    def mine(frame, event, argument):
        return None

    before = sys.gettrace()
    sys.settrace(mine)
    try:
        Program("p", "a = 1\nb = a / 0").run()
        after = sys.gettrace()
    finally:
        sys.settrace(before)
    assert after is mine


def test_no_lines_no_steps():
    program = Program("p", "# write your lines here\n")
    assert program.empty
    assert program.run().steps == []
    assert repr(program.steps()).startswith("step")


def test_some_steps_only():
    text = repr(Program("p", WEEK).steps(upto=2))
    assert text.splitlines()[-1] == "Steps 1 to 2 of 6."
    assert len(text.splitlines()) == 5


def test_html_is_escaped_and_marks_what_has_changed_in_words_too():
    source = "a = '<b>'\nif a < 'x':\n    a = 1"
    for folded in (False, True):
        html = Program("p", source).steps(folded=folded)._repr_html_()
        assert "<b>'" not in html
        assert "&lt;b&gt;" in html
        assert "←" in html
        assert html.count("<details") == (3 if folded else 0)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("a = 1\nfor b in c:\na = 2", "Line 3: expected an indented block"),
        ("a = = 1", "Line 1: invalid syntax\n    a = = 1"),
        ("if a:\n", "Line 1: expected an indented block"),
        ("break", "Line 1: 'break' outside loop"),
    ],
)
def test_a_text_that_is_no_python(source, told):
    with pytest.raises(NotPythonError, match=f"p is no Python. {told}") as caught:
        Program("p", source)
    assert caught.value._render_traceback_() == str(caught.value).splitlines()


@pytest.fixture
def shell():
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    load_ipython_extension(shell)
    yield shell
    InteractiveShell.clear_instance()


def test_a_cell_is_kept_and_not_run(shell):
    outcome = shell.run_cell("%%program week\n" + WEEK)
    assert outcome.result is shell.user_ns["week"]
    assert "total" not in shell.user_ns
    assert repr(outcome.result).startswith("1  total = 0\n2  for")


@pytest.mark.parametrize("first", ["%%program", "%%program my week", "%%program 1"])
def test_a_cell_needs_one_name(shell, first, capsys):
    assert not shell.run_cell(first + "\na = 1").success
    assert "needs one name in its first line" in "".join(capsys.readouterr())


def test_a_cell_that_is_no_python_does_not_leave_the_program_before_it(shell):
    shell.run_cell("%%program week\n" + WEEK)
    shell.run_cell("%%program week\na = = 1")
    assert isinstance(shell.user_ns["week"], NotPythonError)
