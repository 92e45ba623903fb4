"""How the fee report came to be, commit by commit: the repository of this assignment."""

import re

from backend_course.lab.repository import Change, Story, delete, edit, move, write

FINANCE, BACKEND = "Finance tools", "Backend team"
PLATFORM, OPERATIONS = "Platform team", "Site operations"
MAIN, STAYS, FEES = "feereport/__main__.py", "feereport/stays.py", "feereport/fees.py"
RULES, REPORT, MONEY = "feereport/rules.py", "feereport/report.py", "feereport/money.py"


def tell() -> Story:
    """Tell the story from the first file to the last commit."""
    story = Story()
    _script(story)
    _package(story)
    _branches(story)
    _lists(story)
    _by_now(story)
    return story


def _script(story: Story) -> None:
    """2021: a script of the finance department."""
    story.commit(
        "2021-02-01",
        FINANCE,
        "Add up the storage fees of a month",
        write("fee_report.py", _indented(SCRIPT, 0.5)),
        write("README.md", README),
    )
    story.commit(
        "2021-02-09",
        FINANCE,
        "Never more than 15 euros for a stay",
        edit("fee_report.py", "max(days, 0) * 150", "min(max(days, 0) * 150, 1500)"),
    )
    story.commit(
        "2021-03-01",
        FINANCE,
        "Total at the end",
        edit(
            "fee_report.py",
            "  return lines\n",
            "  lines.append(f'{\"Total\":<20}{sum(sums.values()) / 100:>9.2f}')\n  return lines\n",
        ),
    )
    story.commit(
        "2021-04-06",
        OPERATIONS,
        "Leave out stays that end before they begin\n\n"
        "In the night of 31 October walls with old firmware sent the time of\n"
        "their clock and not UTC. Eleven stays of the archive end before they\n"
        "begin, and each of them takes the sum of a site down.",
        edit("fee_report.py", "    fees =", LOCAL_TIME + "    fees ="),
    )
    story.commit(
        "2021-04-06",
        FINANCE,
        "fix",
        edit("fee_report.py", "    fees = fee(", "    cents = fee("),
        edit("fee_report.py", "0) + fees\n", "0) + cents\n"),
    )
    story.commit("2021-06-14", BACKEND, "Tests", write("tests/test_fee_report.py", SCRIPT_TESTS))
    story.commit(
        "2021-06-14",
        PLATFORM,
        "Four spaces, as in all our projects",
        write("fee_report.py", _indented(story.files["fee_report.py"], 2)),
    )
    story.commit(
        "2021-06-21",
        BACKEND,
        "Make it a package",
        delete("fee_report.py"),
        delete("tests/test_fee_report.py"),
        write("feereport/__init__.py", ""),
        write(MAIN, PACKAGE_MAIN),
        write(FEES, PACKAGE_FEES),
        write(REPORT, PACKAGE_REPORT),
        write("tests/test_fees.py", FEES_TESTS),
        write("tests/test_report.py", REPORT_TESTS),
        write("pyproject.toml", PYPROJECT),
        edit("README.md", "python fee_report.py", "python -m feereport"),
    )
    _note(story, "2021-06-22", BACKEND, "Write down what changes", "Version 1.0.")
    story.tag("v1.0")


