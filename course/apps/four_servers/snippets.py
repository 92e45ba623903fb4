"""The same five thoughts in five languages, and what becomes of them."""

import re
import tempfile
from pathlib import Path

from backend_course.lab.servers import ServerError

from . import languages
from .languages import Language

QUESTIONS = {
    '"4" and 1': '`"4" + 1`',
    '"4" and 2': '`"4" * 2`',
    "10 by 4": "`10 / 4`",
    '"1abc"': '`"1abc"`, read as a number',
    '"XL"': "the count of size XL, where there is none",
}
"""What is tried, by a short name."""

_SAME = {'"4" and 1': '"4" + 1', '"4" and 2': '"4" * 2', "10 by 4": "10 / 4"}
WRITTEN = {
    "Python": _SAME | {'"1abc"': 'int("1abc")', '"XL"': '{"S": 4}["XL"]'},
    "Java": _SAME
    | {'"1abc"': 'Integer.parseInt("1abc")', '"XL"': 'Map.of("S", 4).get("XL")'},
    "C#": _SAME
    | {
        '"1abc"': 'int.Parse("1abc")',
        '"XL"': 'new Dictionary<string, int> { ["S"] = 4 }["XL"]',
    },
    "Ruby": _SAME | {'"1abc"': '"1abc".to_i', '"XL"': '{ "S" => 4 }["XL"]'},
    "JavaScript": _SAME | {'"1abc"': 'parseInt("1abc")', '"XL"': '({ S: 4 })["XL"]'},
}
"""How each language writes it."""

_PROGRAMS = {
    "Python": "import json; print(json.dumps(§))",
    "Java": """import java.util.Map;
class Snippet {
    public static void main(String[] arguments) {
        Object value = §;
        System.out.println(value instanceof String ? "\\"" + value + "\\"" : value);
    }
}""",
    "C#": """using System;
using System.Collections.Generic;
class Snippet {
    static void Main() {
        object value = §;
        Console.WriteLine(value is string ? "\\"" + value + "\\"" : value);
    }
}""",
    "Ruby": "p(§)",
    "JavaScript": "console.log(JSON.stringify(§))",
}
_ERROR = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b")


def results(language: Language) -> dict[str, str]:
    """Run each snippet of a language in a process of its own.

    Returns what it printed, "not compiled", or the name of the error that stopped it.
    """
    return {
        name: _result(language, text) for name, text in WRITTEN[language.name].items()
    }


def _result(language: Language, text: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / f"snippet{language.program.suffix}"
        whole = _PROGRAMS[language.name].replace("§", text)
        program.write_text(whole, encoding="utf-8")
        try:
            ran = languages.run_once(language, program)
        except ServerError:
            return "not compiled"
    if ran.returncode == 0:
        return ran.stdout.strip()
    if "compilation failed" in ran.stderr:  # java compiles before it runs
        return "not compiled"
    return _ERROR.search(ran.stderr)[0]
