"""How the route sheet came to be, commit by commit: the repository of lesson 7.2."""

import re

from backend_course.lab.repository import Story, delete, edit, move, write

BACKEND, PLATFORM = "Backend team", "Platform team"
OPERATIONS, INTERN = "Site operations", "Summer intern"


def tell() -> Story:
    """Tell the story from the first file to the last commit."""
    story = Story()
    _one_file(story)
    _a_package(story)
    _by_name(story)
    _large_parcels(story)
    _tidy(story)
    return story


def _one_file(story: Story) -> None:
    """Spring 2022: a script that prints what a courier takes out of which box."""
    story.commit(
        "2022-03-01",
        BACKEND,
        "Print a route sheet from a file of parcels",
        write("README.md", README),
        write("route_sheet.py", _indented(SCRIPT, 0.5)),
        write("tests/test_route_sheet.py", SCRIPT_TESTS),
        write("sample.csv", SAMPLE),
    )
    story.commit(
        "2022-03-01",
        BACKEND,
        "Ignore empty lines",
        edit(
            "route_sheet.py",
            "  for line in lines[1:]:\n",
            "  for line in lines[1:]:\n    if not line.strip():\n      continue\n",
        ),
    )
    story.commit(
        "2022-03-03",
        BACKEND,
        "Number the stops",
        edit("route_sheet.py", "  stop = None\n", "  stop = None\n  number = 0\n"),
        edit(
            "route_sheet.py",
            "      text += stop + '\\n'\n",
            "      number += 1\n      text += f'{number}  {stop}\\n'\n",
        ),
        edit("tests/test_route_sheet.py", "'Main Station\\n'", "'1  Main Station\\n'"),
    )
    story.commit(
        "2022-03-08",
        OPERATIONS,
        "README: where the file comes from",
        edit(
            "README.md",
            "\n## Use\n",
            "\nThe dispatch writes the file every night at two, one for each courier.\n"
            "\n## Use\n",
        ),
    )
    story.commit(
        "2022-03-15",
        BACKEND,
        "wip",
        edit(
            "route_sheet.py",
            "  return text\n",
            "  total = 5 * number + len(parcels)\n"
            "  text += f'Total {total // 60} h {total % 60:02d} min\\n'\n"
            "  return text\n",
        ),
    )
    story.commit(
        "2022-03-15",
        BACKEND,
        "fix tests",
        edit(
            "tests/test_route_sheet.py",
            "LL0000000018  S\\n'\n",
            "LL0000000018  S\\n'\n        'Total 0 h 06 min\\n'\n",
        ),
    )
    story.commit(
        "2022-04-04",
        BACKEND,
        "Begin a new page after 40 lines\n\n"
        "The printers in the depots take 40 lines on a page. What comes after\n"
        "that falls off the paper, and they report no error. On Friday six\n"
        "parcels stayed in the wall because nobody knew of them.",
        edit(
            "route_sheet.py",
            "\n\nif __name__",
            "\n\ndef pages(text):\n"
            "  all_lines = text.splitlines()\n"
            "  all_pages = [all_lines[i:i+40] for i in range(0, len(all_lines), 40)]\n"
            "  return '\\f'.join("
            "'\\n'.join(page_lines) + '\\n' for page_lines in all_pages)\n"
            "\n\nif __name__",
        ),
        edit("route_sheet.py", "print(sheet(", "print(pages(sheet("),
        edit("route_sheet.py", "readlines())), end", "readlines()))), end"),
    )
    story.commit(
        "2022-04-11",
        OPERATIONS,
        "README: paper",
        edit(
            "README.md",
            "python route_sheet.py",
            "# plain paper, A5\n    python route_sheet.py",
        ),
    )
    story.commit(
        "2022-05-02",
        PLATFORM,
        "Four spaces, as in all our projects",
        write("route_sheet.py", _indented(story.files["route_sheet.py"], 2)),
    )


