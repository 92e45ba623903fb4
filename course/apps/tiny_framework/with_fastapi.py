"""The same small Lockerline service on FastAPI."""

from typing import Annotated, Literal

from fastapi import FastAPI, HTTPException, Response
from lockerline.domain import tracking_code
from pydantic import AfterValidator, BaseModel

from .sites import FREE, SITES

PARCELS: dict[str, dict] = {}

app = FastAPI()


class Announcement(BaseModel):
    """What a shop tells of a parcel."""

    tracking_code: Annotated[str, AfterValidator(tracking_code.checked)]
    size: Literal["S", "M", "L"]


@app.get("/sites")
def list_sites():
    """Return all sites."""
    return list(SITES.values())


@app.get("/sites/{site_id}/availability")
def availability(site_id: int):
    """Return how many compartments of each size are free."""
    if site_id not in SITES:
        raise HTTPException(404, f"There is no site {site_id}.")
    return {"site_id": site_id, "free": FREE[site_id]}


@app.post("/parcels", status_code=201)
def announce(announcement: Announcement, response: Response):
    """Note a parcel that a shop will send."""
    parcel = announcement.model_dump() | {"state": "announced"}
    code = announcement.tracking_code
    # One step, because two threads may announce the same parcel at the same time.
    if PARCELS.setdefault(code, parcel) is not parcel:
        raise HTTPException(409, f"Parcel {code} has been announced before.")
    response.headers["Location"] = f"/parcels/{code}"
    return parcel
