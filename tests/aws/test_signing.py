"""Signatures hold whenever they are made, and whoever's they are."""

from typing import Any

import msgspec
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.aws.credentials import AccessKeys
from bulkeic.aws.request_template import SPECIMEN, CompiledCall, Signer, query_of
from bulkeic.core.model import Settings

from .both_clients import KEYS
from .recording_server import Request

DAY_S = 86400
MIDNIGHT = 20_000 * DAY_S
SETTINGS = Settings(maximum_retry_attempts=1)


def compiled(origin: str = "https://lambda.eu-west-1.amazonaws.com") -> CompiledCall:
    """A call whose specimen botocore has signed, long ago and with other keys."""
    url = f"{origin}/2019-09-25/functions/{SPECIMEN}/event-invoke-config"
    headers = {"Content-Type": "application/json", "User-Agent": "b  c", "X-Odd": " a  b "}
    request = AWSRequest("PUT", url, headers, b"{}")
    SigV4Auth(Credentials("AKIDEXAMPLE", "example"), "lambda", "eu-west-1").add_auth(request)
    return CompiledCall(request.prepare())


def sent(call: CompiledCall, signer: Signer, keys: AccessKeys, now: float) -> Request:
    """The request as it goes out."""
    path, signed_path = call.paths("orders")
    query, body = query_of("$LATEST.PUBLISHED"), call.body(SETTINGS)
    lines = signer.headers(signed_path, query, body, keys, now).splitlines()
    headers = tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))
    return Request(call.method, f"{path}?{query}", headers, body.content)


def credentials(keys: AccessKeys) -> Credentials:
    return Credentials(keys.access_key, keys.secret_key, keys.token)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-2 * DAY_S, 2 * DAY_S), st.sampled_from(sorted(KEYS))),
        min_size=2,
        max_size=6,
    )
)
def test_any_day_and_any_keys_in_any_order(moments: list[tuple[int, str]]) -> None:
    call = compiled()
    signer = Signer(call)
    for moment, name in moments:
        keys = KEYS[name]
        request = sent(call, signer, keys, MIDNIGHT + moment)

        assert request.signature == request.signature_by(credentials(keys))
        assert request.scope.startswith(f"{keys.access_key}/")
        assert ("x-amz-security-token" in request.signed_names) is (keys.token is not None)


def test_a_new_day_is_signed_with_a_key_of_its_own() -> None:
    call = compiled()
    signer = Signer(call)
    keys = KEYS["session"]

    evening, morning = (sent(call, signer, keys, MIDNIGHT + second) for second in (-1, 0))

    assert evening.header("X-Amz-Date") == "20241003T235959Z"
    assert morning.header("X-Amz-Date") == "20241004T000000Z"
    assert evening.scope.split("/")[1:] == ["20241003", "eu-west-1", "lambda", "aws4_request"]
    assert morning.scope.split("/")[1:] == ["20241004", "eu-west-1", "lambda", "aws4_request"]
    for request in (evening, morning):
        assert request.signature == request.signature_by(credentials(keys))


@pytest.mark.parametrize("token", [" padded", "padded\t", "two  words", "\u00fcml\u00e4ut"])
def test_a_token_is_signed_as_botocore_signs_it(token: str) -> None:
    call = compiled()
    keys = AccessKeys(access_key="ASIA123456789012", secret_key="secret", token=token)

    request = sent(call, Signer(call), keys, MIDNIGHT)

    assert request.header("X-Amz-Security-Token") == token
    assert request.signature == request.signature_by(credentials(keys))


@pytest.mark.parametrize("end", ["\n", "\r\nX-Forged: 1", "\0", "\x7f"])
@pytest.mark.parametrize("field", ["access_key", "token"])
def test_keys_that_would_end_a_header_sign_nothing(field: str, end: str) -> None:
    call = compiled()
    signer = Signer(call)
    good = KEYS["session"]
    bad = msgspec.structs.replace(good, **{field: f"a{end}"})

    for _ in range(2):
        with pytest.raises(ValueError, match="control character"):
            sent(call, signer, bad, MIDNIGHT)
    request = sent(call, signer, good, MIDNIGHT)
    assert request.signature == request.signature_by(credentials(good))


@pytest.mark.parametrize(
    "origin",
    ["http://127.0.0.1:80", "https://[::1]:8443", "https://example.org:443", "http://[::1]"],
)
def test_the_host_is_signed_as_it_is_sent(origin: str) -> None:
    call = compiled(origin)
    host: dict[str, Any] = dict(call.signed)
    request = AWSRequest("PUT", f"{origin}/", {}, b"")
    SigV4Auth(Credentials("AKIDEXAMPLE", "example"), "lambda", "eu-west-1").add_auth(request)

    assert call.origin == origin
    assert host["host"] == SigV4Auth(None, "", "").headers_to_sign(request)["host"]
