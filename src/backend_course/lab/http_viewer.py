"""Show what went over the wire: the request and the answer behind a ``requests`` response.

>>> from backend_course.lab import http_viewer
>>> http_viewer.show(requests.get(f"{app.url}/parcels/LL000000018"))  # doctest: +SKIP
> GET /parcels/LL000000018
< 200 OK
< content-type: application/json
<
< {
<   "state": "announced"
< }

The text has no port, host or date in it, so it is the same in each run. As in ``curl -v``, lines
with ``>`` were sent and lines with ``<`` came back. In a notebook the same is shown as a card.
"""

import html
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from http import HTTPStatus

import requests

# In each exchange, or another in each run: of no use to a reader, and a nuisance to a comparison.
_ROUTINE = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "date",
        "host",
        "keep-alive",
        "server",
        "transfer-encoding",
        "user-agent",
    }
)
_SECRET = frozenset({"authorization", "proxy-authorization", "x-api-key"})
_LONGEST = 40  # lines of a body
# RFC 9110 gave these other names; which one a server sends depends on the age of its Python.
_RENAMED = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, reduced to what a reader wants to see."""

    method: str
    path: str
    sent_headers: Headers
    sent_body: str
    status: int
    reason: str
    headers: Headers
    body: str

    def __repr__(self) -> str:
        sent = _message(f"{self.method} {self.path}", self.sent_headers, self.sent_body)
        came = _message(f"{self.status} {self.reason}".strip(), self.headers, self.body)
        return "\n".join(
            [f"> {line}".rstrip() for line in sent] + [f"< {line}".rstrip() for line in came]
        )

    def _repr_html_(self) -> str:
        colour = _STATUS_COLOURS.get(self.status // 100, _GREY)
        return (
            f'<div style="{_CARD}border-left:4px solid {colour};">'
            + _html_message(
                f'{_badge(self.method, _BLUE)} <code style="{_PLAIN}">{html.escape(self.path)}'
                "</code>",
                self.sent_headers,
                self.sent_body,
            )
            + f'<div style="{_RULE}"></div>'
            + _html_message(
                f"{_badge(str(self.status), colour)} {html.escape(self.reason)}",
                self.headers,
                self.body,
            )
            + "</div>"
        )


class Exchanges(tuple[Exchange, ...]):
    """Several exchanges, in the order in which they happened."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n\n".join(map(repr, self))

    def _repr_html_(self) -> str:
        return "".join(exchange._repr_html_() for exchange in self)


def exchange(response: requests.Response, headers: Collection[str] | None = None) -> Exchange:
    """Return the one exchange that ended in ``response``, without the redirects before it.

    ``headers`` are the names of those to show, of the request and of the answer. Without it all
    are shown but the routine ones (date, server, host, length…), and secrets are masked; a secret
    that is named in ``headers`` is shown in full.
    """
    sent = response.request
    return Exchange(
        method=sent.method or "",
        path=sent.path_url,
        sent_headers=_chosen(
            (item for item in sent.headers.items() if item != ("Accept", "*/*")), headers
        ),
        sent_body=_readable(_as_bytes(sent.body), sent.headers.get("Content-Type", "")),
        status=response.status_code,
        reason=_reason(response),
        headers=_chosen(response.headers.items(), headers),
        body=_readable(response.content, response.headers.get("Content-Type", "")),
    )


def show(*responses: requests.Response, headers: Collection[str] | None = None) -> Exchanges:
    """Return all exchanges of ``responses``, redirects included, to look at in a notebook.

    ``headers`` is as in ``exchange``.
    """
    return Exchanges(
        exchange(step, headers) for response in responses for step in (*response.history, response)
    )


def _chosen(items: Iterable[tuple[str, str]], wanted: Collection[str] | None) -> Headers:
    lowered = [(name.lower(), str(value)) for name, value in items]
    if wanted is not None:
        names = {name.lower() for name in wanted}
        return tuple(item for item in lowered if item[0] in names)
    return tuple(
        (name, _masked(value) if name in _SECRET else value)
        for name, value in lowered
        if name not in _ROUTINE
    )


def _masked(value: str) -> str:
    """Keep the scheme of ``Bearer abc``, and nothing of a bare key."""
    scheme, blank, _ = value.partition(" ")
    return f"{scheme} …" if blank else "…"


def _as_bytes(body: object) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else b""  # a stream has been used up


def _readable(body: bytes, content_type: str) -> str:
    """Return a body as text: JSON indented, other text as it is, the rest as its size and type."""
    if not body:
        return ""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        text = body.decode()
        if kind == "application/json" or kind.endswith("+json"):
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except UnicodeDecodeError:
        return f"({len(body):,} bytes of {kind or 'unknown type'})"
    except (ValueError, RecursionError):
        pass  # says that it is JSON, and is not or is nested without end: show what it is
    # JSON can write half a character ("\\ud83d"), which no screen can show.
    lines = text.encode(errors="backslashreplace").decode().splitlines()
    if len(lines) > _LONGEST:
        lines[_LONGEST:] = [f"… {len(lines) - _LONGEST} more lines"]
    return "\n".join(lines)


def _reason(response: requests.Response) -> str:
    if response.status_code in _RENAMED:
        return _RENAMED[response.status_code]
    try:
        return response.reason or HTTPStatus(response.status_code).phrase
    except ValueError:
        return ""


def _message(first: str, headers: Headers, body: str) -> list[str]:
    lines = [first, *(f"{name}: {value}" for name, value in headers)]
    return [*lines, "", *body.splitlines()] if body else lines


# Colours have enough contrast on white and on JupyterLab's dark background; nothing is said by
# colour alone. Styles stand in the elements, because a style sheet would reach the whole page.
_BLUE, _GREEN, _VIOLET, _ORANGE, _RED, _GREY = (
    "#1565c0", "#2e7d32", "#6a3fb5", "#b45309", "#c62828", "#616161",
)  # fmt: skip
_STATUS_COLOURS = {2: _GREEN, 3: _VIOLET, 4: _ORANGE, 5: _RED}
_MONO = "font-family:var(--jp-code-font-family,monospace);font-size:13px;"
_CARD = (
    "border:1px solid rgba(128,128,128,.35);border-radius:6px;padding:8px 12px;margin:6px 0;"
    f"max-width:88ch;line-height:1.5;color:inherit;{_MONO}"
)
_PLAIN = "background:none;color:inherit;font-weight:600;"
_RULE = "border-top:1px dashed rgba(128,128,128,.35);margin:6px 0;"
_HEADERS = "opacity:.8;overflow-wrap:anywhere;"
_BODY = (
    "margin:6px 0 0;padding:6px 8px;border-radius:4px;background:rgba(128,128,128,.12);"
    f"color:inherit;overflow-x:auto;text-align:left;{_MONO}"
)


def _badge(text: str, colour: str) -> str:
    style = (
        f"background:{colour};color:#fff;border-radius:4px;padding:1px 7px;font-weight:600;"
        "display:inline-block;"
    )
    return f'<span style="{style}">{html.escape(text)}</span>'


def _html_message(first: str, headers: Headers, body: str) -> str:
    parts = [f"<div>{first}</div>"]
    if headers:
        lines = "<br>".join(f"{html.escape(name)}: {html.escape(value)}" for name, value in headers)
        parts.append(f'<div style="{_HEADERS}">{lines}</div>')
    if body:
        parts.append(f'<pre style="{_BODY}">{html.escape(body)}</pre>')
    return "".join(parts)
