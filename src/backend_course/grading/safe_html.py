"""What a student's Markdown and HTML may become in a page that others look at.

Two filters for nbconvert's templates, in the place of its own: headings, lists, tables and pictures
stay, and what runs, asks for input or fetches something from elsewhere does not. nbconvert's list
is shorter (no heading, no `thead`), and nbgrader's templates do not ask for it in Markdown.
"""

import re
from typing import Any

import bleach
from bleach.css_sanitizer import CSSSanitizer
from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

_MORE_TAGS = """
    br caption dd del details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr img ins kbd mark p
    pre s samp small span sub summary sup table tbody td tfoot th thead tr u var
"""
_TAGS = bleach.ALLOWED_TAGS | set(_MORE_TAGS.split())
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_LINK = re.compile(r"(https?://|mailto:|#|\.{0,2}/|[\w-]+(?=[/.#]|$))", re.IGNORECASE)
_STYLES = ["text-align", "width", "height", "white-space", "font-weight", "font-style"]


def _may_have(tag: str, name: str, value: str) -> bool:
    if tag == "img" and name == "src":
        return bool(_PICTURE.fullmatch(value))
    if tag == "a" and name == "href":
        return bool(_LINK.match(value))
    if tag in {"td", "th"} and name in {"align", "colspan", "rowspan"}:
        return True
    return name in {"alt", "class", "height", "id", "style", "title", "width"}


_CLEANER = bleach.Cleaner(
    tags=_TAGS,
    attributes=_may_have,
    protocols={"http", "https", "mailto", "data"},  # which of them where: `_may_have`
    css_sanitizer=CSSSanitizer(allowed_css_properties=_STYLES),
)


def clean(html: str | bytes) -> str:
    """Return HTML without scripts, forms, frames and addresses of other hosts' pictures.

    What is not allowed is shown as text.
    """
    return _CLEANER.clean(html.decode() if isinstance(html, bytes) else str(html))


@pass_context
def markdown(context: Context, source: str) -> str:
    """Return Markdown as clean HTML, with the pictures that are attached to the cell."""
    attachments: dict[str, Any] = context.get("cell", {}).get("attachments", {})
    renderer = IPythonRenderer(escape=False, attachments=attachments, embed_images=False)
    return clean(MarkdownWithMath(renderer=renderer).render(source))