def _package(story: Story) -> None:
    """2021 and 2022: options, and money as Decimal."""
    story.commit(
        "2021-09-06",
        BACKEND,
        "Money is Decimal, not cents",
        edit(FEES, "from datetime", "from decimal import Decimal\nfrom datetime"),
        edit(FEES, "min(max(days, 0) * 150, 1500)", "min(max(days, 0) * PER_DAY, MOST)"),
        edit(
            FEES,
            "DAY = timedelta(hours=24)\n",
            "DAY = timedelta(hours=24)\nPER_DAY = Decimal('1.50')\nMOST = Decimal('15.00')\n",
        ),
        edit(REPORT, "{cents / 100:>9.2f}", "{cents:>9.2f}"),
        edit(REPORT, "{sum(sums.values()) / 100:>9.2f}", "{sum(sums.values()):>9.2f}"),
        edit("tests/test_fees.py", "== 150", "== Decimal('1.50')"),
        edit("tests/test_fees.py", "from datetime", "from decimal import Decimal\nfrom datetime"),
    )
    story.commit(
        "2021-09-07",
        BACKEND,
        "They are no cents any more",
        edit(REPORT, "            cents = fee(", "            amount = fee("),
        edit(REPORT, "0) + cents\n", "0) + amount\n"),
        edit(REPORT, "for site, cents in", "for site, amount in"),
        edit(REPORT, "{cents:>9.2f}", "{amount:>9.2f}"),
    )
    story.commit(
        "2021-10-04",
        FINANCE,
        "Add --site to report one site",
        edit(MAIN, "    args = parser", "    parser.add_argument('--site')\n    args = parser"),
        edit(
            MAIN,
            "    print(",
            "    if args.site:\n"
            "        rows = [row for row in rows if row[1] == args.site]\n"
            "    print(",
        ),
    )
    story.commit(
        "2021-11-08",
        FINANCE,
        "Add --month to report a month of the archive",
        edit(MAIN, "    args = parser", "    parser.add_argument('--month')\n    args = parser"),
        edit(
            MAIN,
            "    print(",
            "    if args.month:\n"
            "        rows = [row for row in rows if row[3].startswith(args.month)]\n"
            "    print(",
        ),
        edit("README.md", "\n## Tests", "\n`--month 2021-10` leaves out other months.\n\n## Tests"),
    )
    _note(story, "2021-11-08", FINANCE, "CHANGES", "Options --site and --month.")
    story.commit(
        "2022-01-17",
        PLATFORM,
        "Reading has a module of its own",
        edit(MAIN, "import argparse\nimport csv\n", "import argparse\n"),
        edit(MAIN, "    rows = list(csv.reader(args.file.open()))[1:]\n", READ_CALL),
        edit(
            MAIN, "from feereport.report", "from feereport.stays import read\nfrom feereport.report"
        ),
    )
    story.commit(
        "2022-01-18",
        PLATFORM,
        "The module, too",
        write(STAYS, "import csv\n\n\ndef read(file):\n    return list(csv.reader(file))[1:]\n"),
    )
    story.commit(
        "2022-02-14",
        OPERATIONS,
        "A sample of the archive",
        write("samples/february.csv", FEBRUARY),
    )
    story.commit("2022-02-14", OPERATIONS, "typo", edit("README.md", "storrage", "storage"))
    story.commit(
        "2022-03-07",
        FINANCE,
        "A space between thousands",
        write(MONEY, "def money(amount):\n    return f'{amount:,.2f}'.replace(',', ' ')\n"),
        edit(REPORT, "{amount:>9.2f}", "{money(amount):>9}"),
        edit(REPORT, "{sum(sums.values()):>9.2f}", "{money(sum(sums.values())):>9}"),
        edit(REPORT, "import fee\n", "import fee\nfrom feereport.money import money\n"),
        write("tests/test_money.py", MONEY_TESTS),
    )
    story.commit(
        "2022-04-04",
        FINANCE,
        "Sites with the highest fees first",
        edit(REPORT, "sorted(sums.items())", "sorted(sums.items(), key=lambda item: -item[1])"),
    )
    story.commit(
        "2022-04-11",
        FINANCE,
        'Revert "Sites with the highest fees first"\n\n'
        "The auditors compare with last year's report line by line.",
        edit(REPORT, "sorted(sums.items(), key=lambda item: -item[1])", "sorted(sums.items())"),
    )
    story.commit(
        "2022-05-09",
        BACKEND,
        "Airport East: four days are free\n\nAgreed until the end of the building works.",
        edit(FEES, "MOST = ", "FREE_AT = {'Airport East': timedelta(hours=96)}\nMOST = "),
        edit(FEES, "def fee(deposited_at, left_at):", "def fee(site, deposited_at, left_at):"),
        edit(FEES, "deposited_at - FREE\n", "deposited_at - FREE_AT.get(site, FREE)\n"),
        edit(REPORT, "fee(*times)", "fee(site, *times)"),
        write(
            "tests/test_fees.py",
            story.files["tests/test_fees.py"].replace("fee(START", "fee('Ghent', START"),
        ),
    )
    _note(story, "2022-05-09", BACKEND, "CHANGES: airport", "Four free days at Airport East.")
    story.commit(
        "2022-06-13",
        PLATFORM,
        "Format everything",
        *_formatted(story),
    )
    story.commit(
        "2022-06-13",
        PLATFORM,
        "README: format before a commit",
        edit("README.md", "\n## Tests", "\nFormat with `ruff format`.\n\n## Tests"),
    )
    story.tag("v1.1")