def _a_package(story: Story) -> None:
    """Summer 2022: three modules instead of one, and an option."""
    story.commit(
        "2022-05-09",
        PLATFORM,
        "Make it a package\n\nMoves only: reading, putting in order, printing.",
        delete("route_sheet.py"),
        write("routesheet/__init__.py", ""),
        write("routesheet/__main__.py", MAIN),
        write("routesheet/reading.py", READING),
        write("routesheet/order.py", ORDER),
        write("routesheet/sheet.py", SHEET),
        edit("README.md", "python route_sheet.py", "python -m routesheet"),
        delete("tests/test_route_sheet.py"),
        write("tests/test_reading.py", READING_TESTS),
        write("tests/test_order.py", ORDER_TESTS),
        write("tests/test_sheet.py", SHEET_TESTS),
    )
    story.commit(
        "2022-05-10",
        PLATFORM,
        "Use pytest's own way of importing",
        write("pyproject.toml", PYPROJECT),
    )
    story.tag("v1.0")
    story.commit(
        "2022-06-13",
        BACKEND,
        "Add --draft for sheets that are not final",
        edit(
            "routesheet/__main__.py",
            "    args = parser",
            "    parser.add_argument('--draft', action='store_true')\n"
            "    args = parser",
        ),
        edit(
            "routesheet/__main__.py",
            "    print(pages",
            "    if args.draft:\n        print('DRAFT')\n    print(pages",
        ),
        edit("README.md", "\n## Tests", "\n`--draft` writes DRAFT on top.\n\n## Tests"),
    )
    story.commit(
        "2022-06-20",
        OPERATIONS,
        "Couriers sign the sheet\n\nThe insurance asks for it since June.",
        edit(
            "routesheet/sheet.py",
            ":02d} min\\n'\n",
            ":02d} min\\n'\n    text += 'Signature ____________\\n'\n",
        ),
        edit(
            "tests/test_sheet.py",
            "06 min\\n'\n",
            "06 min\\n'\n        'Signature ____________\\n'\n",
        ),
    )
    story.commit(
        "2022-07-04",
        INTERN,
        "Explain the three steps",
        edit(
            "routesheet/reading.py",
            "def read",
            '"""Read the file of parcels."""\n\n\ndef read',
        ),
        edit(
            "routesheet/order.py",
            "def stops",
            '"""Put parcels in order."""\n\n\ndef stops',
        ),
        edit(
            "routesheet/sheet.py",
            "def sheet",
            '"""Print stops on pages of 40 lines."""\n\n\ndef sheet',
        ),
    )
    story.commit(
        "2022-07-06",
        INTERN,
        "Refuse a size that does not exist",
        edit(
            "routesheet/reading.py",
            "        parcels.append",
            "        if row[3] not in ('S', 'M', 'L'):\n"
            "            raise ValueError(f'{row[0]}: unknown size {row[3]}')\n"
            "        parcels.append",
        ),
        edit(
            "tests/test_reading.py",
            "def test_empty",
            BAD_SIZE_TEST + "\n\ndef test_empty",
        ),
        edit(
            "tests/test_reading.py",
            "from routesheet",
            "import pytest\n\nfrom routesheet",
        ),
    )
    story.commit(
        "2022-07-20",
        INTERN,
        "One page is enough for everybody",
        edit(
            "routesheet/__main__.py",
            "print(pages(sheet(stops(parcels))), end='')",
            "print(sheet(stops(parcels)), end='')",
        ),
        edit("routesheet/__main__.py", "import pages, sheet", "import sheet"),
    )
    story.commit(
        "2022-07-22",
        BACKEND,
        'Revert "One page is enough for everybody"\n\n'
        "It is not: see the commit that brought the pages in. The depot in\n"
        "Ghent lost nine parcels this morning.",
        edit(
            "routesheet/__main__.py",
            "print(sheet(stops(parcels)), end='')",
            "print(pages(sheet(stops(parcels))), end='')",
        ),
        edit("routesheet/__main__.py", "import sheet", "import pages, sheet"),
    )
    story.commit(
        "2022-08-15",
        OPERATIONS,
        "Add a sample of a long day",
        write("samples/long-day.csv", LONG_DAY),
        move("sample.csv", "samples/short.csv"),
    )
    story.commit(
        "2022-09-05",
        PLATFORM,
        "Minutes have a module of their own",
        edit(
            "routesheet/sheet.py",
            "    total = 5 * len(stops) + sum(len(parcels) for _, parcels in stops)\n",
            "    total = minutes(stops)\n",
        ),
        edit(
            "routesheet/sheet.py",
            "\n\n\ndef sheet",
            "\n\n" + TIMES_IMPORT + "\n\n\ndef sheet",
        ),
        write("tests/test_times.py", TIMES_TESTS),
    )
    story.commit(
        "2022-09-06",
        PLATFORM,
        "Add the file that was forgotten yesterday",
        write("routesheet/times.py", TIMES),
    )


