"""A stay: one parcel in one compartment, its time and its lock (rules 3 and 4)."""

import datetime
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Self

from .parcel import State
from .storage_fee import FREE, storage_fee

LONGEST = datetime.timedelta(days=10)
WRONG_CODES = 5
LOCK = datetime.timedelta(minutes=15)


@dataclass(frozen=True)
class Stay:
    """One parcel in one compartment; ``left_at`` and ``fee`` come with its end."""

    tracking_code: str
    site_id: int
    compartment_number: int
    courier: str
    deposited_at: datetime.datetime
    pickup_code_digest: bytes
    left_at: datetime.datetime | None = None
    fee: Decimal | None = None
    wrong_codes: int = 0
    locked_until: datetime.datetime | None = None

    @property
    def free_until(self) -> datetime.datetime:
        """The moment after which the stay costs something."""
        return self.deposited_at + FREE

    @property
    def expires_at(self) -> datetime.datetime:
        """The moment from which the parcel can no longer be collected."""
        return self.deposited_at + LONGEST

    def state_at(self, noted: State, now: datetime.datetime) -> State:
        """Return the parcel's state at ``now``, when ``noted`` is what is stored.

        Nobody acts at the moment of expiry, so a parcel may be noted as deposited and
        have expired.
        """
        if noted is State.DEPOSITED and now >= self.expires_at:
            return noted.move(State.EXPIRED)
        return noted

    def fee_at(self, now: datetime.datetime) -> Decimal:
        """Return what was paid, or what is to be paid at ``now``."""
        return storage_fee(now - self.deposited_at) if self.fee is None else self.fee

    def lock_left(self, now: datetime.datetime) -> datetime.timedelta:
        """Return how long no code will be looked at; zero where the pickup is open."""
        if self.locked_until is None:
            return datetime.timedelta(0)
        return max(self.locked_until - now, datetime.timedelta(0))

    def after_wrong_code(self, now: datetime.datetime) -> Self:
        """Return the stay with one more wrong code; the fifth locks it."""
        if self.wrong_codes + 1 < WRONG_CODES:
            return replace(self, wrong_codes=self.wrong_codes + 1)
        return replace(self, wrong_codes=0, locked_until=now + LOCK)

    @property
    def attempts_left(self) -> int:
        """How many wrong codes are left before the lock."""
        return WRONG_CODES - self.wrong_codes