def _branches(story: Story) -> None:
    """Autumn 2022: two branches."""
    story.branch("csv")
    story.commit(
        "2022-09-05",
        FINANCE,
        "Add --csv for the spreadsheet",
        edit(MAIN, "    args = parser", CSV_OPTION + "    args = parser"),
        edit(MAIN, "    print(", CSV_CALL + "    print("),
        edit(MAIN, "import table", "import table, values"),
        write(REPORT, story.files[REPORT] + VALUES),
    )
    story.switch("main")
    _note(story, "2022-09-06", PLATFORM, "CHANGES: formatter", "Formatted with ruff.")
    story.merge("2022-09-12", BACKEND, "csv", "Merge branch 'csv'")
    story.branch("archive-names")
    story.commit(
        "2022-10-03",
        OPERATIONS,
        "A site is one site, with and without spaces around its name\n\n"
        "Since the archive was moved some rows say 'Ghent ' and some 'Ghent'.\n"
        "The report had two lines for it, and nobody added them up.",
        edit(
            STAYS,
            "    return list(csv.reader(file))[1:]\n",
            "    rows = list(csv.reader(file))[1:]\n"
            "    return [[row[0], row[1].strip(), *row[2:]] for row in rows]\n",
        ),
    )
    story.switch("main")
    story.commit(
        "2022-10-04",
        BACKEND,
        "Read columns by name",
        write(STAYS, READ_BY_NAME),
        edit(MAIN, "row[1] == args.site", 'row["site"] == args.site'),
        edit(MAIN, "row[3].startswith", 'row["left_at"].startswith'),
        edit(REPORT, "for _, site, *texts in rows:", "for row in rows:"),
        edit(
            REPORT,
            "datetime.fromisoformat(text) for text in texts",
            "datetime.fromisoformat(row[name]) for name in TIMES",
        ),
        edit(REPORT, "fee(site, *times)", 'fee(row["site"], *times)'),
        edit(REPORT, "sums[site] = sums.get(site, 0)", BY_ROW),
        edit(REPORT, "\n\n\ndef table", '\n\nTIMES = ("deposited_at", "left_at")\n\n\ndef table'),
        *[edit("tests/test_report.py", old, new) for old, new in BY_NAME_TESTS],
    )
    story.merge(
        "2022-10-10",
        PLATFORM,
        "archive-names",
        "Merge branch 'archive-names'",
        keeping=[STAYS],
    )
    _note(story, "2022-10-10", BACKEND, "CHANGES: columns", "Columns in any order.")