def _by_name(story: Story) -> None:
    """2023: the file gets more columns, and a formatter goes over all of it."""
    story.commit(
        "2023-01-16",
        BACKEND,
        "Read columns by name, not by place\n\n"
        "The dispatch is about to add a column and does not promise where.",
        edit(
            "routesheet/reading.py",
            '"""Read the file of parcels."""\n',
            '"""Read the file of parcels."""\n\nimport csv\n',
        ),
        edit("routesheet/reading.py", READ_BY_PLACE, READ_BY_NAME),
        edit("routesheet/reading.py", "    for line in lines[1:]:\n", ""),
    )
    story.commit(
        "2023-01-17",
        BACKEND,
        "A parcel has names, too",
        edit("routesheet/reading.py", "\n\ndef read", PARCEL + "\n\ndef read"),
        edit(
            "routesheet/reading.py",
            "import csv\n",
            "import csv\nfrom typing import NamedTuple\n",
        ),
        edit(
            "routesheet/reading.py",
            "(row['site'], row['compartment'], code, size)",
            "Parcel(row['site'], row['compartment'], code, size)",
        ),
    )
    story.commit(
        "2023-02-06",
        OPERATIONS,
        "typo",
        edit("README.md", "writes DRAFT", "prints DRAFT"),
    )
    story.commit(
        "2023-03-13",
        PLATFORM,
        "order is called stops now",
        move("routesheet/order.py", "routesheet/stops.py"),
        move("tests/test_order.py", "tests/test_stops.py"),
        edit("routesheet/__main__.py", "routesheet.order", "routesheet.stops"),
        edit("tests/test_stops.py", "routesheet.order", "routesheet.stops"),
    )
    formatted = {
        path: text.replace("'", '"').replace("[i:i+40]", "[i : i + 40]")
        for path, text in story.files.items()
        if path.endswith(".py")
    }
    story.commit(
        "2023-04-03",
        PLATFORM,
        "Format everything",
        *(write(path, text) for path, text in formatted.items()),
    )
    story.commit(
        "2023-04-03",
        PLATFORM,
        "README: how to format",
        edit(
            "README.md",
            "\n## Tests",
            "\nFormat with `ruff format` before a commit.\n\n## Tests",
        ),
    )
    story.tag("v1.1")


