"""The five programs, their transcripts, and a probe that finds what is wrong with others."""

import json
import re

import httpx
import pytest
from four_servers import languages, probe, reading, record, snippets, transcripts, workbench
from four_servers.ecosystems import CHECKED, ECOSYSTEMS
from four_servers.languages import CSHARP, JAVA, JAVASCRIPT, LANGUAGES, PYTHON, RUBY
from four_servers.programs import availability

from backend_course.lab import servers

SILENT = probe.CONTRACT[-1]
CHANGES = {
    "letters for bytes": (
        PYTHON,
        "len(body)",
        "len(body.decode())",
        "a name that is not ASCII: Content-Length says 69, the body has 70 bytes",
    ),
    "one at a time": (
        JAVA,
        "        server.setExecutor(Executors.newCachedThreadPool());\n",
        "",
        "beside a silent client: no answer",
    ),
    "no HEAD": (
        CSHARP,
        ' && request.HttpMethod != "HEAD")',
        ")",
        "the headers alone: status 405, expected 200",
    ),
    "a lax number": (
        RUBY,
        "Integer(match[1], 10, exception: false)",
        "match[1].to_i",
        "a site that is no number: status 200, expected 422",
    ),
    "characters for bytes": (
        JAVASCRIPT,
        "Buffer.byteLength(body)",
        "body.length",
        "a name that is not ASCII: Content-Length says 59, the body has 60 bytes",
    ),
}
"""The changes that exercise 3 asks about, and Python's: each breaks one exchange."""


def here(language):
    if lacks := languages.missing(language):
        pytest.skip(f"{language.name}: {lacks}")


@pytest.fixture(params=LANGUAGES, ids=lambda language: language.name)
def language(request):
    return request.param


def test_the_program_keeps_the_contract_and_answers_as_recorded(language):
    here(language)
    with languages.running(language) as server:
        answers = probe.ask_all(server.port, probe.CONTRACT + probe.BEYOND)
        again = probe.ask_all(server.port, probe.CONTRACT)
    kept = "\n".join(f"kept    {each.what}: {each.status}" for each in probe.CONTRACT)
    assert probe.report(answers) == probe.report(again) == kept
    recorded = transcripts.load(language).raw
    for name in answers:
        assert probe.status_of(answers[name]) == probe.status_of(recorded[name]), name
        assert answers[name].partition(b"\r\n\r\n")[2] == recorded[name].partition(b"\r\n\r\n")[2]


def test_the_transcript_keeps_the_contract(language):
    transcript = transcripts.load(language)
    assert transcript.language == language.name
    assert "BROKEN" not in probe.report(transcript.raw)
    assert probe.keeps_the_contract(transcript.raw)
    assert set(transcript.answers) == {each.what for each in probe.CONTRACT + probe.BEYOND}
    assert set(transcript.snippets) == set(snippets.QUESTIONS)


def test_the_transcript_is_of_today_s_program_and_says_when_and_with_what(language):
    transcript = transcripts.load(language)
    assert transcript.sha256 == transcripts.fingerprint(language), (
        f"{language.file} has changed: record it again with python -m four_servers.record"
    )
    label = rf"transcript of 20\d\d-\d\d-\d\d: {re.escape(language.runtime)} \d+(\.\d+)+, .+"
    assert re.fullmatch(label, transcript.label)


def test_the_snippets_do_what_was_recorded(language):
    here(language)
    assert snippets.results(language) == transcripts.load(language).snippets


@pytest.mark.parametrize("name", CHANGES)
def test_the_probe_finds_a_broken_server(name):
    language, old, new, expected = CHANGES[name]
    here(language)
    patience = 1.0 if "no answer" in expected else probe.PATIENCE
    with (
        languages.changed(language, old, new) as program,
        languages.running(language, program) as server,
    ):
        answers = probe.ask_all(server.port, probe.CONTRACT[:-1])
        answers[SILENT.what] = probe.ask(server.port, SILENT, patience)
    broken = [line for line in probe.report(answers).splitlines() if not line.startswith("kept")]
    assert broken == [f"BROKEN  {expected}"]


