"""A request built from a template equals the SDK's own, byte by byte."""

import string
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.aws.identity.access import Access
from bulkeic.aws.lambda_caller import LambdaCaller
from bulkeic.core.listing import LISTS
from bulkeic.core.model import CLEARED, Job, Operation, PageRequest, Settings
from bulkeic.core.targets.names import parse_function
from tests.aws.both_clients import (
    KEYS,
    LANE,
    PREFIXES,
    BothClients,
    call_sdk,
    credentials,
    make_call,
    make_job,
    make_listing,
)
from tests.aws.recording_server import CannedResponse, RecordedRequest, RecordingServer

names = st.text(f"{string.ascii_letters}{string.digits}-_.", min_size=1, max_size=64).filter(
    lambda name: name not in {".", ".."}
)
qualifiers = st.sampled_from(["$LATEST", "$LATEST.PUBLISHED", "1", "live", "$", "$$a-b_$"]) | (
    st.text(f"{string.ascii_letters}{string.digits}-_$", min_size=1, max_size=128)
)
resources = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
destinations = st.none() | st.just(CLEARED) | resources.map("arn:aws:sqs:us-east-1:1:{}".format)
wanted = st.builds(
    Settings,
    maximum_retry_attempts=st.none() | st.integers(0, 2),
    maximum_event_age_in_seconds=st.none() | st.integers(60, 21600),
    on_success=destinations,
    on_failure=destinations,
).filter(lambda wanted: not wanted.is_empty())
jobs = st.builds(make_job, names, qualifiers, wanted)
markers = st.text(st.characters(codec="utf-8"), max_size=40)


def jobs_of(operation: Operation) -> st.SearchStrategy[Job]:
    """Jobs whose first call is of an operation."""
    if operation not in LISTS:
        return jobs
    versions = st.booleans() if operation is Operation.LIST_FUNCTIONS else st.just(False)  # noqa: FBT003
    pages = st.builds(PageRequest, markers, versions)
    return st.builds(make_listing, st.just(operation), pages)


@pytest.mark.parametrize("operation", Operation)
def test_the_request_equals_the_request_of_the_sdk(
    clients: BothClients, operation: Operation
) -> None:
    @settings(max_examples=60 if operation is Operation.UPDATE else 10, deadline=None)
    @given(jobs_of(operation), st.sampled_from(sorted(KEYS)), st.sampled_from(PREFIXES))
    def requests_are_equal(job: Job, keys: str, prefix: str) -> None:
        name = job.target.function
        assert operation is Operation.LIST_FUNCTIONS or parse_function(name).name == name
        check(*clients.run(clients.requests(job, operation, keys, prefix)), keys)

    requests_are_equal()


@pytest.mark.parametrize("operation", Operation)
async def test_the_request_equals_the_request_of_the_sdk_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, operation: Operation
) -> None:
    job, keys = make_job("f", "live"), KEYS["long-term"]
    if operation in LISTS:
        job = make_listing(operation, PageRequest("a marker"))
    async with RecordingServer() as proxy:
        proxy.response = CannedResponse(204, b"")
        monkeypatch.setenv("http_proxy", proxy.url)
        access = Access(
            endpoint_url="http://lambda.example",
            credentials=lambda _: (keys.access_key, keys.secret_key),
        )
        async with access.client("lambda", LANE.region, keys) as sdk:
            await call_sdk(sdk, job, operation)
        async with LambdaCaller(access, timeout_s=5, concurrency=1) as ours:
            await ours.call(job, make_call(job, operation))

    by_sdk, by_us = proxy.requests
    assert by_sdk.target.startswith("http://lambda.example/")
    check(by_sdk, by_us, "long-term")


def check(by_sdk: RecordedRequest, by_us: RecordedRequest, keys: str) -> None:
    if ("Connection", "close") in by_us.headers:  # the transport over aiohttp asks for it
        others = tuple(each for each in by_us.headers if each[0] != "Connection")
        by_us = replace(by_us, headers=others)
    assert (by_us.method, by_us.target) == (by_sdk.method, by_sdk.target)
    assert by_us.body == by_sdk.body
    assert by_us.header_names == by_sdk.header_names
    assert by_us.constant_headers == by_sdk.constant_headers
    assert by_us.signed_names == by_sdk.signed_names
    assert by_us.scope == by_sdk.scope
    for request in (by_sdk, by_us):
        assert request.signature == request.signature_by(credentials(KEYS[keys]))
