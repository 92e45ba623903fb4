"""What comes with each language: facts that age, each checked on one day."""

from dataclasses import dataclass

CHECKED = "2026-11-22"
"""The day on which all of this was looked up, in the sources named."""


@dataclass(frozen=True)
class Ecosystem:
    """What surrounds a language.

    * ``many_clients``: how a server in it usually serves many at once.
    * ``packages``: the tool that fetches packages, and the file that lists them.
    * ``frameworks``: what services are usually built on.
    * ``steward``: who looks after it.
    * ``new_version``: when the next one comes.
    * ``fixes``: for how long a version is mended.
    * ``example``: a version of today, and the end of its fixes.
    * ``ends``: the end of the fixes for the version that its transcript was recorded
      with, as 2027-10-31; empty where its makers name none.
    """

    many_clients: str
    packages: str
    frameworks: str
    steward: str
    new_version: str
    fixes: str
    example: str
    ends: str


ECOSYSTEMS = {
    # Python Developer's Guide, "Status of Python versions"; PEP 602; PEP 779.
    "Python": Ecosystem(
        "a thread per connection; in the usual build one of them runs Python at a time",
        "pip, `pyproject.toml`",
        "FastAPI, Django, Flask",
        "core developers with an elected council; Python Software Foundation",
        "each October",
        "5 years",
        "3.14: October 2030",
        ends="2027-10-31",
    ),
    # OpenJDK, "JEP 444: Virtual Threads"; Eclipse Adoptium, "Support".
    "Java": Ecosystem(
        "a pool of threads; since Java 21 (2023) also virtual threads, by the million",
        "Maven, `pom.xml`, or Gradle, `build.gradle`",
        "Spring Boot, Quarkus",
        "OpenJDK, led by Oracle; builds by many vendors",
        "each March and September",
        "as the vendor says",
        "25 (LTS) by Eclipse Temurin: September 2031 at least",
        ends="2027-10-31",  # Temurin's for Java 17
    ),
    # Microsoft, ".NET releases and support".
    "C#": Ecosystem(
        "`async` and `await`: who waits holds no thread, who works borrows one",
        "NuGet, `.csproj`",
        "ASP.NET Core",
        "Microsoft; .NET Foundation",
        "each November",
        "LTS 3 years, others 2",
        ".NET 10 (LTS): 14 November 2028",
        ends="",  # Mono names no dates, and later versions have followed 6.8
    ),
    # Ruby core team, "Ruby Maintenance Branches"; endoflife.date for what is expected.
    "Ruby": Ecosystem(
        "a thread per connection, one running Ruby at a time; several processes",
        "Bundler, `Gemfile`",
        "Rails, Sinatra",
        "its creator Matz with the core team",
        "each 25 December",
        "a good 3 years",
        "3.4: March 2028, expected",
        ends="2025-03-26",
    ),
    # Node.js Release Working Group, "Release schedule"; its announcement of 2026.
    "JavaScript": Ecosystem(
        "an event loop: one thread for all, which must never be kept waiting",
        "npm, `package.json`",
        "Express, Fastify, NestJS",
        "language: Ecma, committee TC39; Node.js: OpenJS Foundation",
        "language each June; Node.js each April (until 2025 October too)",
        "LTS 30 months",
        "Node.js 24 (LTS): 30 April 2028",
        ends="2026-04-30",
    ),
}
