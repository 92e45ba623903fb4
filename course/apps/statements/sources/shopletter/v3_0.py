"""Letters to shops."""

from collections.abc import Iterable
from decimal import Decimal

from centwise import euros


def letter(shop: str, rows: Iterable[tuple[str, Decimal]]) -> str:
    """Return the text of a statement: the shop, a line for each amount, the sum."""
    amounts = dict(rows)
    lines = {**amounts, "sum": sum(amounts.values())}.items()
    return "\n".join([shop, *(f"{text:<14}{euros(each):>12}" for text, each in lines)])
