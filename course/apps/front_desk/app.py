"""A service that says what it believes about the request that it got.

It reads no headers of a proxy by itself. uvicorn does that, for peers that it trusts
(``--forwarded-allow-ips``, by default 127.0.0.1 only): it takes the scheme from
X-Forwarded-Proto, and the client from X-Forwarded-For.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, HTTPException, Request, Response

PARCELS = {"LL000000018": "announced", "LL000000026": "deposited"}

app = FastAPI(title="Front desk")


@app.middleware("http")
async def log_request(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Write one JSON line for each request, with the id that the proxy gave it."""
    response = await call_next(request)
    entry = {
        "request_id": request.headers.get("X-Request-ID"),
        "method": request.method,
        "path": request.url.path,
        "status": response.status_code,
    }
    print(json.dumps(entry), flush=True)
    return response


@app.get("/beliefs")
async def beliefs(request: Request) -> dict[str, str | None]:
    """Tell who asked, how, for which host, and under which id."""
    return {
        "link": str(request.url_for("parcel", code="LL000000018")),
        "client": request.client.host if request.client else None,
        "request_id": request.headers.get("X-Request-ID"),
    }


@app.get("/parcels/{code}")
async def parcel(code: str) -> dict[str, str]:
    """Tell the state of a parcel."""
    if code not in PARCELS:
        raise HTTPException(404, f"No parcel {code}.")
    return {"code": code, "state": PARCELS[code]}


@app.post("/photos", status_code=201)
async def photo(request: Request) -> dict[str, int]:
    """Take the photo of a damaged parcel, and count its bytes."""
    return {"bytes": len(await request.body())}


@app.post("/reports", status_code=201)
async def report(seconds: float) -> dict[str, float]:
    """Write a report, which takes some seconds."""
    await asyncio.sleep(min(seconds, 10.0))
    print("The report is written.", flush=True)
    return {"took": seconds}
