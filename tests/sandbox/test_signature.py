"""Signatures: those of botocore are accepted, altered requests are refused."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bulkeic.sandbox.auth.principal import Authenticator
from bulkeic.sandbox.protocol.aws_errors import AwsError
from bulkeic.sandbox.protocol.http_message import HttpRequest

from .sandbox_client import (
    ACCOUNT,
    REGION,
    SandboxThread,
    StartSandbox,
    expect_error,
    signed,
    update_bytes,
)

KEY, SECRET = f"AKIA{ACCOUNT}", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AUTHENTICATOR = Authenticator(SECRET, verify_signatures=True)


def sent(method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> HttpRequest:
    target = f"{path}?{query}" if query else path
    signed_headers = signed(method, target, body, Credentials(KEY, SECRET), headers=headers)
    lowered = {name.lower().encode(): value.encode() for name, value in signed_headers.items()}
    return HttpRequest(method, path, query, lowered, body, keep_alive=True)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
paths = st.lists(texts, max_size=4).map(
    lambda parts: "/" + "/".join(quote(part, safe="") for part in parts)
)
queries = st.dictionaries(texts, texts, max_size=3).map(
    lambda pairs: "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in pairs.items())
)
header_names = st.from_regex(r"[Xx]-[A-Za-z0-9]{1,8}", fullmatch=True)
header_values = st.text(st.sampled_from("abc xyz,;=\t09"), max_size=12)
requests = st.builds(
    sent,
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    paths,
    queries,
    st.dictionaries(header_names, header_values, max_size=3).filter(
        lambda headers: len({name.lower() for name in headers}) == len(headers)
    ),
    st.binary(max_size=40),
)


def accepts(request: HttpRequest, wall_s: float | None = None) -> bool:
    return refused(request, wall_s) == ""


def refused(request: HttpRequest, wall_s: float | None = None) -> str:
    try:
        AUTHENTICATOR.identify(
            request, "lambda", datetime.now(UTC).timestamp() if wall_s is None else wall_s
        )
    except AwsError as error:
        return error.code
    return ""


@given(request=requests)
@settings(deadline=None)
def test_requests_signed_by_botocore_are_accepted(request: HttpRequest) -> None:
    assert accepts(request)


def altered(data: Any, text: str) -> str:
    """Return a text with one other character."""
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789%&=/.-_~"))
    assume(other != text[at])
    return f"{text[:at]}{other}{text[at + 1 :]}"


@given(request=requests, data=st.data())
@settings(deadline=None)
def test_an_altered_path_is_refused(request: HttpRequest, data: Any) -> None:
    path = "/" + altered(data, request.path)[1:]
    assume(meaning(path) != meaning(request.path))
    assert refused(replace(request, path=path)) == "InvalidSignatureException"


def meaning(path: str) -> list[str]:
    """The path's segments as servers resolve them."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return [*kept, "" if path.endswith("/") else "."] if kept else []


@given(request=requests, data=st.data())
@settings(deadline=None)
def test_an_altered_query_is_refused(request: HttpRequest, data: Any) -> None:
    assume(request.query)
    query = altered(data, request.query)
    before, after = (sorted(parse_qsl(q, keep_blank_values=True)) for q in (request.query, query))
    assume(before != after)
    assert refused(replace(request, query=query)) == "InvalidSignatureException"


@given(request=requests, data=st.data())
@settings(deadline=None)
def test_an_altered_body_is_refused(request: HttpRequest, data: Any) -> None:
    assume(request.body)
    at = data.draw(st.integers(0, len(request.body) - 1))
    flip = data.draw(st.integers(1, 255))
    body = bytearray(request.body)
    body[at] ^= flip
    assert refused(replace(request, body=bytes(body))) == "InvalidSignatureException"
    assert refused(replace(request, body=request.body + b" ")) == "InvalidSignatureException"


@given(request=requests, data=st.data())
@settings(deadline=None)
def test_an_altered_header_is_refused(request: HttpRequest, data: Any) -> None:
    names = sorted(set(request.headers) - {b"authorization"})
    name = data.draw(st.sampled_from(names))
    value = altered(data, request.headers[name].decode() or " ")
    assume(value.split() != request.headers[name].decode().split())
    got = refused(replace(request, headers=request.headers | {name: value.encode()}))
    assert got in ("InvalidSignatureException", "IncompleteSignatureException")


@given(request=requests, data=st.data())
@settings(deadline=None)
def test_an_altered_authorization_is_refused(request: HttpRequest, data: Any) -> None:
    # Not the key before the first slash: every key has the same secret.
    key, slash, rest = request.headers[b"authorization"].decode().partition("/")
    changed = (key + slash + altered(data, rest)).encode()
    assert not accepts(replace(request, headers=request.headers | {b"authorization": changed}))