def _large_parcels(story: Story) -> None:
    """Autumn 2023: times per site and per size, on two branches at once."""
    story.branch("large-parcels")
    story.commit(
        "2023-09-11",
        OPERATIONS,
        "Count two minutes for a large parcel\n\n"
        "It takes both hands and a trolley. Measured on twelve mornings.",
        edit(
            "routesheet/times.py",
            "        total += PER_STOP + len(parcels)\n",
            '        large = sum(parcel[3] == "L" for parcel in parcels)\n'
            "        total += PER_STOP + len(parcels) + large * EXTRA_LARGE\n",
        ),
        edit(
            "routesheet/times.py",
            "PER_STOP = 5\n",
            "PER_STOP = 5\nEXTRA_LARGE = 1  # both hands and a trolley\n",
        ),
    )
    story.switch("main")
    story.commit(
        "2023-09-12",
        BACKEND,
        "Airport: ten minutes for the gate\n\n"
        "Security looks into every bag. Agreed with the site until they get\n"
        "a door of their own.",
        edit(
            "routesheet/times.py",
            "PER_STOP = 5\n",
            'PER_STOP = 5\nGATES = {"Airport East": 10}\n',
        ),
        edit(
            "routesheet/times.py",
            "    for _, parcels in stops:\n        total += PER_STOP + len(parcels)\n",
            "    for site, parcels in stops:\n"
            "        total += PER_STOP + GATES.get(site, 0) + len(parcels)\n",
        ),
        edit(
            "tests/test_times.py",
            "def test_nothing",
            GATE_TEST + "\n\ndef test_nothing",
        ),
    )
    story.commit(
        "2023-09-13",
        BACKEND,
        "Show the minutes of each stop",
        edit(
            "routesheet/sheet.py",
            '        text += f"{number}  {site}\\n"\n',
            '        text += f"{number}  {site}, '
            '{minutes([(site, parcels)])} min\\n"\n',
        ),
        edit(
            "tests/test_sheet.py", '"1  Main Station\\n"', '"1  Main Station, 6 min\\n"'
        ),
    )
    story.merge(
        "2023-09-18",
        PLATFORM,
        "large-parcels",
        "Merge branch 'large-parcels'",
        keeping=["routesheet/times.py"],
    )
    story.commit(
        "2023-10-09",
        BACKEND,
        "Add --site to print one stop",
        edit(
            "routesheet/__main__.py",
            "    args = parser",
            '    parser.add_argument("--site")\n    args = parser',
        ),
        edit(
            "routesheet/__main__.py",
            "    if args.draft",
            "    if args.site:\n"
            "        parcels = [each for each in parcels if each.site == args.site]\n"
            "    if args.draft",
        ),
        edit("README.md", "Format with", "`--site` prints one stop.\n\nFormat with"),
    )
    story.branch("unreadable")
    story.commit(
        "2023-11-06",
        INTERN,
        "Say which row cannot be read",
        edit(
            "routesheet/reading.py", "{code}: unknown", "row {number}, {code}: unknown"
        ),
        edit(
            "routesheet/reading.py",
            "for row in csv.DictReader(lines):",
            "for number, row in enumerate(csv.DictReader(lines), start=2):",
        ),
    )
    story.switch("main")
    story.commit(
        "2023-11-07",
        OPERATIONS,
        "README: whom to ask",
        edit(
            "README.md",
            "\n## Use",
            "\nQuestions: operations desk, extension 40.\n\n## Use",
        ),
    )
    story.merge("2023-11-08", BACKEND, "unreadable", "Merge branch 'unreadable'")


