"""A service that runs in several processes behind a balancer.

Two variables of the environment are read:

* ``NAME``: what the process calls itself in the header X-Backend.
* ``JOURNAL``: the file that all processes add their deposits to.
"""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import Depends, FastAPI, Response
from fastapi.responses import StreamingResponse

NAME = os.environ.get("NAME", "A")
QUICK, SLOW = 0.01, 0.2  # seconds


def name_backend(response: Response) -> None:
    """Say in a header which process has answered."""
    response.headers["X-Backend"] = NAME


app = FastAPI(title="Post office", dependencies=[Depends(name_backend)])
# On purpose: this number lives in one process, and lesson 6.5 shows what comes of that.
numbers = itertools.count(1)


@app.get("/parcels/{code}")
async def parcel(code: str, slow: str = "") -> dict[str, str]:
    """Tell the state of a parcel; the process that ``slow`` names takes its time."""
    await asyncio.sleep(SLOW if slow == NAME else QUICK)
    return {"code": code, "state": "deposited"}


@app.post("/numbers", status_code=201)
async def draw_number() -> dict[str, int]:
    """Give the next number of the waiting line."""
    return {"number": next(numbers)}


@app.post("/deposits/{code}", status_code=201)
async def deposit(code: str, power_cut: str = "") -> dict[str, str]:
    """Write a deposit into the journal.

    The process that ``power_cut`` names is killed after that, before it can answer.
    """
    with Path(os.environ["JOURNAL"]).open("a", encoding="utf-8") as journal:
        journal.write(f"{code} {NAME}\n")
    if power_cut == NAME:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"code": code}


@app.get("/manifest")
async def manifest() -> StreamingResponse:
    """Send a courier's list, line by line, for about a second."""

    async def lines() -> AsyncIterator[str]:
        for stop in range(1, 6):
            yield f"stop {stop}\n"
            await asyncio.sleep(0.2)
        yield "end of the list\n"

    # Without X-Accel-Buffering nginx may gather the lines, which come late then.
    headers = {"X-Backend": NAME, "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), media_type="text/plain", headers=headers)