def _lists(story: Story) -> None:
    """2023: each stay by itself."""
    story.commit(
        "2023-01-09",
        FINANCE,
        "Header line",
        edit(REPORT, "    lines = []\n", "    lines = [f\"{'Site':<20}{'Fees':>9}\"]\n"),
        edit("tests/test_report.py", "    assert table(ROWS) == [\n", HEADER_TEST),
    )
    story.commit(
        "2023-02-06",
        BACKEND,
        "A stay is an object",
        write(STAYS, STAY_OBJECTS),
        write(REPORT, REPORT_OF_OBJECTS),
        edit(FEES, "def fee(site, deposited_at, left_at):", "def fee(stay):"),
        edit(FEES, "left_at - deposited_at - FREE_AT.get(site, FREE)", OBJECT_TIME),
        edit(MAIN, 'row["site"] == args.site', "row.site == args.site"),
        edit(MAIN, 'row["left_at"].startswith(args.month)', MONTH_OF_OBJECT),
        write("tests/test_fees.py", OBJECT_FEES_TESTS),
        write("tests/test_report.py", OBJECT_REPORT_TESTS),
    )
    story.commit(
        "2023-02-07",
        BACKEND,
        "rows are stays",
        write(MAIN, story.files[MAIN].replace("rows", "stays").replace("row", "stay")),
    )
    _note(story, "2023-02-07", BACKEND, "CHANGES: nothing to see", "Stays are objects inside.")
    story.commit(
        "2023-03-06",
        OPERATIONS,
        "A sample with the airport",
        write("samples/airport.csv", AIRPORT),
    )
    story.commit(
        "2023-04-03",
        FINANCE,
        "Add --list to see each stay with its hours",
        edit(MAIN, "    args = parser", LIST_OPTION + "    args = parser"),
        edit(MAIN, "    if args.csv:", LIST_CALL + "    if args.csv:"),
        edit(MAIN, "import table, values", "import listing, table, values"),
        write(REPORT, story.files[REPORT] + LISTING),
        edit(REPORT, "import fee\n", "import fee, hours\n"),
        edit(FEES, "timedelta(hours=72)", "72"),
        edit(FEES, "timedelta(hours=24)", "24"),
        edit(FEES, "timedelta(hours=96)", "96"),
        edit(FEES, "    time = stay.left_at - stay.deposited_at -", "    time = hours(stay) -"),
        edit(FEES, "from datetime import timedelta\n", ""),
        edit(FEES, "\n\ndef fee", HOURS + "\n\ndef fee"),
        write("tests/test_listing.py", LISTING_TESTS),
    )
    _note(story, "2023-04-03", FINANCE, "CHANGES: list", "Option --list.")
    story.commit(
        "2023-05-08",
        BACKEND,
        "A stay knows its hours",
        edit(FEES, HOURS + "\n", "\n"),
        edit(FEES, "hours(stay) -", "stay.hours -"),
        edit(REPORT, "import fee, hours\n", "import fee\n"),
        edit(REPORT, "{hours(stay):>6}", "{stay.hours:>6}"),
        edit(STAYS, "    left_at: datetime\n", HOURS_OF_STAY),
    )
    story.commit(
        "2023-06-05",
        PLATFORM,
        "Type hints",
        edit(MONEY, "def money(amount):", "def money(amount: Decimal) -> str:"),
        edit(MONEY, "def money", "from decimal import Decimal\n\n\ndef money"),
        edit(FEES, "def fee(stay):", "def fee(stay: Stay) -> Decimal:"),
        edit(FEES, "import Decimal\n", "import Decimal\n\nfrom feereport.stays import Stay\n"),
        edit(STAYS, "def hours(self):", "def hours(self) -> int:"),
    )


