"""What clients send and get, as JSON."""

import datetime
from decimal import Decimal
from typing import Annotated, Self

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

from ..domain import tracking_code
from ..domain.parcel import Parcel, Size, State
from ..domain.pickup_code import DIGITS
from ..service.results import Availability, Collection, Deposit, Whereabouts


def _tracking_code(text: str) -> str:
    try:
        return tracking_code.checked(text)
    except ValueError as error:
        raise PydanticCustomError("tracking_code", str(error)) from None


TrackingCode = Annotated[str, AfterValidator(_tracking_code)]
SiteId = Annotated[int, Path(ge=1, le=2**31 - 1)]  # a PostgreSQL integer
# Printable, because PostgreSQL takes no NUL and no reader wants the other controls.
Name = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]*$",
    ),
]
PickupCode = Annotated[str, StringConstraints(pattern=rf"^[0-9]{{{DIGITS}}}$")]


class _Request(BaseModel):
    """A body that comes in. A member that nobody knows is more likely a mistake."""

    model_config = ConfigDict(extra="forbid")


class ParcelRequest(_Request):
    """A shop announces a parcel."""

    size: Size
    shop: Name
    recipient: Name


class DepositRequest(_Request):
    """A courier stands before the lockers with a parcel."""

    tracking_code: TrackingCode
    courier: Name


class CollectionRequest(_Request):
    """Somebody wants a parcel and says its code."""

    tracking_code: TrackingCode
    pickup_code: PickupCode


class AnnouncedParcel(BaseModel):
    """The answer to an announcement."""

    tracking_code: str
    size: Size
    shop: str
    state: State
    announced_at: datetime.datetime

    @classmethod
    def of(cls, parcel: Parcel) -> Self:
        """Say what has been noted."""
        return cls.model_validate(parcel, from_attributes=True)


class StayView(BaseModel):
    """Where a parcel lies or has lain."""

    site_id: int
    deposited_at: datetime.datetime
    free_until: datetime.datetime
    expires_at: datetime.datetime
    left_at: datetime.datetime | None


class ParcelView(AnnouncedParcel):
    """A parcel as anybody may see it who has its tracking code.

    That is many people, so there is neither a recipient in it nor a compartment.
    """

    stay: StayView | None
    fee: Decimal | None

    @classmethod
    def of(cls, whereabouts: Whereabouts) -> Self:
        """Say where a parcel is, and what is or was to be paid."""
        parcel, stay = whereabouts.parcel, whereabouts.stay
        return cls(
            tracking_code=parcel.tracking_code,
            size=parcel.size,
            shop=parcel.shop,
            state=whereabouts.state,
            announced_at=parcel.announced_at,
            stay=StayView.model_validate(stay, from_attributes=True) if stay else None,
            fee=whereabouts.fee,
        )


class AvailabilityView(BaseModel):
    """The free compartments of a site."""

    site_id: int
    name: str
    time_zone: str
    free: dict[Size, int]

    @classmethod
    def of(cls, availability: Availability) -> Self:
        """Say what is free."""
        return cls(**vars(availability.site), free=availability.free)


class DepositView(BaseModel):
    """The answer to a deposit: which door opens, and the code for the recipient."""

    tracking_code: str
    site_id: int
    compartment: int
    pickup_code: str
    deposited_at: datetime.datetime
    free_until: datetime.datetime
    expires_at: datetime.datetime

    @classmethod
    def of(cls, deposit: Deposit, pickup_code: str) -> Self:
        """Say what has been done."""
        return cls(**vars(deposit), pickup_code=pickup_code)


class CollectionView(BaseModel):
    """The answer to a collection: which door opens, and what it cost."""

    tracking_code: str
    site_id: int
    compartment: int
    collected_at: datetime.datetime
    fee: Decimal

    @classmethod
    def of(cls, collection: Collection) -> Self:
        """Say what has been done."""
        return cls(**vars(collection))
