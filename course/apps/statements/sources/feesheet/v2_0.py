"""What storing a parcel costs."""

from decimal import Decimal

from centwise import euros

FREE_HOURS = 72


def fee(hours: int) -> int:
    """Return the fee for the hours of a stay, in whole cents."""
    days = max(0, -(-(hours - FREE_HOURS) // 24))
    return min(150 * days, 1500)


fee_in_cents = fee


def explain(hours: int) -> str:
    """Say in words what a fee is made of."""
    amount = euros(Decimal(fee(hours)) / 100)
    return f"{hours} h, of which {FREE_HOURS} are free: {amount}"