def _by_now(story: Story) -> None:
    """2023 to 2025: what came after."""
    story.commit(
        "2023-07-03",
        PLATFORM,
        "fees.py holds the rules, so call it that",
        move(FEES, RULES),
        move("tests/test_fees.py", "tests/test_rules.py"),
        edit("tests/test_rules.py", "feereport.fees", "feereport.rules"),
        edit(REPORT, "feereport.fees", "feereport.rules"),
    )
    story.commit(
        "2023-08-07",
        BACKEND,
        "Free hours of a site",
        edit(RULES, "    time = stay.hours - FREE_AT.get(stay.site, FREE)\n", FREE_HOURS_CALL),
        edit(RULES, "\n\ndef fee", FREE_HOURS + "\n\ndef fee"),
    )
    _note(story, "2023-08-07", BACKEND, "CHANGES: again nothing", "Rules are in rules.py.")
    story.commit(
        "2023-10-02",
        FINANCE,
        "Refuse a site without stays",
        edit(
            MAIN,
            "stay.site == args.site]\n",
            "stay.site == args.site]\n"
            "        if not stays:\n"
            '            parser.error(f"no stays at {args.site}")\n',
        ),
    )
    story.commit(
        "2023-11-06",
        PLATFORM,
        "Tidy up",
        edit(MAIN, '    parser.add_argument("--month")\n', ""),
        edit(MAIN, MONTH_LINES, ""),
        edit("README.md", "\n`--month 2021-10` leaves out other months.\n", ""),
        edit(MAIN, "ArgumentParser()", 'ArgumentParser("feereport")'),
    )
    story.commit(
        "2024-01-15",
        FINANCE,
        "wip: count the stays of a site",
        edit(REPORT, "    lines = [f\"{'Site':<20}{'Fees':>9}\"]\n", COUNT_HEADER),
    )
    story.commit(
        "2024-01-15",
        FINANCE,
        "Count the stays of a site",
        edit(REPORT, COUNT_HEADER, COUNT_HEADER.replace('"]]', '"]')),
        *[edit(REPORT, old, new) for old, new in COUNTS],
        *[edit("tests/test_report.py", old, new) for old, new in COUNT_TESTS],
    )
    _note(story, "2024-01-16", FINANCE, "CHANGES: stays", "The report counts stays.")
    story.commit(
        "2024-03-11",
        BACKEND,
        "Read UTF-8, whatever the machine",
        edit(MAIN, "args.file.open()", 'args.file.open(encoding="utf-8", newline="")'),
    )
    story.commit(
        "2024-04-08",
        OPERATIONS,
        "README: whom to ask",
        edit("README.md", "\n## Use", "\nQuestions: finance desk, extension 27.\n\n## Use"),
    )
    story.commit(
        "2024-06-10",
        PLATFORM,
        "Docstrings",
        edit(REPORT, "def table(stays):\n", TABLE_DOCSTRING),
        edit(MONEY, "-> str:\n", '-> str:\n    """Return an amount as the report prints it."""\n'),
        edit(RULES, "-> Decimal:\n", '-> Decimal:\n    """Return what a stay costs."""\n'),
    )
    _note(story, "2024-06-10", PLATFORM, "CHANGES: docstrings", "Functions are described.")
    story.branch("columns")
    story.commit(
        "2024-09-02",
        FINANCE,
        "Wider column for names",
        edit(REPORT, "{site:<20}", "{site:<24}"),
        edit(REPORT, "{'Site':<20}", "{'Site':<24}"),
        edit(REPORT, "{'Total':<20}", "{'Total':<24}"),
        write(
            "tests/test_report.py",
            re.sub(r"(Site|Ghent|Total)(?=  )", r"\1    ", story.files["tests/test_report.py"]),
        ),
    )
    story.switch("main")
    story.commit(
        "2024-09-03",
        OPERATIONS,
        "A sample of a quiet month",
        write("samples/quiet.csv", "stay,site,deposited_at,left_at\n"),
    )
    story.merge("2024-09-09", BACKEND, "columns", "Merge branch 'columns'")
    story.commit(
        "2024-11-04",
        BACKEND,
        "Say where a row cannot be read",
        edit(STAYS, "    for row in csv.DictReader(file):\n", NUMBERED),
        edit(STAYS, "        times = [datetime", "        try:\n            times = [datetime"),
        edit(STAYS, "for name in TIMES]\n", UNREADABLE),
    )
    _note(story, "2025-01-13", FINANCE, "CHANGES: rows", "Unreadable rows are named.")
    story.commit(
        "2025-02-03",
        PLATFORM,
        "Python 3.11",
        edit(
            "pyproject.toml",
            "[tool",
            '[project]\nname = "feereport"\nversion = "2.0"\nrequires-python = ">=3.11"\n\n[tool',
        ),
    )
    story.tag("v2.0")
    story.commit(
        "2025-10-06",
        FINANCE,
        "README: a question of the auditors",
        edit(
            "README.md",
            "\n## Tests",
            "\nOpen: a stay of 72 hours and 20 minutes costs nothing. In the report\n"
            "of 2022 it cost 1.50, and the rule has not changed.\n\n## Tests",
        ),
    )


