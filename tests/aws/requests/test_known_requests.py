"""A request that is built without the SDK equals the SDK's own, in every Region it knows."""

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from bulkeic.aws.identity.access import Access
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.aws.requests.known_requests import (
    USER_AGENT,
    is_known_endpoint,
    lambda_requests,
    sts_request,
)
from bulkeic.aws.requests.request_template import RequestTemplate, SampleRequest
from bulkeic.aws.requests.routing_session import SampleSessions, UnsentRequest
from bulkeic.aws.requests.sdk_samples import sample_request
from bulkeic.core.model import Operation

KEYS = AccessKeys(access_key="AKIDEXAMPLE", secret_key="example")
ENDPOINTS = [
    None,
    "http://127.0.0.1:8080",
    "https://gateway.example/",
    "https://host.example:443",
    "http://localhost:65535",
]
# They differ in each request.
PER_REQUEST = {"x-amz-date", "amz-sdk-invocation-id", "content-length"}


def regions() -> Iterator[str]:
    """Every Region of every partition that the SDK knows."""
    loader = botocore.session.get_session().get_component("data_loader")
    for partition in loader.load_data("partitions")["partitions"]:
        yield from (name for name in partition["regions"] if not name.endswith("-global"))


def sampled_regions(endpoint_url: str | None) -> Iterator[str]:
    """Every Region; with an endpoint, which then is the same in all of them, one of each length."""
    if endpoint_url is None:
        yield from regions()
    else:
        yield from {len(region): region for region in regions()}.values()


def parts(request: SampleRequest) -> dict[str, Any]:
    """What a template may take from a sample request."""
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    credential, signed, _ = headers.pop("authorization").split(", ")
    return {
        "method": request.method,
        "url": request.url,
        "headers": {name: headers[name] for name in headers.keys() - PER_REQUEST},
        "has_length": "content-length" in headers,
        "has_body": request.body is not None,
        "scope": credential.split("/")[2:],
        "signed": signed,
    }


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


@pytest.mark.parametrize("endpoint_url", ENDPOINTS)
async def test_requests_of_lambda_equal_those_of_the_sdk(endpoint_url: str | None) -> None:
    access, sessions, seen = Access(endpoint_url=endpoint_url), SampleSessions(), set()
    session = sessions.session_class
    for region in sampled_regions(endpoint_url):
        known = lambda_requests(region, endpoint_url)
        assert known is not None, region
        async with access.client("lambda", region, KEYS, http_session_cls=session) as client:
            for operation in Operation:
                by_sdk = (await sample_request(client, operation)).request
                assert parts(known[operation]) == parts(by_sdk)
                one, other = RequestTemplate(known[operation]), RequestTemplate(by_sdk)
                assert sorted(one.header_lines.split("\r\n")) == sorted(
                    other.header_lines.split("\r\n")
                )
                assert f"User-Agent: {USER_AGENT}\r\n" in one.header_lines
                assert (one.region, one.service) == (other.region, other.service)
                assert one.paths("f") == other.paths("f")
                seen.add((region, operation))
    await sessions.close()
    assert len(seen) > (40 if endpoint_url is None else 4) * len(Operation)


@pytest.mark.parametrize("endpoint_url", ENDPOINTS)
async def test_the_request_of_sts_equals_that_of_the_sdk(endpoint_url: str | None) -> None:
    access, sessions = Access(endpoint_url=endpoint_url), SampleSessions()
    session = sessions.session_class
    for region in sampled_regions(endpoint_url):
        known = sts_request(region, endpoint_url)
        assert known is not None, region
        async with access.client("sts", region, KEYS, http_session_cls=session) as client:
            with pytest.raises(UnsentRequest) as raised:
                await client.get_caller_identity()
        by_sdk = raised.value.request
        assert parts(known) == parts(by_sdk)
    await sessions.close()


@pytest.mark.parametrize(
    "region", ["aws-global", "xx-west-1", "eusc-fr-east-1", "us-east-10", "us-fips-1", ""]
)
def test_an_unknown_region_is_left_to_the_sdk(region: str) -> None:
    assert lambda_requests(region, None) is None
    assert sts_request(region, None) is None


@pytest.mark.parametrize(
    ("url", "is_known"),
    [
        ("http://localhost", True),
        ("https://a-b.example:8443/", True),
        ("http://127.0.0.1:65535", True),
        ("http://127.0.0.1:65536", False),
        ("http://[::1]:80", False),
        ("http://host/path", False),
        ("http://host//", False),
        ("http://host?x", False),
        ("http://HOST", False),
        ("http://me@host", False),
        ("http://-host", False),
        ("http://host_name", False),
        ("ftp://host", False),
        ("", False),
    ],
)
def test_only_a_plain_endpoint_url_is_known(url: str, is_known: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    assert is_known_endpoint(url) is is_known
