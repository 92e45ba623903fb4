"""The pickup link, as it was first (``/first/…``) and mended (``/pickups/…``).

Beside it, reminders to add, replace and delete, and ``/moved/…``, which redirects.
Everything is kept in memory, for one process. A real ticket is long and random, and
known to nobody else.
"""

from typing import Annotated

from fastapi import Body, FastAPI, HTTPException, Request, Response
from fastapi.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
)

from . import negotiation

DOORS = {"ada": 4, "ben": 2}
COLLECTED = {"cleo"}
FORMS = ["text/html", "application/json"]
EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "DELETE"]
Text = Annotated[str, Body(embed=True)]

app = FastAPI(title="Pickup link")
opened: list[int] = []
reminders: dict[int, str] = {}


@app.get("/openings")
def openings() -> list[int]:
    """Tell which doors were opened, in their order."""
    return opened


@app.get("/first/{ticket}/open")
def open_by_link(ticket: str) -> Response:
    """Open the door: what the first link in the mail did."""
    opened.append(DOORS[ticket])
    return PlainTextResponse(f"Door {DOORS[ticket]} is open.")


@app.get("/first/{ticket}")
def first_page(ticket: str, request: Request) -> Response:
    """Show the pickup in the form that the client wants, and forget to say so."""
    return _page(DOORS[ticket], request)


@app.api_route("/pickups/{ticket}", methods=["GET", "HEAD"])
def page(ticket: str, request: Request) -> Response:
    """Show the pickup in the form that the client wants. Opens nothing."""
    response = _page(_door(ticket), request)
    response.headers["Vary"] = "Accept"  # caches: mind what was asked for
    return response


@app.post("/pickups/{ticket}/openings")
def open_door(ticket: str) -> Response:
    """Open the door, and send the client on to the page."""
    opened.append(_door(ticket))
    return RedirectResponse(f"/pickups/{ticket}", status_code=303)


@app.get("/reminders")
def all_reminders() -> dict[int, str]:
    """Tell all reminders."""
    return reminders


@app.post("/reminders", status_code=201)
def add_reminder(text: Text, response: Response) -> dict[str, int]:
    """Add a reminder; its address is in Location."""
    number = max(reminders, default=0) + 1
    reminders[number] = text
    response.headers["Location"] = f"/reminders/{number}"
    return {"number": number}


@app.get("/reminders/{number}")
def one_reminder(number: int) -> dict[str, str]:
    """Tell one reminder."""
    return {"text": reminders[_known(number)]}


@app.put("/reminders/{number}", status_code=204)
def replace_reminder(number: int, text: Text) -> None:
    """Give a reminder another text."""
    reminders[_known(number)] = text


@app.delete("/reminders/{number}", status_code=204)
def delete_reminder(number: int) -> None:
    """Take a reminder away."""
    del reminders[_known(number)]


@app.api_route("/moved/{status}/{path:path}", methods=EVERY_METHOD)
def moved(status: int, path: str) -> Response:
    """Send the client on to ``/path``, with the status of its choice."""
    return RedirectResponse(f"/{path}", status_code=status)


def _door(ticket: str) -> int:
    if ticket in COLLECTED:
        raise HTTPException(410, "This parcel has been collected. Delete the link.")
    if ticket not in DOORS:
        raise HTTPException(404, "There is no such ticket.")
    return DOORS[ticket]


def _known(number: int) -> int:
    if number not in reminders:
        raise HTTPException(404, f"There is no reminder {number}.")
    return number


def _page(door: int, request: Request) -> Response:
    form = negotiation.best(request.headers.get("Accept", ""), FORMS)
    if form == "application/json":
        return JSONResponse({"door": door})
    if form == "text/html":
        action = f"{request.url.path}/openings"
        return HTMLResponse(
            f'<form method="post" action="{action}">\n'
            f"<button>Open door {door}</button>\n"
            "</form>\n"
        )
    raise HTTPException(406, {"available": FORMS}, headers={"Vary": "Accept"})
