"""What storing a parcel costs."""

from decimal import Decimal

from centwise import rounded

FREE_HOURS = 72


def fee(hours: int) -> Decimal:
    """Return the fee for the hours of a stay, in euros."""
    days = max(0, -(-(hours - FREE_HOURS) // 24))
    return rounded(min(Decimal("1.50") * days, Decimal(15)))
