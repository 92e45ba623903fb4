"""What Lockerline refuses, and why. Each layer above may let these pass unchanged."""

import datetime
import math
from typing import Any


class LockerlineError(Exception):
    """A request that the rules refuse.

    The message is for people. ``members`` are the same facts for programs: names and
    values that go into the answer as they are.
    """

    def __init__(self, message: str, **members: Any) -> None:
        super().__init__(message)
        self.members = members


class SiteNotFoundError(LockerlineError):
    """No site has this number."""

    def __init__(self, site_id: int) -> None:
        super().__init__(f"There is no site {site_id}.")


class ParcelNotFoundError(LockerlineError):
    """No parcel has this tracking code."""

    def __init__(self, tracking_code: str) -> None:
        super().__init__(f"No parcel {tracking_code} has been announced.")


class IllegalMoveError(LockerlineError):
    """A parcel cannot go from its state to the wanted one (rule 1)."""

    def __init__(self, state: str, wanted: str) -> None:
        super().__init__(
            f"A parcel that is {state} cannot become {wanted}.", state=state
        )


class ParcelElsewhereError(LockerlineError):
    """The parcel lies at another site than the one that was asked for it."""

    def __init__(self, tracking_code: str, site_id: int) -> None:
        super().__init__(f"Parcel {tracking_code} is not at site {site_id}.")


class NoFreeCompartmentError(LockerlineError):
    """Each compartment that would fit is taken or out of service (rule 2)."""

    def __init__(self, site_id: int, size: str) -> None:
        super().__init__(
            f"Site {site_id} has no free compartment for size {size} at the moment. "
            "Try another site, or later."
        )


class WrongPickupCodeError(LockerlineError):
    """The code does not open this parcel's compartment (rule 4)."""

    def __init__(self, attempts_left: int) -> None:
        super().__init__(
            f"The pickup code is wrong. Attempts left: {attempts_left}.",
            attempts_left=attempts_left,
        )


class PickupLockedError(LockerlineError):
    """Too many wrong codes: no code is looked at until the lock ends (rule 4)."""

    def __init__(self, remaining: datetime.timedelta) -> None:
        seconds = math.ceil(remaining.total_seconds())
        super().__init__(
            f"Too many wrong codes. Try again in {seconds} seconds.",
            retry_after=seconds,
        )


class IdempotencyKeyReusedError(LockerlineError):
    """The key stands for another request, so this one cannot be its repetition."""

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key has been used for another request. "
            "Send the same request again, or take a new key."
        )