def _tidy(story: Story) -> None:
    """2024 and 2025: small work by people who were not there at the begin."""
    story.commit(
        "2024-02-05",
        PLATFORM,
        "Use argparse's description",
        edit(
            "routesheet/__main__.py",
            "ArgumentParser()",
            'ArgumentParser("routesheet", description="Print a route sheet.")',
        ),
    )
    story.commit(
        "2024-03-04",
        BACKEND,
        "Speak of time in one place",
        edit(
            "routesheet/times.py",
            "\n\ndef minutes",
            "\n\ndef in_words(total):\n    hours, rest = divmod(total, 60)\n"
            '    return f"{hours} h {rest} min"\n\n\ndef minutes',
        ),
        edit(
            "routesheet/sheet.py",
            "Total {total // 60} h {total % 60:02d} min",
            "Total {in_words(total)}",
        ),
        edit("routesheet/sheet.py", "import minutes", "import in_words, minutes"),
        edit("routesheet/sheet.py", '    text += "Signature ____________\\n"\n', ""),
        edit(
            "tests/test_sheet.py",
            '06 min\\n"\n        "Signature ____________\\n"\n',
            '6 min\\n"\n',
        ),
    )
    story.commit(
        "2024-05-13",
        PLATFORM,
        "Clean up",
        edit(
            "routesheet/__main__.py",
            '    parser.add_argument("--draft", action="store_true")\n',
            "",
        ),
        edit(
            "routesheet/__main__.py", '    if args.draft:\n        print("DRAFT")\n', ""
        ),
        edit(
            "routesheet/reading.py",
            'size not in ("S", "M", "L"):',
            "size not in SIZES:",
        ),
        edit(
            "routesheet/reading.py",
            "NamedTuple\n\n\n",
            'NamedTuple\n\nSIZES = ("S", "M", "L")\n\n\n',
        ),
        edit("README.md", "`--draft` prints DRAFT on top.\n\n", ""),
    )
    story.commit(
        "2024-06-10",
        BACKEND,
        "Count the parcels of a stop",
        edit(
            "routesheet/sheet.py",
            'min\\n"\n        for',
            'min, {len(parcels)} parcels\\n"\n        for',
        ),
        edit(
            "tests/test_sheet.py",
            '6 min\\n"\n        " ',
            '6 min, 1 parcels\\n"\n        " ',
        ),
    )
    story.commit(
        "2024-06-10",
        BACKEND,
        "1 parcels",
        edit("routesheet/sheet.py", "{len(parcels)} parcels", "{_count(parcels)}"),
        edit(
            "routesheet/sheet.py",
            "\n\ndef pages",
            "\n\ndef _count(parcels):\n    count = len(parcels)\n"
            '    return "1 parcel" if count == 1 else f"{count} parcels"\n'
            "\n\ndef pages",
        ),
        edit("tests/test_sheet.py", "1 parcels", "1 parcel"),
    )
    story.commit(
        "2024-08-19",
        INTERN,
        "Type hints in reading",
        edit(
            "routesheet/reading.py",
            "def read(lines):",
            "def read(lines: Iterable[str]) -> list[Parcel]:",
        ),
        edit(
            "routesheet/reading.py",
            "import csv\n",
            "import csv\nfrom collections.abc import Iterable\n",
        ),
    )
    story.commit(
        "2024-11-04",
        OPERATIONS,
        "Sample with three sites",
        write("samples/three-sites.csv", THREE_SITES),
    )
    story.commit(
        "2025-01-13",
        BACKEND,
        "Stops with most parcels first",
        edit("routesheet/stops.py", "    return list(by_site.items())\n", MOST_FIRST),
        edit(
            "tests/test_stops.py",
            "def test_nothing",
            MOST_TEST + "\n\ndef test_nothing",
        ),
    )
    story.commit(
        "2025-03-10",
        PLATFORM,
        "Lines per page have a name",
        edit(
            "routesheet/sheet.py",
            "[i : i + 40] for i in range(0, len(all_lines), 40)",
            "[i : i + LINES] for i in range(0, len(all_lines), LINES)",
        ),
        edit(
            "routesheet/sheet.py",
            "minutes\n\n\ndef sheet",
            "minutes\n\nLINES = 40\n\n\ndef sheet",
        ),
    )
    story.commit(
        "2025-03-10",
        PLATFORM,
        "README: tests",
        edit("README.md", "    pytest\n", "    pytest      # all of them, a second\n"),
    )
    story.tag("v2.0")
    story.commit(
        "2025-09-08",
        BACKEND,
        "Refuse a site that has no parcels",
        edit(
            "routesheet/__main__.py",
            "        parcels = [each for each in parcels if each.site == args.site]\n",
            "        parcels = [each for each in parcels if each.site == args.site]\n"
            "        if not parcels:\n"
            '            parser.error(f"no parcels at {args.site}")\n',
        ),
    )
    story.commit(
        "2025-11-24",
        OPERATIONS,
        "README: a known problem",
        edit(
            "README.md",
            "\n## Tests",
            "\nKnown: since the new year or so couriers walk to and fro before the\n"
            "wall. It has not always been so.\n\n## Tests",
        ),
    )


