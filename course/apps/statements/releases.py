"""The releases of Lockerline's world, in the order in which they reach the shelf.

``feesheet`` knows what storage costs, ``shopletter`` writes to shops, and both need
``centwise``, which writes amounts of money.
"""

from pathlib import Path

from backend_course.lab.wheelhouse.wheels import Release

_SOURCES = Path(__file__).with_name("sources")


def _release(name: str, version: str, source: str, *requires: str) -> Release:
    module = (_SOURCES / name / f"{source}.py").read_text(encoding="utf-8")
    return Release(name, version, requires, {f"{name}.py": module})


MONDAY = (
    _release("centwise", "1.0.0", "v1_0"),
    _release("centwise", "1.1.0", "v1_0"),
    _release("centwise", "2.0.0", "v1_0"),
    _release("feesheet", "1.3.0", "v1_3", "centwise>=1,<2"),
    _release("feesheet", "1.4.0", "v1_4", "centwise>=1,<2"),
    _release("feesheet", "2.0.0", "v2_0", "centwise>=2"),
    _release("shopletter", "3.0.0", "v3_0", "centwise>=1,<2"),
)
"""What there is on Monday."""

TUESDAY = (_release("centwise", "1.1.1", "v1_1_1"),)
"""What comes on Tuesday: amounts with a comma, called a bug fix."""

A_YEAR_LATER = (_release("shopletter", "3.1.0", "v3_0", "centwise>=1,<3"),)
"""What has come by the time that somebody upgrades."""
