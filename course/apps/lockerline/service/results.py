"""What the use cases return."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from ..domain.parcel import Parcel, Size, State
from ..domain.stay import Stay
from ..repository.lockers import Site


@dataclass(frozen=True)
class Whereabouts:
    """A parcel at a moment: its state then, its stay if it has one, the fee."""

    parcel: Parcel
    state: State
    stay: Stay | None
    fee: Decimal | None


@dataclass(frozen=True)
class Availability:
    """The free compartments of a site, by size."""

    site: Site
    free: dict[Size, int]


@dataclass(frozen=True)
class Deposit:
    """A parcel has been put into a compartment. Holds no pickup code: it is kept."""

    tracking_code: str
    site_id: int
    compartment: int
    deposited_at: datetime.datetime
    free_until: datetime.datetime
    expires_at: datetime.datetime


@dataclass(frozen=True)
class Collection:
    """A parcel has been handed out."""

    tracking_code: str
    site_id: int
    compartment: int
    collected_at: datetime.datetime
    fee: Decimal
