"""What lesson 2.9 shows of a program that stops is the same everywhere, and its mistake stays."""

import ast
from pathlib import Path

import night_report
from night_report.terminal import listing, run

PROGRAM = Path(night_report.__file__).with_name("report.py")
TRACEBACK = """\
Traceback (most recent call last):
  File "report.py", line 32, in <module>
    print(report(WAITING))
  File "report.py", line 28, in report
    lines.append(line(code, hours))
  File "report.py", line 21, in line
    return f"{code} owes {fee(hours)} cents"
  File "report.py", line 14, in fee
    if hours <= 72:
TypeError: '<=' not supported between instances of 'str' and 'int'
(exit status 1)
"""


def test_a_traceback_without_folder_carets_and_colour(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    run(PROGRAM)
    assert capsys.readouterr().out == TRACEBACK


def test_the_program_runs_once_the_text_is_a_number(tmp_path, capsys):
    mended = tmp_path / "mended.py"
    mended.write_text(PROGRAM.read_text().replace('"96"', "96"))
    run(mended)
    assert capsys.readouterr().out == (
        "LL0000204172 owes 150 cents\n"
        "LL4173300668 owes 150 cents\n"
        "LL5309120078 owes 0 cents\n"
        "(exit status 0)\n"
    )


def test_the_listing_numbers_the_lines_as_the_traceback_does(capsys):
    listing(PROGRAM)
    lines = capsys.readouterr().out.splitlines()
    (last,) = ast.parse(PROGRAM.read_text()).body[-1:]
    assert lines[last.lineno - 1] == "32  print(report(WAITING))"
    assert lines[1] == " 2"
