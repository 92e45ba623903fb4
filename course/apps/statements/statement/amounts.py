"""The amounts of a statement."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from feesheet import fee


def owed(stays: Mapping[str, int]) -> Iterator[tuple[str, Decimal]]:
    """Give for each parcel, by its hours in the wall, what is owed in euros."""
    for tracking_code, hours in stays.items():
        yield tracking_code, fee(hours)
