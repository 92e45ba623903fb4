"""Tracking codes: ``LL``, nine digits and a check digit (rule 6)."""

import re

_SHAPE = re.compile(r"LL[0-9]{10}", re.ASCII)
LARGEST_NUMBER = 999_999_999


def from_number(number: int) -> str:
    """Return the tracking code of a parcel's number, 0 to 999 999 999.

    >>> from_number(1)
    'LL0000000018'

    Raises ValueError for a number that has more than nine digits or is negative.
    """
    if not 0 <= number <= LARGEST_NUMBER:
        raise ValueError(f"{number} is not a number of at most nine digits.")
    digits = f"{number:09d}"
    return f"LL{digits}{check_digit(digits)}"


def checked(text: str) -> str:
    """Return ``text`` if it is a tracking code; raise ValueError if it is not."""
    if not _SHAPE.fullmatch(text):
        raise ValueError("A tracking code is LL and ten digits, such as LL0000000018.")
    if text[-1] != check_digit(text[2:-1]):
        raise ValueError("The check digit does not fit the digits before it. Mistyped?")
    return text


def check_digit(digits: str) -> str:
    """Return the digit that completes ``digits`` (Luhn, ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        if place % 2 == 0:  # every second digit, from the right
            value *= 2
        total += value // 10 + value % 10
    return str(-total % 10)
