"""A first try at the desk: it works, and it believes nearly anything."""

from typing import Literal

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Announcement(BaseModel):
    """What a shop tells of a parcel."""

    tracking_code: str
    size: Literal["S", "M", "L"]
    weight_g: int | None = None


@app.get("/parcels")
def list_parcels(limit: int = 10):
    """Return the first parcels."""
    return {"limit": limit}


@app.get("/parcels/{tracking}")
def one_parcel(tracking: str):
    """Return one parcel."""
    return {"tracking": tracking, "handler": "one_parcel"}


@app.get("/parcels/late")
def late_parcels():
    """Return the parcels that have not come."""
    return {"handler": "late_parcels"}


@app.post("/parcels", status_code=201)
def announce(announcement: Announcement):
    """Note a parcel that a shop will send."""
    return announcement