def _note(story: Story, day: str, who: str, subject: str, line: str) -> None:
    """Tell a commit that adds a line to the list of changes."""
    before = story.files.get("CHANGES.md", "# Changes\n\n")
    story.commit(day, who, subject, write("CHANGES.md", f"{before}* {day}: {line}\n"))


def _indented(text: str, factor: float) -> str:
    """Return a text whose lines begin so many times as far from the edge."""
    return re.sub(r"^ +", lambda found: " " * int(len(found[0]) * factor), text, flags=re.M)


def _formatted(story: Story) -> list[Change]:
    """Return the changes that a formatter makes, which likes double quotes."""
    changes = []
    for path, text in story.files.items():
        if path.endswith(".py"):
            swapped = text.translate(str.maketrans("'\"", "\"'"))
            imports = "from decimal import Decimal\nfrom datetime import timedelta\n"
            in_order = "from datetime import timedelta\nfrom decimal import Decimal\n"
            changes.append(write(path, swapped.replace(imports, in_order)))
    return changes


README = """
# Fee report

Adds up the storrage fees of a file of stays, site by site.

## Use

    python fee_report.py stays.csv

## Tests

    pytest
"""

SCRIPT = """
import csv
import sys
from datetime import datetime, timedelta

FREE = timedelta(hours=72)
DAY = timedelta(hours=24)


def fee(deposited_at, left_at):
    time = left_at - deposited_at - FREE
    days = -(-time // DAY)
    return max(days, 0) * 150


def table(rows):
    sums = {}
    for _, site, *texts in rows:
        times = [datetime.fromisoformat(text) for text in texts]
        fees = fee(*times)
        sums[site] = sums.get(site, 0) + fees
    lines = []
    for site, cents in sorted(sums.items()):
        lines.append(f'{site:<20}{cents / 100:>9.2f}')
    return lines


if __name__ == '__main__':
    print('\\n'.join(table(list(csv.reader(open(sys.argv[1])))[1:])))
"""

LOCAL_TIME = """\
    # In the night of the change some walls send their local time.
    if times[1] < times[0]:
      continue
"""

SCRIPT_TESTS = """
from datetime import datetime, timedelta

from fee_report import fee, table

START = datetime(2021, 2, 1, 8)


def test_free():
    assert fee(START, START + timedelta(hours=72)) == 0


def test_first_day():
    assert fee(START, START + timedelta(hours=73)) == 150


def test_table():
    rows = [['1', 'Ghent', '2021-02-01T08:00', '2021-02-04T09:00']]
    assert table(rows) == [
        'Ghent                    1.50',
        'Total                    1.50',
    ]
"""

PACKAGE_MAIN = """
import argparse
import csv
from pathlib import Path

from feereport.report import table


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('file', type=Path)
    args = parser.parse_args()
    rows = list(csv.reader(args.file.open()))[1:]
    print('\\n'.join(table(rows)))


if __name__ == '__main__':
    main()
"""

PACKAGE_FEES = """
from datetime import timedelta

FREE = timedelta(hours=72)
DAY = timedelta(hours=24)


def fee(deposited_at, left_at):
    time = left_at - deposited_at - FREE
    days = -(-time // DAY)
    return min(max(days, 0) * 150, 1500)
"""

PACKAGE_REPORT = """
from datetime import datetime

from feereport.fees import fee


def table(rows):
    sums = {}
    for _, site, *texts in rows:
        times = [datetime.fromisoformat(text) for text in texts]
        # In the night of the change some walls send their local time.
        if times[1] >= times[0]:
            cents = fee(*times)
            sums[site] = sums.get(site, 0) + cents
    lines = []
    for site, cents in sorted(sums.items()):
        lines.append(f'{site:<20}{cents / 100:>9.2f}')
    lines.append(f'{"Total":<20}{sum(sums.values()) / 100:>9.2f}')
    return lines
"""

