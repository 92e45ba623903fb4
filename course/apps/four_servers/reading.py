"""Lay programs and answers side by side, for a reader."""

from collections.abc import Iterable, Mapping, Sequence

from IPython.display import Markdown

from .languages import LANGUAGES, Language

_COLOURED_AS = {"cs": "csharp", "mjs": "javascript", "py": "python", "rb": "ruby"}


def show(language: Language) -> Markdown:
    """Show the whole program of a language."""
    suffix = language.program.suffix[1:]
    program = language.program.read_text(encoding="utf-8")
    return Markdown(f"```{_COLOURED_AS.get(suffix, suffix)}\n{program}```")


def lines(texts: Mapping[str, str]) -> str:
    """Return from each program the first line that holds a text, by language.

    Raises ValueError if there is none.
    """
    found = []
    for language in LANGUAGES:
        text = texts[language.name]
        program = language.program.read_text(encoding="utf-8").splitlines()
        line = next((line.strip() for line in program if text in line), None)
        if line is None:
            raise ValueError(f"{text!r} is not in {language.file}.")
        found.append(f"{language.name:<12}{line}")
    return "\n".join(found)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Markdown:
    """Show rows as a table."""
    rule = ["---"] * len(header)
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return Markdown(
        "\n".join(f"| {' | '.join(row)} |" for row in [header, rule, *cells])
    )
