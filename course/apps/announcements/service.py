"""The announcements desk: routes, and what they need."""

from typing import Annotated

from fastapi import FastAPI, Query, Response

from . import problems
from .errors import AlreadyAnnouncedError, ParcelNotFoundError
from .models import Announcement, Parcel, ParcelQuery, TrackingCode

ANY_ERROR = {
    "description": "A problem document (RFC 9457)",
    "content": {problems.MEDIA_TYPE: {"schema": problems.Problem.model_json_schema()}},
}

app = FastAPI(title="Lockerline announcements", responses={"default": ANY_ERROR})
problems.install(app)

PARCELS = {
    parcel.tracking_code: parcel
    for parcel in [
        Parcel(
            tracking_code="LL0000000018", size="S", recipient="Ada D.", state="late"
        ),
        Parcel(tracking_code="LL0000000026", size="L", recipient="Nuno K."),
        Parcel(tracking_code="LL0000000034", size="S", recipient="Tea M."),
    ]
}


@app.get("/parcels")
def list_parcels(query: Annotated[ParcelQuery, Query()]) -> list[Parcel]:
    """Return the first parcels, of one size where one is asked for."""
    parcels = list(PARCELS.values())  # a copy: another thread may announce one now
    found = [each for each in parcels if query.size in (None, each.size)]
    return found[: query.limit]


@app.get("/parcels/late")
def late_parcels() -> list[Parcel]:
    """Return the parcels that were announced long ago and have not come."""
    return [each for each in list(PARCELS.values()) if each.state == "late"]


@app.get("/parcels/{tracking}")
def one_parcel(tracking: TrackingCode) -> Parcel:
    """Return one parcel."""
    if tracking not in PARCELS:
        raise ParcelNotFoundError(f"No parcel {tracking} has been announced.")
    return PARCELS[tracking]


@app.post("/parcels", status_code=201)
def announce(announcement: Announcement, response: Response) -> Parcel:
    """Note a parcel that a shop will send."""
    parcel = Parcel(**announcement.model_dump())
    code = parcel.tracking_code
    # One step, because two threads may announce the same parcel at the same time.
    if PARCELS.setdefault(code, parcel) is not parcel:
        raise AlreadyAnnouncedError(f"Parcel {code} has been announced before.")
    response.headers["Location"] = f"/parcels/{code}"
    return parcel
