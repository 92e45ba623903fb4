"""The rules of Lockerline that its data obeys: tracking codes, storage fees, sizes."""

import datetime
from decimal import Decimal

SIZES = ("S", "M", "L")
FREE = datetime.timedelta(hours=72)
EXPIRY = datetime.timedelta(days=10)
FEE_PER_DAY = Decimal("1.50")
FEE_LIMIT = Decimal("15.00")


def luhn_digit(digits: str) -> str:
    """Return the check digit of ``digits`` (Luhn's algorithm, ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def tracking_code(number: int) -> str:
    """Return ``LL``, nine digits and a check digit for a parcel's number (0 to 999 999 999)."""
    digits = f"{number:09d}"
    return f"LL{digits}{luhn_digit(digits)}"


def storage_fee(stayed: datetime.timedelta) -> Decimal:
    """Return what a stay of this length costs: 72 hours free, then 1.50 per started 24 hours."""
    started_days = -((FREE - stayed) // datetime.timedelta(days=1))
    return min(max(started_days, 0) * FEE_PER_DAY, FEE_LIMIT).quantize(Decimal("0.01"))
