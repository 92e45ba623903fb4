"""A small Lockerline service on the tiny framework."""

from lockerline.domain import tracking_code

from .framework import App, HTTPError, read_json
from .sites import FREE, SITES

PARCELS: dict[str, dict] = {}


def list_sites(environ):
    """GET /sites."""
    return "200 OK", list(SITES.values()), {}


def availability(environ, site_id):
    """GET /sites/{site_id}/availability."""
    if not (site_id.isascii() and site_id.isdecimal()):
        raise invalid("site_id must be a whole number.")
    if int(site_id) not in SITES:
        raise HTTPError("404 Not Found", f"There is no site {site_id}.")
    return "200 OK", {"site_id": int(site_id), "free": FREE[int(site_id)]}, {}


def announce(environ):
    """POST /parcels."""
    parcel = checked(read_json(environ))
    code = parcel["tracking_code"]
    # One step, because two threads may announce the same parcel at the same time.
    if PARCELS.setdefault(code, parcel) is not parcel:
        raise HTTPError("409 Conflict", f"Parcel {code} has been announced before.")
    return "201 Created", parcel, {"Location": f"/parcels/{code}"}


def checked(body):
    """Return the announced parcel. Raises HTTPError 422, naming the field at fault."""
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.")
    try:
        code = tracking_code.checked(str(body.get("tracking_code")))
    except ValueError as error:
        raise invalid(f"tracking_code: {error}") from None
    if body.get("size") not in ("S", "M", "L"):
        raise invalid("size must be S, M or L.")
    return {"tracking_code": code, "size": body["size"], "state": "announced"}


def invalid(detail):
    """Return the error for a request that can be read and makes no sense."""
    return HTTPError("422 Unprocessable Content", detail)


app = App()
app.add("GET", "/sites", list_sites)
app.add("GET", "/sites/{site_id}/availability", availability)
app.add("POST", "/parcels", announce)
