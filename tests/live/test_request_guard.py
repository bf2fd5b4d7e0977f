"""Which requests a live page answers: the table of ``RequestGuard.check``."""

from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.live.request_guard import RequestGuard, Route

TOKEN = "t0ken-_"
GUARD = RequestGuard(TOKEN, 8080)
OURS = {"Host": "127.0.0.1:8080"}
PAGE = {**OURS, "Origin": "http://127.0.0.1:8080"}
STOP = f"/{TOKEN}/stop"

NOT_FOUND, FORBIDDEN = HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN
NO_METHOD, TOO_LARGE = HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("GET", f"/{TOKEN}/", OURS, Route.PAGE),
        ("GET", f"/{TOKEN}/", {"Host": "localhost:8080"}, Route.PAGE),
        ("GET", f"/{TOKEN}/events", OURS, Route.EVENTS),
        ("GET", f"/{TOKEN}/targets", OURS, Route.TARGETS),
        ("POST", STOP, PAGE, Route.STOP),
        ("POST", STOP, PAGE | {"Sec-Fetch-Site": "same-origin"}, Route.STOP),
        ("GET", "/", OURS, NOT_FOUND),
        ("GET", "", OURS, NOT_FOUND),
        ("GET", "/wrong/", OURS, NOT_FOUND),
        ("GET", f"/{TOKEN}", OURS, NOT_FOUND),
        ("GET", f"//{TOKEN}/", OURS, NOT_FOUND),
        ("GET", f"/{TOKEN}/other", OURS, NOT_FOUND),
        ("GET", f"/{TOKEN}/../{TOKEN}/", OURS, NOT_FOUND),
        ("POST", "/wrong/stop", PAGE, NOT_FOUND),
        ("GET", f"/{TOKEN}/", {}, FORBIDDEN),
        ("GET", f"/{TOKEN}/", {"Host": "127.0.0.1"}, FORBIDDEN),
        ("GET", f"/{TOKEN}/", {"Host": "127.0.0.1:8081"}, FORBIDDEN),
        ("GET", f"/{TOKEN}/events", {"Host": "evil.example:8080"}, FORBIDDEN),
        ("POST", f"/{TOKEN}/", PAGE, NO_METHOD),
        ("HEAD", f"/{TOKEN}/", OURS, NO_METHOD),
        ("GET", STOP, PAGE, NO_METHOD),
        ("OPTIONS", STOP, PAGE, NO_METHOD),
        ("POST", STOP, OURS, FORBIDDEN),
        ("POST", STOP, PAGE | {"Origin": "null"}, FORBIDDEN),
        ("POST", STOP, PAGE | {"Origin": "http://localhost:8080"}, FORBIDDEN),
        ("POST", STOP, PAGE | {"Origin": "https://127.0.0.1:8080"}, FORBIDDEN),
        ("POST", STOP, PAGE | {"Origin": "http://evil.example"}, FORBIDDEN),
        ("POST", STOP, PAGE | {"Sec-Fetch-Site": "same-site"}, FORBIDDEN),
        ("POST", STOP, PAGE | {"Sec-Fetch-Site": "cross-site"}, FORBIDDEN),
        ("POST", STOP, PAGE | {"Sec-Fetch-Site": "none"}, FORBIDDEN),
    ],
)
def test_the_table(
    method: str, path: str, headers: dict[str, str], expected: Route | HTTPStatus
) -> None:
    assert GUARD.check(method, path, headers, has_body=False) == expected


def test_a_body_is_refused() -> None:
    assert GUARD.check("POST", STOP, PAGE, has_body=True) == TOO_LARGE


@given(st.text(), st.text(), st.dictionaries(st.sampled_from(["Host", "Origin"]), st.text()))
def test_nothing_is_answered_without_the_token(
    method: str, path: str, headers: dict[str, str]
) -> None:
    found = GUARD.check(method, path, headers, has_body=False)
    assert found == NOT_FOUND or path.startswith(f"/{TOKEN}/")