def answer(status=200, body=b"", **headers):
    headers = {"Content-Length": str(len(body)), "Content-Type": "application/json"} | headers
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value]
    return "\r\n".join([f"HTTP/1.1 {status} So", *lines, "", ""]).encode() + body


def differs(exchange, came, **others):
    return probe.difference(exchange, {exchange.what: came, **others})


GET = probe.CONTRACT[0]
BODY = json.dumps(GET.document).encode()
MISSING = next(each for each in probe.CONTRACT if each.status == 404)
METHOD = next(each for each in probe.CONTRACT if each.status == 405)
PROBLEM = {"Content-Type": "application/problem+json"}


@pytest.mark.parametrize(
    ("exchange", "came", "expected"),
    [
        (GET, b"", "no answer"),
        (GET, b"HTTP/1.1 200 OK\r\n", "no empty line after the headers"),
        (GET, b"nonsense\r\n\r\n", "status None, expected 200"),
        (GET, answer(404), "status 404, expected 200"),
        (GET, answer(body=BODY, **{"Content-Length": ""}), "no Content-Length"),
        (GET, answer(body=BODY, **{"Content-Length": "-1"}), "no Content-Length"),
        (
            GET,
            answer(body=BODY + b"\n", **{"Content-Length": str(len(BODY))}),
            f"Content-Length says {len(BODY)}, the body has {len(BODY) + 1} bytes",
        ),
        (
            GET,
            answer(body=BODY, **{"Content-Type": "text/html"}),
            "Content-Type: text/html, expected application/json",
        ),
        (GET, answer(body=b"free"), "a body that is no JSON"),
        (GET, answer(body=b"{}"), "the body is {}"),
        (
            MISSING,
            answer(404, b"{}"),
            "Content-Type: application/json, expected application/problem+json",
        ),
        (MISSING, answer(404, b"[]", **PROBLEM), "a problem without a title"),
        (
            MISSING,
            answer(404, b'{"title": "x", "status": 400}', **PROBLEM),
            "the body says status 400",
        ),
        (METHOD, answer(405, b"{}", **PROBLEM), "Allow: None"),
        (METHOD, answer(405, b"{}", Allow="GET", **PROBLEM), "Allow: GET"),
    ],
)
def test_the_probe_names_the_difference(exchange, came, expected):
    assert differs(exchange, came) == expected


def test_the_probe_takes_what_the_contract_leaves_open():
    spaced = json.dumps(GET.document, indent=2).encode()
    kind = {"Content-Type": "application/json; charset=utf-8"}
    assert differs(GET, answer(body=spaced, **kind)) == ""
    shuffled = answer(405, b'{"status": 405, "title": "x"}', Allow="HEAD,GET", **PROBLEM)
    assert differs(METHOD, shuffled) == ""


def test_head_repeats_the_headers_of_get_without_a_body():
    head = next(each for each in probe.CONTRACT if each.method == "HEAD")
    by_get = {head.twin: answer(body=BODY)}
    length = {"Content-Length": str(len(BODY))}
    assert differs(head, answer(**length), **by_get) == ""
    assert differs(head, answer(), **by_get) == f"Content-Length 0, by GET {len(BODY)}"
    assert differs(head, answer(body=BODY), **by_get).startswith(f"{len(BODY)} bytes of a body")


def test_nobody_listening_is_no_answer():
    assert probe.ask(servers.free_port(), GET, patience=1) == b""


def test_without_the_toolchain_the_transcript_speaks(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    answers, origin = transcripts.hear(JAVA)
    assert answers == transcripts.load(JAVA).raw
    assert origin == f"{transcripts.load(JAVA).label} (java is not on the PATH)"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'openjdk version \"1.8.0_402\"' >&2", "Java 1.8.0 is older than 17"),
        ("exit 1", "java is on the PATH, and does not work"),
    ],
)
def test_a_toolchain_of_no_use_is_passed_over(monkeypatch, tmp_path, script, reason):
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\n{script}\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert transcripts.hear(JAVA)[1].endswith(f"({reason})")


