"""Shops say where they want to be told; a service for asking the same thing twice."""

from typing import Annotated

from fastapi import Body, FastAPI, HTTPException

app = FastAPI(title="Subscriptions")
urls: dict[int, str] = {}
Url = Annotated[str, Body(embed=True)]


@app.post("/subscriptions", status_code=201)
def subscribe(url: Url) -> dict[str, int]:
    """Add one more; the server chooses its number."""
    number = max(urls, default=0) + 1
    urls[number] = url
    return {"number": number}


@app.put("/subscriptions/{number}", status_code=204)
def replace(number: int, url: Url) -> None:
    """Make that one what the client says, whatever it was."""
    urls[number] = url


@app.delete("/subscriptions/{number}", status_code=204)
def end(number: int) -> None:
    """Make that one absent."""
    if number not in urls:
        raise HTTPException(404, f"There is no subscription {number}.")
    del urls[number]


@app.get("/subscriptions")
def listed() -> dict[int, str]:
    """Tell all of them."""
    return urls
