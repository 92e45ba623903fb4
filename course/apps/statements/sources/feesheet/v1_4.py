"""What storing a parcel costs."""

import warnings
from decimal import Decimal

from centwise import rounded

FREE_HOURS = 72


def fee_in_cents(hours: int) -> int:
    """Return the fee for the hours of a stay, in whole cents."""
    days = max(0, -(-(hours - FREE_HOURS) // 24))
    return min(150 * days, 1500)


def fee(hours: int) -> Decimal:
    """Return the fee for the hours of a stay, in euros."""
    warnings.warn(
        "fee() gives whole cents from 2.0.0 on, as fee_in_cents() does today",
        DeprecationWarning,
        stacklevel=2,
    )
    return rounded(Decimal(fee_in_cents(hours)) / 100)