def _indented(text: str, factor: float) -> str:
    """Return a text whose lines begin so many times as far from the edge."""
    return re.sub(
        r"^ +", lambda found: " " * int(len(found[0]) * factor), text, flags=re.M
    )


README = """
# Route sheet

Prints for a courier which parcels to take out of which compartments.

## Use

    python route_sheet.py parcels.csv

## Tests

    pytest
"""

SCRIPT = """
import sys


def read(lines):
    parcels = []
    for line in lines[1:]:
        row = line.rstrip('\\n').split(',')
        parcels.append((row[1], int(row[2]), row[0], row[3]))
    return parcels


def sheet(parcels):
    text = ''
    stop = None
    # Site by site, and along the wall: a courier walks it once.
    for site, compartment, code, size in sorted(parcels):
        if site != stop:
            stop = site
            text += stop + '\\n'
        text += f'    {compartment:>3}  {code}  {size}\\n'
    return text


if __name__ == '__main__':
    print(sheet(read(open(sys.argv[1]).readlines())), end='')
"""

SCRIPT_TESTS = """
from route_sheet import read, sheet

HEADER = 'code,site,compartment,size\\n'
LINE = 'LL0000000018,Main Station,4,S\\n'


def test_read():
    assert read([HEADER, LINE]) == [('Main Station', 4, 'LL0000000018', 'S')]


def test_sheet():
    assert sheet(read([HEADER, LINE])) == (
        'Main Station\\n'
        '      4  LL0000000018  S\\n'
    )
"""

SAMPLE = """
code,site,compartment,size
LL0000000018,Main Station,4,S
LL0000000026,Main Station,2,M
LL0000000034,Harbour Gate,7,L
"""

MAIN = """
import argparse
from pathlib import Path

from routesheet.order import stops
from routesheet.reading import read
from routesheet.sheet import pages, sheet


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('file', type=Path)
    args = parser.parse_args()
    parcels = read(args.file.read_text().splitlines(True))
    print(pages(sheet(stops(parcels))), end='')


if __name__ == '__main__':
    main()
"""

READING = """
def read(lines):
    parcels = []
    for line in lines[1:]:
        if not line.strip():
            continue
        row = line.rstrip('\\n').split(',')
        parcels.append((row[1], int(row[2]), row[0], row[3]))
    return parcels
"""

ORDER = """
def stops(parcels):
    by_site = {}
    # Site by site, and along the wall: a courier walks it once.
    for parcel in sorted(parcels):
        by_site.setdefault(parcel[0], []).append(parcel)
    return list(by_site.items())
"""

SHEET = """
def sheet(stops):
    text = ''
    for number, (site, parcels) in enumerate(stops, start=1):
        text += f'{number}  {site}\\n'
        for _, compartment, code, size in parcels:
            text += f'    {compartment:>3}  {code}  {size}\\n'
    total = 5 * len(stops) + sum(len(parcels) for _, parcels in stops)
    text += f'Total {total // 60} h {total % 60:02d} min\\n'
    return text


def pages(text):
    all_lines = text.splitlines()
    all_pages = [all_lines[i:i+40] for i in range(0, len(all_lines), 40)]
    return '\\f'.join('\\n'.join(page_lines) + '\\n' for page_lines in all_pages)
"""

