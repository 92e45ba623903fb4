"""What Lockerline does, use case by use case."""

import datetime
from dataclasses import dataclass, replace

from psycopg import Connection

from ..clock import Clock
from ..database.pool import Database
from ..domain import tracking_code as tracking_codes
from ..domain.errors import (
    IllegalMoveError,
    LockerlineError,
    NoFreeCompartmentError,
    ParcelElsewhereError,
    ParcelNotFoundError,
    PickupLockedError,
    SiteNotFoundError,
    WrongPickupCodeError,
)
from ..domain.parcel import Parcel, Size, State
from ..domain.pickup_code import PickupCodes
from ..domain.stay import Stay
from ..repository import lockers, parcels, stays
from ..repository.lockers import Site
from .idempotency import Outcome, Repeatable, once
from .results import Availability, Collection, Deposit, Whereabouts


@dataclass(frozen=True)
class Lockerline:
    """The service behind the API.

    Methods raise a LockerlineError for what the rules refuse, and
    psycopg.OperationalError when the database does not answer.
    """

    database: Database
    clock: Clock
    pickup_codes: PickupCodes

    def announce(
        self, size: Size, shop: str, recipient: str, request: Repeatable | None = None
    ) -> Outcome[Parcel]:
        """Take note of a parcel that a shop is going to send, and give it its code."""
        now = self.clock.now()
        with self.database.transaction() as connection:

            def act() -> Parcel:
                number = parcels.next_number(connection)
                code = tracking_codes.from_number(number)
                parcel = Parcel(code, size, shop, recipient, State.ANNOUNCED, now)
                parcels.add(connection, parcel)
                return parcel

            return once(connection, request, now, Parcel, act)

    def find(self, tracking_code: str) -> Whereabouts:
        """Return a parcel as it is now."""
        with self.database.snapshot() as connection:
            parcel = parcels.find(connection, tracking_code)
            stay = stays.find(connection, tracking_code)
        if parcel is None:
            raise ParcelNotFoundError(tracking_code)
        if stay is None:
            return Whereabouts(parcel, parcel.state, stay=None, fee=None)
        now = self.clock.now()
        return Whereabouts(
            parcel, stay.state_at(parcel.state, now), stay, stay.fee_at(now)
        )

    def availability(self, site_id: int) -> Availability:
        """Return how many compartments of a site are free."""
        with self.database.transaction() as connection:
            site = _site(connection, site_id)
            return Availability(site, lockers.count_free(connection, site_id))

    def deposit(
        self,
        site_id: int,
        tracking_code: str,
        courier: str,
        request: Repeatable | None = None,
    ) -> Outcome[Deposit]:
        """Put a parcel into the smallest free compartment that fits."""
        now = self.clock.now()
        with self.database.transaction() as connection:

            def act() -> Deposit:
                return self._deposit(connection, site_id, tracking_code, courier, now)

            return once(connection, request, now, Deposit, act)

    def collect(self, site_id: int, tracking_code: str, pickup_code: str) -> Collection:
        """Hand out a parcel to whoever has its code."""
        with self.database.transaction() as connection:
            outcome = self._try_to_collect(
                connection, site_id, tracking_code, pickup_code
            )
        # Raised after the commit: a rollback would forget that the code was wrong.
        if isinstance(outcome, LockerlineError):
            raise outcome
        return outcome

    def _deposit(
        self,
        connection: Connection,
        site_id: int,
        tracking_code: str,
        courier: str,
        now: datetime.datetime,
    ) -> Deposit:
        # All that can be refused is refused before a compartment is locked, because
        # others pass over a locked one as if it were taken.
        _site(connection, site_id)
        parcel = parcels.lock(connection, tracking_code)
        if parcel is None:
            raise ParcelNotFoundError(tracking_code)
        deposited = parcel.state.move(State.DEPOSITED)
        stay = self._begin_stay(connection, site_id, parcel, courier, now)
        parcels.set_state(connection, tracking_code, deposited)
        return Deposit(
            tracking_code,
            site_id,
            stay.compartment_number,
            stay.deposited_at,
            stay.free_until,
            stay.expires_at,
        )

    def _begin_stay(
        self,
        connection: Connection,
        site_id: int,
        parcel: Parcel,
        courier: str,
        now: datetime.datetime,
    ) -> Stay:
        code = self.pickup_codes.issue(parcel.tracking_code)
        digest = self.pickup_codes.digest(parcel.tracking_code, code)
        while True:
            number = lockers.lock_smallest_free(
                connection, site_id, parcel.size.fitting()
            )
            if number is None:
                raise NoFreeCompartmentError(site_id, parcel.size)
            stay = Stay(parcel.tracking_code, site_id, number, courier, now, digest)
            if stays.begin(connection, stay):
                return stay
            # Between our look and our lock another deposit filled it and was committed.
            # The next look sees that, so each turn is another courier's success.

    def _try_to_collect(
        self,
        connection: Connection,
        site_id: int,
        tracking_code: str,
        pickup_code: str,
    ) -> Collection | WrongPickupCodeError | PickupLockedError:
        """Collect, or return how the code was refused, which has to be committed."""
        _site(connection, site_id)
        parcel = parcels.lock(connection, tracking_code)
        if parcel is None:
            raise ParcelNotFoundError(tracking_code)
        now = self.clock.now()  # after the wait for the lock
        stay = stays.find(connection, tracking_code)
        if stay is None:
            raise IllegalMoveError(parcel.state, State.COLLECTED)
        if stay.site_id != site_id:
            raise ParcelElsewhereError(tracking_code, site_id)
        collected = stay.state_at(parcel.state, now).move(State.COLLECTED)
        refusal = self._check_code(connection, stay, pickup_code, now)
        if refusal:
            return refusal
        stay = replace(stay, left_at=now, fee=stay.fee_at(now))
        stays.save(connection, stay)
        parcels.set_state(connection, tracking_code, collected)
        return Collection(
            tracking_code, site_id, stay.compartment_number, now, stay.fee_at(now)
        )

    def _check_code(
        self,
        connection: Connection,
        stay: Stay,
        pickup_code: str,
        now: datetime.datetime,
    ) -> WrongPickupCodeError | PickupLockedError | None:
        """Return what is wrong with a code, and count it; None if it opens the door."""
        if not stay.lock_left(now):
            if self.pickup_codes.matches(
                stay.tracking_code, pickup_code, stay.pickup_code_digest
            ):
                return None
            stay = stay.after_wrong_code(now)
            stays.save(connection, stay)
        if stay.lock_left(now):
            return PickupLockedError(stay.lock_left(now))
        return WrongPickupCodeError(stay.attempts_left)


def _site(connection: Connection, site_id: int) -> Site:
    site = lockers.find_site(connection, site_id)
    if site is None:
        raise SiteNotFoundError(site_id)
    return site