@pytest.mark.parametrize("method", ["PUT", "GET", "post"])
def test_an_altered_method_is_refused(method: str) -> None:
    request = sent("POST", "/", "", {}, b"")
    assert refused(replace(request, method=method)) == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("minutes", "code"),
    [(-20, "InvalidSignatureException"), (-4.9, ""), (4.9, ""), (20, "InvalidSignatureException")],
)
def test_dates_are_valid_for_five_minutes(minutes: float, code: str) -> None:
    now = datetime.now(UTC).timestamp() + minutes * 60
    assert refused(sent("POST", "/", "", {}, b""), now) == code


def test_a_date_header_is_accepted() -> None:
    request = sent("POST", "/", "", {"Date": "Mon, 01 Jan 2024 00:00:00 GMT"}, b"")
    assert b"x-amz-date" not in request.headers
    assert accepts(request)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({b"x-amz-date": None}, "IncompleteSignatureException"),
        ({b"x-amz-date": b"now"}, "IncompleteSignatureException"),
        ({b"x-amz-date": b"20269999T999999Z"}, "IncompleteSignatureException"),
        ({b"x-amz-date": None, b"date": b"now"}, "IncompleteSignatureException"),
        ({b"x-amz-date": b"20010101T000000Z"}, "InvalidSignatureException"),
        ({b"x-amz-security-token": b"x"}, "UnrecognizedClientException"),
        ({b"authorization": None}, "MissingAuthenticationTokenException"),
    ],
)
def test_missing_or_malformed_headers_are_refused(
    change: dict[bytes, bytes | None], code: str
) -> None:
    request = sent("POST", "/", "", {}, b"")
    headers = {k: v for k, v in (request.headers | change).items() if v is not None}
    assert refused(replace(request, headers=headers)) == code


@pytest.mark.parametrize(
    ("pattern", "by", "code"),
    [
        (rb"SignedHeaders=[^,]*, ", b"", "IncompleteSignatureException"),
        (rb", Signature=.*", b"", "IncompleteSignatureException"),
        (rb"Signature=.*", b"Signature=\xff", "InvalidSignatureException"),
        (rb"SignedHeaders=host;", b"SignedHeaders=", "InvalidSignatureException"),
        (rb";x-amz-date", b"", "InvalidSignatureException"),
    ],
)
def test_incomplete_authorizations_are_refused(pattern: bytes, by: bytes, code: str) -> None:
    request = sent("POST", "/", "", {}, b"")
    authorization = re.sub(pattern, by, request.headers[b"authorization"])
    headers = request.headers | {b"authorization": authorization}
    assert refused(replace(request, headers=headers)) == code


def test_a_wrong_secret_is_refused(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(secret="another", any_function=True)
    got = expect_error(
        sandbox.client(secret="secret").get_function_event_invoke_config, FunctionName="f"
    )
    assert (got.code, got.status) == ("InvalidSignatureException", 403)
    assert got.message is not None
    assert got.message.startswith("The request signature we calculated does not match")
    sandbox.client().get_function_event_invoke_config(FunctionName="f")


def test_signature_verification_can_be_disabled(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(verify_signatures=False, any_function=True)
    for secret, token in (("wrong", None), ("wrong", "foreign")):
        aws = sandbox.client(secret=secret, token=token)
        aws.get_function_event_invoke_config(FunctionName="f")


@pytest.mark.parametrize("minutes", [-20, 20])
@pytest.mark.parametrize("service", ["lambda", "sts"])
def test_a_clock_twenty_minutes_off_is_refused(
    sandbox: SandboxThread, service: str, minutes: int
) -> None:
    date = datetime.now(UTC) + timedelta(minutes=minutes)
    path = "/2019-09-25/functions/fn/event-invoke-config" if service == "lambda" else "/"
    answer = sandbox.send_raw(signed_at(date, path, service))
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    code = b"InvalidSignatureException" if service == "lambda" else b"<Code>SignatureDoesNotMatch<"
    assert code in answer
    wanted = (
        b"Signature expired: %b is now earlier than"
        if minutes < 0
        else (b"Signature not yet current: %b is still later than")
    )
    assert wanted % date.strftime("%Y%m%dT%H%M%SZ").encode() in answer


def signed_at(date: datetime, path: str, service: str) -> bytes:
    """A request as a client with that clock sends it."""
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    signer = SigV4Auth(Credentials(KEY, "secret"), service, REGION)
    stamp = date.strftime("%Y%m%dT%H%M%SZ")
    request = AWSRequest("POST", f"http://localhost{path}", {"X-Amz-Date": stamp}, body)
    request.context["timestamp"] = stamp
    text = signer.string_to_sign(request, signer.canonical_request(request))
    scope = f"{KEY}/{signer.credential_scope(request)}"
    names = signer.signed_headers(signer.headers_to_sign(request))
    proof = signer.signature(text, request)
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Amz-Date: {stamp}\r\n"
        f"Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, "
        f"Signature={proof}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def test_an_altered_call_changes_nothing(sandbox: SandboxThread) -> None:
    sandbox.add_function("fn")
    before = sandbox.admin("GET", "state")
    answer = sandbox.send_raw(update_bytes("fn").replace(b'Attempts":1', b'Attempts":0'))
    assert b"x-amzn-ErrorType: InvalidSignatureException\r\n" in answer
    assert sandbox.admin("GET", "state") == before
