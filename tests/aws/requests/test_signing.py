"""Signatures equal botocore's for any day and any credentials."""

from typing import Any
from uuid import RFC_4122, UUID

import msgspec
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.aws.requests.request_template import SAMPLE_FUNCTION, RequestTemplate, query_string
from bulkeic.aws.requests.signing import Signer
from bulkeic.core.model import Settings
from tests.aws.both_clients import KEYS, credentials
from tests.aws.recording_server import RecordedRequest

DAY_S = 86400
MIDNIGHT = 20_000 * DAY_S
SETTINGS = Settings(maximum_retry_attempts=1)


def make_template(origin: str = "https://lambda.eu-west-1.amazonaws.com") -> RequestTemplate:
    """Returns the template of a request that botocore has signed with other keys."""
    url = f"{origin}/2019-09-25/functions/{SAMPLE_FUNCTION}/event-invoke-config"
    headers = {"Content-Type": "application/json", "User-Agent": "b  c", "X-Odd": " a  b "}
    request = AWSRequest("PUT", url, headers, b"{}")
    SigV4Auth(Credentials("AKIDEXAMPLE", "example"), "lambda", "eu-west-1").add_auth(request)
    return RequestTemplate(request.prepare())


def build_request(
    template: RequestTemplate, signer: Signer, keys: AccessKeys, now: float
) -> RecordedRequest:
    """Returns the request as it is sent."""
    path, signed_path = template.paths("orders")
    query, body = query_string("$LATEST.PUBLISHED"), template.body(SETTINGS)
    lines = signer.headers(signed_path, query, body, keys, now).splitlines()
    headers = tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))
    return RecordedRequest(template.method, f"{path}?{query}", headers, body.content)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-2 * DAY_S, 2 * DAY_S), st.sampled_from(sorted(KEYS))),
        min_size=2,
        max_size=6,
    )
)
def test_any_day_and_any_keys_in_any_order_are_signed_as_botocore_signs_them(
    moments: list[tuple[int, str]],
) -> None:
    template = make_template()
    signer = Signer(template)
    for moment, name in moments:
        keys = KEYS[name]
        request = build_request(template, signer, keys, MIDNIGHT + moment)

        assert request.signature == request.signature_by(credentials(keys))
        assert request.scope.startswith(f"{keys.access_key}/")
        assert ("x-amz-security-token" in request.signed_names) is (keys.token is not None)


def test_each_day_is_signed_with_its_own_key() -> None:
    template = make_template()
    signer = Signer(template)
    keys = KEYS["session"]

    evening, morning = (
        build_request(template, signer, keys, MIDNIGHT + second) for second in (-1, 0)
    )

    assert evening.header("X-Amz-Date") == "20241003T235959Z"
    assert morning.header("X-Amz-Date") == "20241004T000000Z"
    assert evening.scope.split("/")[1:] == ["20241003", "eu-west-1", "lambda", "aws4_request"]
    assert morning.scope.split("/")[1:] == ["20241004", "eu-west-1", "lambda", "aws4_request"]
    for request in (evening, morning):
        assert request.signature == request.signature_by(credentials(keys))


def test_each_request_has_a_random_uuid_of_its_own() -> None:
    signers = [Signer(make_template()) for _ in range(2)]
    texts = [
        build_request(make_template(), signer, KEYS["session"], MIDNIGHT + moment).header(
            "amz-sdk-invocation-id"
        )
        for moment in (0.0, 0.5, 1.0, 0.0)
        for signer in signers
    ]

    assert len(set(texts)) == len(texts)
    for text in texts:
        assert str(UUID(text)) == text
        assert (UUID(text).version, UUID(text).variant) == (4, RFC_4122)


@pytest.mark.parametrize("moment", [0.0, 0.001, 0.999])
def test_a_second_has_one_date(moment: float) -> None:
    template = make_template()
    request = build_request(template, Signer(template), KEYS["session"], MIDNIGHT + moment)
    assert request.header("X-Amz-Date") == "20241004T000000Z"


@pytest.mark.parametrize("token", [" padded", "padded\t", "two  words", "\u00fcml\u00e4ut"])
def test_a_token_is_signed_as_botocore_signs_it(token: str) -> None:
    template = make_template()
    keys = AccessKeys(access_key="ASIA123456789012", secret_key="secret", token=token)

    request = build_request(template, Signer(template), keys, MIDNIGHT)

    assert request.header("X-Amz-Security-Token") == token
    assert request.signature == request.signature_by(credentials(keys))


@pytest.mark.parametrize("end", ["\n", "\r\nX-Forged: 1", "\0", "\x7f"])
@pytest.mark.parametrize("field", ["access_key", "token"])
def test_keys_with_control_characters_are_refused(field: str, end: str) -> None:
    template = make_template()
    signer = Signer(template)
    good = KEYS["session"]
    bad = msgspec.structs.replace(good, **{field: f"a{end}"})

    for _ in range(2):
        with pytest.raises(ValueError, match="control character"):
            build_request(template, signer, bad, MIDNIGHT)
    request = build_request(template, signer, good, MIDNIGHT)
    assert request.signature == request.signature_by(credentials(good))


@pytest.mark.parametrize(
    "origin",
    ["http://127.0.0.1:80", "https://[::1]:8443", "https://example.org:443", "http://[::1]"],
)
def test_the_signed_host_is_the_host_that_botocore_signs(origin: str) -> None:
    template = make_template(origin)
    host: dict[str, Any] = dict(template.signed_headers)
    request = AWSRequest("PUT", f"{origin}/", {}, b"")
    SigV4Auth(Credentials("AKIDEXAMPLE", "example"), "lambda", "eu-west-1").add_auth(request)

    assert template.origin == origin
    assert host["host"] == SigV4Auth(None, "", "").headers_to_sign(request)["host"]