READING_TESTS = """
from routesheet.reading import read

HEADER = 'code,site,compartment,size\\n'
LINE = 'LL0000000018,Main Station,4,S\\n'


def test_read():
    (parcel,) = read([HEADER, LINE])
    assert parcel[0] == 'Main Station'
    assert parcel[2:] == ('LL0000000018', 'S')


def test_empty_lines():
    assert len(read([HEADER, LINE, '\\n'])) == 1
"""

ORDER_TESTS = """
from routesheet.order import stops


def test_along_the_wall():
    first = ('Main Station', 2, 'LL0000000026', 'M')
    second = ('Main Station', 4, 'LL0000000018', 'S')
    assert stops([second, first]) == [('Main Station', [first, second])]


def test_nothing():
    assert stops([]) == []
"""

SHEET_TESTS = """
from routesheet.sheet import pages, sheet


def test_sheet():
    parcel = ('Main Station', 4, 'LL0000000018', 'S')
    assert sheet([('Main Station', [parcel])]) == (
        '1  Main Station\\n'
        '      4  LL0000000018  S\\n'
        'Total 0 h 06 min\\n'
    )


def test_pages():
    assert pages('line\\n' * 41) == 'line\\n' * 40 + '\\f' + 'line\\n'
"""

PYPROJECT = """
[tool.pytest.ini_options]
pythonpath = ["."]
testpaths = ["tests"]
"""

BAD_SIZE_TEST = """\
def test_unknown_size():
    with pytest.raises(ValueError, match='XL'):
        read([HEADER, LINE.replace(',S', ',XL')])
"""

TIMES = """
'''How long a courier needs, in minutes.'''

PER_STOP = 5


def minutes(stops):
    total = 0
    for _, parcels in stops:
        total += PER_STOP + len(parcels)
    return total
"""

TIMES_IMPORT = "from routesheet.times import minutes"

TIMES_TESTS = """
from routesheet.times import minutes

PARCEL = ('Main Station', 4, 'LL0000000018', 'S')


def test_stop_and_parcels():
    assert minutes([('Main Station', [PARCEL, PARCEL])]) == 7


def test_nothing():
    assert minutes([]) == 0
"""

GATE_TEST = """\
def test_gate():
    assert minutes([("Airport East", [PARCEL])]) == 16
"""

READ_BY_PLACE = """\
        if not line.strip():
            continue
        row = line.rstrip('\\n').split(',')
        if row[3] not in ('S', 'M', 'L'):
            raise ValueError(f'{row[0]}: unknown size {row[3]}')
        parcels.append((row[1], int(row[2]), row[0], row[3]))
"""

READ_BY_NAME = """\
    for row in csv.DictReader(lines):
        code, size = row['code'], row['size']
        if size not in ('S', 'M', 'L'):
            raise ValueError(f'{code}: unknown size {size}')
        parcels.append((row['site'], row['compartment'], code, size))
"""

PARCEL = """

class Parcel(NamedTuple):
    site: str
    compartment: int
    code: str
    size: str
"""

LONG_DAY = "code,site,compartment,size\n" + "".join(
    f"LL{number:09}0,Main Station,{number},{'SML'[number % 3]}\n"
    for number in range(1, 46)
)

THREE_SITES = """
code,site,compartment,size
LL0000000018,Main Station,4,S
LL0000000026,Main Station,12,M
LL0000000034,Harbour Gate,7,L
LL0000000042,Airport East,3,L
LL0000000059,Airport East,11,S
LL0000000067,Airport East,2,S
"""

MOST_FIRST = """\
    return sorted(by_site.items(), key=lambda stop: -len(stop[1]))
"""

MOST_TEST = """\
def test_most_parcels_first():
    one = ("Airport East", 1, "LL0000000018", "S")
    two = ("Main Station", 2, "LL0000000026", "M")
    three = ("Main Station", 3, "LL0000000034", "L")
    sites = [site for site, _ in stops([one, two, three])]
    assert sites == ["Main Station", "Airport East"]
"""
