"""What comes in and goes out, as types that FastAPI checks before a handler runs."""

from typing import Annotated, Literal

from lockerline.domain import tracking_code
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

TrackingCode = Annotated[str, AfterValidator(tracking_code.checked)]
Size = Literal["S", "M", "L"]


class Announcement(BaseModel):
    """What a shop tells of a parcel. Unknown members and guessed types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    tracking_code: TrackingCode
    size: Size
    weight_g: Annotated[int, Field(gt=0, le=30_000)] | None = None
    recipient: Annotated[str, Field(min_length=1, max_length=80)]


class Parcel(Announcement):
    """A parcel that has been announced."""

    state: Literal["announced", "late"] = "announced"


class ParcelQuery(BaseModel):
    """The query of ``GET /parcels``. A misspelt name is an error and no silence."""

    model_config = ConfigDict(extra="forbid")

    size: Size | None = None
    limit: Annotated[int, Field(ge=1, le=50)] = 10
