"""Print what each waiting parcel owes in the morning."""

from math import ceil

WAITING = [
    ("LL0000204172", 80),
    ("LL4173300668", "96"),
    ("LL5309120078", 20),
]


def fee(hours):
    """Return the fee in cents; 72 hours are free."""
    if hours <= 72:
        return 0
    return min(ceil((hours - 72) / 24) * 150, 1500)


def line(code, hours):
    """Return a parcel's line of the report."""
    return f"{code} owes {fee(hours)} cents"


def report(parcels):
    """Return all lines, one below the other."""
    lines = []
    for code, hours in parcels:
        lines.append(line(code, hours))
    return "\n".join(lines)


print(report(WAITING))