def test_a_program_that_does_not_start_is_passed_over(monkeypatch, tmp_path):
    broken = tmp_path / "availability.py"
    broken.write_text("raise SystemExit('no')")
    monkeypatch.setattr(languages, "PROGRAMS", tmp_path)
    answers, origin = transcripts.hear(PYTHON)
    assert probe.keeps_the_contract(answers)
    assert origin.startswith("transcript of ")


def test_a_program_that_runs_is_heard_live():
    answers, origin = transcripts.hear(PYTHON)
    assert probe.keeps_the_contract(answers)
    assert re.fullmatch(r"live: Python \d+\.\d+\.\d+", origin)


def test_recording_writes_what_loading_reads(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(transcripts, "FOLDER", tmp_path)
    assert record.main(["Python"]) == 0
    assert probe.keeps_the_contract(transcripts.load(PYTHON).raw)
    assert capsys.readouterr().out.startswith("Python: py.json: transcript of ")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert record.main(["Ruby"]) == 1
    assert capsys.readouterr().out == "Ruby: not recorded: ruby is not on the PATH\n"


def test_a_change_needs_a_text_to_replace():
    with (
        pytest.raises(ValueError, match=r"is not in availability\.py"),
        languages.changed(PYTHON, "COBOL", ""),
    ):
        pass


def test_a_program_that_is_not_compiled_is_an_error():
    here(CSHARP)
    with (
        languages.changed(CSHARP, "int.TryParse", "int.TryRead") as program,
        pytest.raises(servers.ServerError, match=r"C#: not compiled: .*TryRead"),
        languages.running(CSHARP, program),
    ):
        pass


def test_the_facts_are_of_the_languages_and_of_the_day_of_the_transcripts():
    assert list(ECOSYSTEMS) == [language.name for language in LANGUAGES]
    recorded = {transcripts.load(language).recorded for language in LANGUAGES}
    assert recorded == {CHECKED}, "look the facts up again, and record all five"


def test_reading_side_by_side():
    texts = {"Python": "import json", "Java": "enum", "C#": "class Site", "Ruby": "SITES ="}
    lines = reading.lines(texts | {"JavaScript": "const SITES"}).splitlines()
    assert lines[0] == "Python      import json"
    assert lines[1] == "Java        enum Size { S, M, L }"
    with pytest.raises(ValueError, match="'Cobol' is not in"):
        reading.lines(dict.fromkeys(texts, "Cobol"))
    assert reading.show(RUBY).data.startswith("```ruby\n# How many")
    assert reading.table(["a"], [["x|y"]]).data == "| a |\n| --- |\n| x\\|y |"


def test_the_workbench_serves_another_choice():
    with workbench.serving(lambda free, query: {"S": len(query)}) as url:
        came = httpx.get(f"{url}/sites/1/availability?fits=M&x=1", trust_env=False)
    assert came.json()["free"] == {"S": 2}
    assert availability.chosen({"S": 1}, {}) == {"S": 1}


def test_what_one_choice_spoils_is_whole_for_the_next():
    for _ in range(2):
        with workbench.serving(lambda free, query: {"S": free.pop("S")}) as url:
            came = httpx.get(f"{url}/sites/1/availability", trust_env=False)
        assert came.json()["free"] == {"S": 4}


def test_the_workbench_tells_of_an_error_and_of_a_blank(capfd):
    with workbench.serving(lambda free, query: free["XXL"]) as url:
        came = httpx.get(f"{url}/sites/1/availability", trust_env=False)
    assert (came.status_code, came.json()["detail"]) == (500, "KeyError: 'XXL'")
    with workbench.serving(...) as nothing:
        assert nothing is ...
    assert capfd.readouterr() == ("", "")
