"""What a check of an nginx config says: requirement, sent, came back, expected, where to look."""

import re
from collections.abc import Iterator

import pytest

from backend_course.check import CheckError, NotAttemptedError, proxy
from backend_course.check.proxy import HUNG_UP, Probe
from backend_course.lab import servers

# An application is played by nginx itself: it says what has arrived.
ECHO = """
limit_req_zone $remote_addr zone=codes:1m rate=1r/m;
server {
    listen 127.0.0.1:${PORT};
    default_type application/json;
    add_header X-Request-ID $request_id always;
    location / {
        return 200 '{"size": "M", "headers": {"host": "$host", "x-caller": "$remote_addr"}}';
    }
    location /joined {
        return 200 '{"headers": {"x-request-id": "$request_id"}}';
    }
    location /split {
        return 200 '{"headers": {"x-request-id": "another"}}';
    }
    location /limited {
        limit_req zone=codes burst=1 nodelay;
        try_files /none =404;
    }
    location /closed {
        return 444;
    }
}
"""


@pytest.fixture(autouse=True, scope="module")
def none_stays() -> Iterator[None]:
    yield
    servers.stop_all()


def checked(*probes: Probe, config: object = ECHO, hint: str = "") -> str:
    """Return the message of a check, an empty text where it is content."""
    try:
        proxy.check("q", config, {}, *probes, requirement="It works.", hint=hint)
    except CheckError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("blank", [..., None, "", "\n  "])
def test_a_blank_config_is_not_attempted(blank):
    with pytest.raises(NotAttemptedError, match="q: not attempted yet"):
        proxy.check("q", blank, {}, requirement="It works.")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (42, "q is a value of type int. Write the config as a text"),
        ("events {}\nhttp {\n}\n", "q is a whole nginx.conf. Write only what goes into its http"),
        ("server {\n    listen 127.0.0.1:${PORT}\n}\n", "q: nginx refuses line 3 of the config"),
        ("server {\n    listen 127.0.0.1:${PORT};\n", "unexpected end of file"),
        ("server {\n    listen 127.0.0.1:8080;\n}\n", "The config does not say where to listen"),
    ],
    ids=["type", "whole", "semicolon", "bracket", "port"],
)
def test_a_config_that_nginx_cannot_use(config, words):
    assert words in checked(config=config)


def test_all_parts_of_a_message():
    probe = Probe("PUT", "/a%20b", {"X-Size": "M"}, "body", "203.0.113.7", 2, status=201)
    assert checked(probe, hint="Where to look: there.") == (
        "q: It works.\n"
        "Sent: PUT /a%20b from 203.0.113.7 with X-Size: M and 4 bytes, 2 times\n"
        'Came back: 2 times 200; the first of these: 200 {"size": "M", "headers": '
        '{"host": "lockers.example", "x-caller": "203.0.113.7"}}\n'
        "Expected: 201.\n"
        "Where to look: there."
    )


@pytest.mark.parametrize(
    "probe",
    [
        Probe("GET", "/", headers={"Content-Type": re.compile("application/.*"), "X-No": None}),
        Probe("GET", "/", {"Host": "a.example"}, arrives={"Host": "a.example"}),
        Probe("GET", "/", client="203.0.113.7", arrives={"X-Caller": "203.0.113.7"}),
        Probe("GET", "/", members={"size": "M"}, absent="XL"),
        Probe("POST", "/joined", body=300_000, times=3, fresh="X-Request-ID"),
        Probe("GET", "/closed", status=(404, HUNG_UP)),
        Probe("GET", "/limited", times=3, counts={404: range(1, 3), 503: 1}),
    ],
    ids=["headers", "host", "client", "members", "fresh", "closed", "counts"],
)
def test_what_is_as_asked_passes(probe):
    assert checked(probe) == ""


