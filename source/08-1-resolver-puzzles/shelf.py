"""The shelf of Question 7: the releases that report.py can get."""

from backend_course.lab.wheelhouse.wheels import Release

_LATCHWIRE_1 = '''\
"""Speak to a wall."""

ANSWERS = {"doors": "1 2 3", "log": "1 1 3 1 2"}


def ask(question):
    """Return the wall's answer."""
    return ANSWERS[question]
'''
_LATCHWIRE_2 = _LATCHWIRE_1.replace("ask(", "query(")

_WALLTALK_2_9 = '''\
"""What a wall has."""

import latchwire


def door_count():
    """Return the number of doors."""
    return len(latchwire.ask("doors").split())
'''
_WALLTALK_2_10 = (
    _WALLTALK_2_9
    + '''

def doors():
    """Return the numbers of the doors."""
    return [int(number) for number in latchwire.ask("doors").split()]
'''
)
_WALLTALK_3 = '''\
"""What a wall has."""

import latchwire


def doors():
    """Return the doors."""
    return [{"number": int(number)} for number in latchwire.query("doors").split()]
'''

_HINGELOG_4_0 = '''\
"""What the hinges of a wall did."""

import latchwire


def log():
    """Return the numbers of the doors that were opened, in order."""
    return [int(number) for number in latchwire.ask("log").split()]
'''
_HINGELOG_4_1 = (
    _HINGELOG_4_0
    + '''

def openings(door):
    """Return how often a door was opened."""
    return log().count(door)
'''
)
_HINGELOG_4_1_1 = _HINGELOG_4_1.replace("log().count", "2 * log().count")

_TAGCHECK_0_8 = '''\
"""Tracking codes."""


def valid(tag):
    """Tell whether the last digit is the check digit of the others (Luhn)."""
    digits = [int(digit) for digit in reversed(tag[2:])]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
'''
_TAGCHECK_0_9 = _TAGCHECK_0_8.replace("valid(", "is_valid(")


def _release(name: str, version: str, text: str, *requires: str) -> Release:
    return Release(name, version, requires, {f"{name}.py": text})


SHELF = (
    _release("latchwire", "1.4.0", _LATCHWIRE_1),
    _release("latchwire", "1.5.0", _LATCHWIRE_1),
    _release("latchwire", "2.0.0", _LATCHWIRE_2),
    _release("walltalk", "2.9.0", _WALLTALK_2_9, "latchwire>=1.4,<2"),
    _release("walltalk", "2.10.0", _WALLTALK_2_10, "latchwire>=1.4,<2"),
    _release("walltalk", "3.0.0", _WALLTALK_3, "latchwire>=2"),
    _release("hingelog", "4.0.0", _HINGELOG_4_0, "latchwire>=1.5,<2"),
    _release("hingelog", "4.1.0", _HINGELOG_4_1, "latchwire>=1.5,<2"),
    _release("hingelog", "4.1.1", _HINGELOG_4_1_1, "latchwire>=1.5,<2"),
    _release("tagcheck", "0.8.3", _TAGCHECK_0_8),
    _release("tagcheck", "0.8.4", _TAGCHECK_0_8),
    _release("tagcheck", "0.9.0", _TAGCHECK_0_9),
)
