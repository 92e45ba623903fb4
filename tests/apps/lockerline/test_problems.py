"""Whatever is wrong with a request, the answer is a problem that can be acted on."""

import pytest
import requests

GOOD = {"size": "S", "shop": "Books", "recipient": "R. Reader"}


def send(service, body: bytes, content_type: str = "application/json") -> requests.Response:
    headers = {"Content-Type": content_type}
    return requests.post(f"{service.app.url}/parcels", data=body, headers=headers, timeout=20)


def test_a_path_that_is_not_there(service, is_problem):
    problem = is_problem(service.get("/nowhere"), 404, "about:blank")
    assert problem["title"] == "Not Found"
    assert "/nowhere" in problem["detail"]
    is_problem(service.get("/parcels/"), 404, "about:blank")


def test_a_method_that_is_not_possible(service, is_problem):
    answer = requests.delete(f"{service.app.url}/parcels", timeout=20)
    problem = is_problem(answer, 405, "about:blank")
    assert problem["title"] == "Method Not Allowed"
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("body", [b'{"size"', b"", b"\xff\xfe{", b"[" * 50_000, b"{'size': 1}"])
def test_a_body_that_is_no_json(service, is_problem, body):
    answer = send(service, body)
    if body:
        is_problem(answer, 400, "malformed-json")
    else:
        is_problem(answer, 422, "invalid-request")


@pytest.mark.parametrize("body", [b"null", b"[]", b'"S"', b"17"])
def test_json_that_is_no_object(service, is_problem, body):
    problem = is_problem(send(service, body), 422, "invalid-request")
    assert problem["errors"][0]["pointer"] == "#"


def test_a_body_that_is_declared_as_something_else(service, is_problem):
    is_problem(send(service, b'{"size": "S"}', "text/plain"), 422, "invalid-request")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"size": "XL"}, "#/size"),
        ({"size": None}, "#/size"),
        ({"shop": ""}, "#/shop"),
        ({"shop": "   "}, "#/shop"),
        ({"shop": 7}, "#/shop"),
        ({"shop": "a\0b"}, "#/shop"),
        ({"shop": "x" * 201}, "#/shop"),
        ({"recipient": ["R"]}, "#/recipient"),
        ({"more": 1}, "#/more"),
        ({"a/b~c": 1}, "#/a~1b~0c"),
    ],
)
def test_each_fault_of_a_body_is_pointed_at(service, is_problem, change, pointer):
    problem = is_problem(service.post("/parcels", GOOD | change), 422, "invalid-request")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert problem["errors"][0]["in"] == "body"
    assert problem["errors"][0]["detail"]


def test_all_faults_are_told_at_once(service, is_problem):
    problem = is_problem(service.post("/parcels", {"size": "XL"}), 422, "invalid-request")
    pointers = [error["pointer"] for error in problem["errors"]]
    assert pointers == ["#/size", "#/shop", "#/recipient"]


def test_text_that_is_no_unicode(service, is_problem):
    is_problem(send(service, rb'{"\ud800": 1, "shop": "\udfff"}'), 422, "invalid-request")


@pytest.mark.parametrize("number", ["0", "-1", "one", "2147483648", "9" * 30])
def test_a_site_that_cannot_be(service, is_problem, number):
    problem = is_problem(service.get(f"/sites/{number}/availability"), 422, "invalid-request")
    assert problem["errors"][0]["in"] == "path"
    assert problem["errors"][0]["name"] == "site_id"


@pytest.mark.parametrize("code", ["LL0000000019", "LL123", "%00", "LL00000000%31%39"])
def test_a_tracking_code_that_cannot_be(service, is_problem, code):
    problem = is_problem(service.get(f"/parcels/{code}"), 422, "invalid-request")
    assert problem["errors"][0]["name"] == "tracking_code"
    body = {"tracking_code": code, "courier": "C-7"}
    problem = is_problem(service.post("/sites/1/deposits", body), 422, "invalid-request")
    assert problem["errors"][0]["pointer"] == "#/tracking_code"


@pytest.mark.parametrize("code", ["12345", "1234567", "12345x", "١٢٣٤٥٦", 123456])
def test_a_pickup_code_that_cannot_be(service, is_problem, code):
    body = {"tracking_code": "LL0000000018", "pickup_code": code}
    problem = is_problem(service.post("/sites/1/collections", body), 422, "invalid-request")
    assert problem["errors"][0]["pointer"] == "#/pickup_code"


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "schlüssel"])
def test_an_idempotency_key_that_cannot_be(service, is_problem, key):
    headers = {"Idempotency-Key": key.encode()}
    answer = service.post("/parcels", GOOD, headers=headers)
    problem = is_problem(answer, 422, "invalid-request")
    assert problem["errors"][0] | {"detail": ""} == {
        "in": "header",
        "name": "Idempotency-Key",
        "detail": "",
    }


def test_a_fault_of_ours_is_a_problem_too_and_tells_no_secret(service, is_problem):
    service.query("ALTER TABLE parcels RENAME TO lost")
    try:
        problem = is_problem(service.get("/parcels/LL0000000018"), 500, "about:blank")
    finally:
        service.query("ALTER TABLE lost RENAME TO parcels")
    assert "parcels" not in problem["detail"]
    entry = next(
        entry
        for entry in service.log()
        if entry["level"] == "ERROR" and entry.get("request_id") == problem["request_id"]
    )
    assert "UndefinedTable" in entry["exception"]
    assert service.get("/health/ready").status_code == 200


def test_the_contract_says_what_can_go_wrong(service):
    contract = service.get("/openapi.json").json()
    paths = contract["paths"]
    said = {
        (method.upper(), path): sorted(operation["responses"])
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert said == {
        ("POST", "/parcels"): ["201", "400", "422", "503"],
        ("GET", "/parcels/{tracking_code}"): ["200", "404", "422", "503"],
        ("GET", "/sites/{site_id}/availability"): ["200", "404", "422", "503"],
        ("POST", "/sites/{site_id}/deposits"): ["201", "400", "404", "409", "422", "503"],
        ("POST", "/sites/{site_id}/collections"): [
            "201", "400", "403", "404", "409", "422", "429", "503",
        ],
        ("GET", "/health/live"): ["200"],
        ("GET", "/health/ready"): ["200", "503"],
    }  # fmt: skip
    for operations in paths.values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                kind = "application/json" if status < "300" else "application/problem+json"
                assert list(answer["content"]) == [kind]