@pytest.mark.parametrize(
    ("probe", "came", "expected"),
    [
        (Probe("GET", "/closed"), "no answer, the connection was closed", "200"),
        (
            Probe("GET", "/", status=(HUNG_UP, 404)),
            '200 {"size"',
            "no answer, the connection was closed or 404",
        ),
        (
            Probe("GET", "/limited", times=4, counts={404: 3, 503: range(2)}),
            "2 times 404, 2 times 503",
            "3 times 404, 0 to 1 times 503",
        ),
        (Probe("GET", "/limited", counts={503: 1}), "once 404", "once 503"),
        (Probe("GET", "/", headers={"X-No": "1"}), "200 with no X-No", "X-No: 1"),
        (
            Probe("GET", "/", headers={"Content-Type": None}),
            "200 with Content-Type: application/json",
            "no Content-Type",
        ),
        (
            Probe("GET", "/", headers={"Content-Type": re.compile("text/.*")}),
            "200 with Content-Type: application/json",
            "Content-Type: text/.*",
        ),
        (
            Probe("GET", "/", arrives={"Host": "b.example"}),
            "200, and the application got Host: lockers.example",
            "Host: b.example at the application",
        ),
        (
            Probe("GET", "/limited", status=404, arrives={"Host": "b.example"}),
            "404, and the application got no Host",
            "Host: b.example at the application",
        ),
        (Probe("GET", "/", members={"size": "S"}), "200 {", 'a JSON object with size "S"'),
        (Probe("GET", "/", absent="M"), "200 {", "nothing with 'M' in it"),
        (
            Probe("GET", "/", fresh="X-No"),
            "200 with no X-No",
            "X-No in the answer",
        ),
        (
            Probe("GET", "/", {"Content-Type": "application/json"}, fresh="Content-Type"),
            "200 with Content-Type: application/json",
            "Content-Type with a value that nginx has made",
        ),
        (
            Probe("GET", "/split", fresh="X-Request-ID"),
            "and the application got X-Request-ID: another",
            "the same value on both sides",
        ),
        (
            Probe("GET", "/limited", times=2, status=404, fresh="Content-Type"),
            "Content-Type: text/html more than once",
            "another value for each request",
        ),
        (
            Probe("GET", "/", times=2, shared_by={"A", "B"}),
            "answers of nobody alone",
            "answers of A and B",
        ),
        (Probe("GET", "/", within=0), "200 after 0.0 s", "200, within 0 s"),
        (Probe("GET", "/", within=0, times=3, counts={404: 3}), "200 after", "3 times 404, within"),
    ],
)
def test_what_differs_is_named(probe, came, expected):
    said = dict(line.split(": ", 1) for line in checked(probe).splitlines())
    assert came in said["Came back"]
    assert said["Expected"].startswith(expected)


def test_headers_that_come_twice_are_one_value():
    twice = "add_header Content-Type text/plain always;\n    location / {"
    config = ECHO.replace("location / {", twice, 1)
    probe = Probe("GET", "/limited", status=404, headers={"Content-Type": "text/plain"})
    assert "text/html, text/plain" in checked(probe, config=config)


def test_each_check_has_an_nginx_that_remembers_nothing():
    for _ in range(2):
        assert checked(Probe("GET", "/limited", times=3, counts={404: 2, 503: 1})) == ""


def test_between_checks_nothing_runs():
    checked(Probe("GET", "/"))
    # Other tests of this process may have servers of their own.
    states = [line for line in repr(servers.status()).splitlines() if "of the checks" in line]
    assert states
    assert not [line for line in states if "running" in line]


def test_another_config_does_not_see_the_values_of_the_last():
    site = "server {\n    listen 127.0.0.1:${PORT};\n    return 200 ${WORD};\n}\n"
    proxy.check("q", site, {"WORD": "one"}, Probe("GET", "/"), requirement="It works.")
    assert "The config names ${WORD}" in checked(Probe("GET", "/"), config=site)


def test_answers_are_shown_with_what_varies(capsys):
    proxy.show("q", ECHO, {}, Probe("GET", "/limited"), Probe("GET", "/closed", times=2))
    shown = capsys.readouterr().out.splitlines()
    assert shown[:3] == ["> GET /limited from 192.0.2.1", "< 404", "< content-type: text/html"]
    assert shown[-2:] == [
        "> GET /closed from 192.0.2.1, 2 times",
        "< 2 times no answer, the connection was closed",
    ]


def test_a_blank_config_is_shown_in_words(capsys):
    proxy.show("q", ..., {}, Probe("GET", "/"))
    assert capsys.readouterr().out.startswith("q: not attempted yet")
