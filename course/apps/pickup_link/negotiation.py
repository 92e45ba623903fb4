"""Which form of a thing does a client want? (RFC 9110, sections 12.4.2 and 12.5.1)"""


def best(accept: str, offers: list[str]) -> str | None:
    """Return the offer that a client likes best, or None if it wants none of them.

    ``accept`` is the value of the header field Accept, such as
    ``text/html, */*;q=0.1``; an empty one means that all is well. ``offers`` are media
    types without parameters, the server's favourite first: it decides where the client
    does not. Parameters of a media range other than ``q`` are not looked at.
    """
    ranges = [_media_range(part) for part in accept.split(",") if part.strip()]
    if not ranges:
        return offers[0]
    liked = max(offers, key=lambda offer: _quality(offer, ranges))
    return liked if _quality(liked, ranges) > 0 else None


def _media_range(text: str) -> tuple[str, float]:
    """Return a media range and its quality, 0 for one that cannot be read."""
    name, *parameters = (piece.strip().lower() for piece in text.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key == "q":
            try:
                return name, float(value)
            except ValueError:
                return name, 0.0
    return name, 1.0


def _quality(offer: str, ranges: list[tuple[str, float]]) -> float:
    """Return what the most specific media range says of an offer; 0 if none does."""
    named = dict(ranges)
    for name in (offer, f"{offer.partition('/')[0]}/*", "*/*"):
        if name in named:
            return named[name]
    return 0.0
