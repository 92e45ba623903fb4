"""What a stay costs (rule 3)."""

import datetime
from decimal import Decimal

FREE = datetime.timedelta(hours=72)
DAY = datetime.timedelta(hours=24)
PER_DAY = Decimal("1.50")
LIMIT = Decimal("15.00")


def storage_fee(stayed: datetime.timedelta) -> Decimal:
    """Return the fee, to the cent: 72 hours free, then 1.50 per started 24 hours.

    >>> storage_fee(datetime.timedelta(hours=72, seconds=1))
    Decimal('1.50')
    """
    started_days = -((FREE - stayed) // DAY)  # division rounds down, so this rounds up
    return min(max(started_days, 0) * PER_DAY, LIMIT)