FEES_TESTS = """
from datetime import datetime, timedelta

from feereport.fees import fee

START = datetime(2021, 2, 1, 8)


def test_free():
    assert fee(START, START + timedelta(hours=72)) == 0


def test_first_day():
    assert fee(START, START + timedelta(hours=73)) == 150
"""

REPORT_TESTS = """
from feereport.report import table

ROWS = [['1', 'Ghent', '2021-02-01T08:00', '2021-02-04T09:00']]


def test_table():
    assert table(ROWS) == [
        'Ghent                    1.50',
        'Total                    1.50',
    ]
"""

PYPROJECT = """
[tool.pytest.ini_options]
pythonpath = ["."]
testpaths = ["tests"]
"""

READ_CALL = "    rows = read(args.file.open())\n"

FEBRUARY = """
stay,site,deposited_at,left_at
101,Ghent,2022-02-01T08:00,2022-02-03T08:00
102,Ghent,2022-02-01T08:00,2022-02-05T12:00
103,Porto,2022-02-02T17:30,2022-02-11T10:00
"""

MONEY_TESTS = """
from feereport.money import money


def test_money():
    assert money(1234.5) == '1 234.50'
"""

CSV_OPTION = '    parser.add_argument("--csv", action="store_true")\n'
CSV_CALL = """\
    if args.csv:
        print("\\n".join(values(rows)))
        return
"""
VALUES = """\


def values(rows):
    return [",".join(line.rsplit(maxsplit=1)) for line in table(rows)]
"""

READ_BY_NAME = """
import csv


def read(file):
    return list(csv.DictReader(file))
"""
BY_ROW = 'site = row["site"]\n            sums[site] = sums.get(site, 0)'
BY_NAME_TESTS = [
    (
        'ROWS = [["1", "Ghent", "2021-02-01T08:00", "2021-02-04T09:00"]]\n',
        'TIMES = {"deposited_at": "2021-02-01T08:00", "left_at": "2021-02-04T09:00"}\n'
        'ROWS = [{"stay": "1", "site": "Ghent", **TIMES}]\n',
    ),
]
HEADER_TEST = '    assert table(ROWS) == [\n        "Site                     Fees",\n'

STAY_OBJECTS = '''
"""Stays, and how they are read from the archive's file."""

import csv
from datetime import datetime
from typing import NamedTuple

TIMES = ("deposited_at", "left_at")


class Stay(NamedTuple):
    number: str
    site: str
    deposited_at: datetime
    left_at: datetime


def read(file):
    stays = []
    for row in csv.DictReader(file):
        times = [datetime.fromisoformat(row[name]) for name in TIMES]
        stays.append(Stay(row["stay"], row["site"], *times))
    return stays
'''
REPORT_OF_OBJECTS = """
from feereport.fees import fee
from feereport.money import money


def table(stays):
    sums = {}
    for stay in stays:
        # In the night of the change some walls send their local time.
        if stay.left_at >= stay.deposited_at:
            sums[stay.site] = sums.get(stay.site, 0) + fee(stay)
    lines = [f"{'Site':<20}{'Fees':>9}"]
    for site, amount in sorted(sums.items()):
        lines.append(f"{site:<20}{money(amount):>9}")
    lines.append(f"{'Total':<20}{money(sum(sums.values())):>9}")
    return lines


def values(stays):
    return [",".join(line.rsplit(maxsplit=1)) for line in table(stays)]
"""
OBJECT_TIME = "stay.left_at - stay.deposited_at - FREE_AT.get(stay.site, FREE)"
MONTH_OF_OBJECT = "row.left_at.isoformat().startswith(args.month)"
OBJECT_FEES_TESTS = """
from datetime import datetime, timedelta
from decimal import Decimal

from feereport.fees import fee
from feereport.stays import Stay

START = datetime(2021, 2, 1, 8)


def stay(hours, site="Ghent"):
    return Stay("1", site, START, START + timedelta(hours=hours))


def test_free():
    assert fee(stay(72)) == 0


def test_first_day():
    assert fee(stay(73)) == Decimal("1.50")


def test_airport():
    assert fee(stay(96, "Airport East")) == 0
    assert fee(stay(97, "Airport East")) == Decimal("1.50")


def test_never_more():
    assert fee(stay(999)) == Decimal("15.00")
"""
OBJECT_REPORT_TESTS = """
from datetime import datetime

from feereport.report import table
from feereport.stays import Stay

STAYS = [Stay("1", "Ghent", datetime(2021, 2, 1, 8), datetime(2021, 2, 4, 9))]


def test_table():
    assert table(STAYS) == [
        "Site                     Fees",
        "Ghent                    1.50",
        "Total                    1.50",
    ]
"""
AIRPORT = """
stay,site,deposited_at,left_at
201,Airport East,2023-02-01T06:00,2023-02-05T06:00
202,Airport East,2023-02-01T06:00,2023-02-06T05:00
203,Ghent,2023-02-01T06:00,2023-02-05T05:00
"""

