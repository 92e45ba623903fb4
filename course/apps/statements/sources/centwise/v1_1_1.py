"""Amounts of money, rounded and written."""

from decimal import ROUND_HALF_UP, Decimal


def rounded(amount: Decimal) -> Decimal:
    """Return an amount in whole cents."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def euros(amount: Decimal | int) -> str:
    """Write an amount: ``1,50 EUR``."""
    return f"{rounded(Decimal(amount))} EUR".replace(".", ",")
