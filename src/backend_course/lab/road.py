"""The road of the steps as a picture, with how far the learner is on each."""

import math
from html import escape

from IPython.display import HTML, display

from backend_course.lab.progress import Progress, StepStanding, as_text, read

# One row of four stations, a bend, and the row back, in units of the picture's own 760 x 300.
_PLACES = [(95 + 190 * column, 75) for column in range(4)]
_PLACES += [(95 + 190 * column, 215) for column in reversed(range(4))]
_BEND = 70
_RADIUS = 30
_AROUND = 2 * math.pi * _RADIUS


def show() -> None:
    """Show the road, and below it where the learner stands in each lesson and assignment."""
    progress = read()
    display(HTML(svg(progress)))
    print(as_text(progress))


def svg(progress: Progress) -> str:
    """Return an SVG of the road: a ring for each step, filled as far as the step is done.

    The numbers stand in the rings as text, so the picture does not lean on colour; a screen reader
    gets all of it as one sentence. Steps of which nothing is written have a dashed ring.

    Raises:
        ValueError: there are more steps than places on the road.
    """
    stations = "".join(
        _station(step, place) for step, place in zip(progress.steps, _PLACES, strict=True)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 300" role="img" '
        f'aria-label="{escape(in_words(progress))}" style="width:100%;max-width:760px;'
        'font-family:system-ui,sans-serif" fill="currentColor">'
        f"{_line()}{stations}</svg>"
    )


def in_words(progress: Progress) -> str:
    """Return the picture as a sentence."""
    parts = [f"{each.step.number} {each.step.title} {_percent(each)}" for each in progress.steps]
    return f"The road of {len(parts)} steps: {', '.join(parts)}."


def _percent(standing: StepStanding) -> str:
    if not standing.lessons and not standing.assignments:
        return "not written yet"
    return standing.percent


def _line() -> str:
    (left, top), (right, _), (_, bottom) = _PLACES[0], _PLACES[3], _PLACES[4]
    path = (
        f"M {left} {top} H {right} a {_BEND} {_BEND} 0 0 1 0 {bottom - top} "
        f"H {_PLACES[-1][0]} h {-left}"
    )
    return (
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity="0.18" '
        'stroke-width="14" stroke-linecap="round"/>'
    )


def _station(standing: StepStanding, place: tuple[int, int]) -> str:
    x, y = place
    written = bool(standing.lessons or standing.assignments)
    ring = f'<circle cx="{x}" cy="{y}" r="{_RADIUS}" '
    dashes = "" if written else ' stroke-dasharray="4 6"'
    parts = [
        # The road must not shine through a station.
        f'{ring}style="fill:var(--jp-layout-color0,#fff)" stroke="currentColor" '
        f'stroke-opacity="0.35" stroke-width="6"{dashes}/>'
    ]
    if standing.share:
        done = _AROUND * standing.share
        parts.append(
            f'{ring}fill="none" stroke="#1a7f5a" stroke-width="6" '
            f'stroke-dasharray="{done:.1f} {_AROUND:.1f}" transform="rotate(-90 {x} {y})"/>'
        )
    middle = _percent(standing) if written else "…"
    parts.append(f'<text x="{x}" y="{y + 5}" text-anchor="middle" font-size="15">{middle}</text>')
    title = escape(f"{standing.step.number} {standing.step.title}")
    parts.append(f'<text x="{x}" y="{y + 54}" text-anchor="middle" font-size="14">{title}</text>')
    return "".join(parts)