LIST_OPTION = '    parser.add_argument("--list", action="store_true")\n'
LIST_CALL = """\
    if args.list:
        print("\\n".join(listing(stays)))
        return
"""
LISTING = """\


def listing(stays):
    return [
        f"{stay.number:>6}  {stay.site:<20}{hours(stay):>6} h{money(fee(stay)):>9}"
        for stay in stays
    ]
"""
HOURS = """

def hours(stay):
    return int((stay.left_at - stay.deposited_at).total_seconds() // 3600)
"""
HOURS_OF_STAY = """\
    left_at: datetime

    @property
    def hours(self):
        return int((self.left_at - self.deposited_at).total_seconds() // 3600)
"""
LISTING_TESTS = """
from datetime import datetime

from feereport.report import listing
from feereport.stays import Stay


def test_listing():
    stay = Stay("17", "Ghent", datetime(2023, 2, 1, 8), datetime(2023, 2, 4, 9, 30))
    assert listing([stay]) == ["    17  Ghent                   73 h     1.50"]
"""

FREE_HOURS = """

def free_hours(site):
    return FREE_AT.get(site, FREE)
"""
FREE_HOURS_CALL = "    time = stay.hours - free_hours(stay.site)\n"
MONTH_LINES = """\
    if args.month:
        stays = [stay for stay in stays if stay.left_at.isoformat().startswith(args.month)]
"""
COUNT_HEADER = """\
    lines = [f"{'Site':<20}{'Stays':>6}{'Fees':>9}"]]
"""
COUNTS = [
    (
        "            sums[stay.site] = sums.get(stay.site, 0) + fee(stay)\n",
        "            sums.setdefault(stay.site, []).append(fee(stay))\n",
    ),
    (
        "    for site, amount in sorted(sums.items()):\n"
        '        lines.append(f"{site:<20}{money(amount):>9}")\n',
        "    for site, fees in sorted(sums.items()):\n"
        '        lines.append(f"{site:<20}{len(fees):>6}{money(sum(fees)):>9}")\n'
        "    all_fees = sum(sums.values(), [])\n",
    ),
    (
        "{'Total':<20}{money(sum(sums.values())):>9}",
        "{'Total':<20}{len(all_fees):>6}{money(sum(all_fees)):>9}",
    ),
    ("line.rsplit(maxsplit=1)", "line.rsplit(maxsplit=2)"),
]
COUNT_TESTS = [
    ("Site                     Fees", "Site                 Stays     Fees"),
    ("Ghent                    1.50", "Ghent                    1     1.50"),
    ("Total                    1.50", "Total                    1     1.50"),
]
TABLE_DOCSTRING = '''\
def table(stays):
    """Return the lines of the report: a header, one for each site, the total."""
'''
NUMBERED = "    for number, row in enumerate(csv.DictReader(file), start=2):\n"
UNREADABLE = """\
for name in TIMES]
        except (ValueError, TypeError):
            raise SystemExit(f"row {number} cannot be read") from None
"""
