"""Listings are read to their end, page after page, with the credentials of their account."""

import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from botocore import xform_name

from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.credentials import CredentialsError
from bulkeic.aws.lambda_caller import LambdaCaller
from bulkeic.core.accounts import AccountAccess, Accounts
from bulkeic.core.listing import ListingJob
from bulkeic.core.model import Lane, Operation, Page, PageRequest, Success

from .answers.example_pages import ITEMS, LANE_ARN, LIST_NAMES, body_of
from .answers.test_pages import page_by_sdk
from .both_clients import LANE, BothClients, arguments, call_sdk, make_listing
from .recording_server import CannedResponse, RecordedRequest, RecordingServer

# Each asks for the next page. They need percent-encoding in a query.
MARKERS = ["", "a+b/c==", "%20&MaxItems=1", "ü \U0001f600", '{"last": "f\\n"}']
ROLE = "arn:aws:iam::{account}:role/lists"
ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult>
<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/lists/bulkeic</Arn>
<AssumedRoleId>AROA:bulkeic</AssumedRoleId></AssumedRoleUser>
<Credentials><AccessKeyId>ASIAASSUMED0000000000</AccessKeyId>
<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>
<Expiration>2199-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"""


def answer_page(request: RecordedRequest) -> CannedResponse:
    """Serves listings of a few pages; the pages of functions also list versions if asked to."""
    url = urlsplit(request.target)
    query = parse_qs(url.query)
    operation = next(
        operation
        for end, operation in (
            ("/2015-03-31/functions", Operation.LIST_FUNCTIONS),
            ("/2015-03-31/functions/f/aliases", Operation.LIST_ALIASES),
            ("/2019-09-25/functions/f/event-invoke-config/list", Operation.LIST_CONFIGS),
        )
        if url.path.endswith(end)
    )
    at = MARKERS.index(query.get("Marker", [""])[0])
    assert query["MaxItems"] == ["50"]
    item = ITEMS[operation] | {"Description": f"page {at}"}
    items = [item]
    if query.get("FunctionVersion") == ["ALL"]:
        items.append(item | {"FunctionArn": f"{LANE_ARN}:f:{at + 1}", "Version": str(at + 1)})
    is_last = at + 1 == len(MARKERS)
    if at == 2:
        items = []  # a page can be empty although it is not the last one
    body = body_of(operation, *items, NextMarker=None if is_last else MARKERS[at + 1])
    return CannedResponse(200, json.dumps(body).encode())


async def pages(ours: LambdaCaller, job: ListingJob) -> AsyncIterator[Page]:
    """Reads a listing to its end."""
    while True:
        answer = await ours.call(job, job.call)
        assert isinstance(answer, Success), answer
        assert answer.page is not None
        yield answer.page
        marker = answer.page.next_marker
        if marker is None:
            return
        assert job.call.page is not None
        request = msgspec.structs.replace(job.call.page, marker=marker)
        call = msgspec.structs.replace(job.call, page=request)
        job = msgspec.structs.replace(job, call=call)


@pytest.mark.parametrize(
    ("operation", "all_versions"),
    [
        (Operation.LIST_FUNCTIONS, False),
        (Operation.LIST_FUNCTIONS, True),
        (Operation.LIST_ALIASES, False),
        (Operation.LIST_CONFIGS, False),
    ],
)
def test_a_listing_is_read_to_its_end_as_the_sdk_reads_it(
    clients: BothClients, operation: Operation, *, all_versions: bool
) -> None:
    async def compare() -> None:
        sdk, ours = await clients.both("session", "")
        job = make_listing(operation, PageRequest(all_versions=all_versions))
        by_us = [page async for page in pages(ours, job)]
        assert len(by_us) == len(MARKERS)
        for marker, page in zip(MARKERS, by_us, strict=True):
            request = PageRequest(marker, all_versions)
            by_sdk = await call_sdk(sdk, make_listing(operation, request), operation)
            assert page == page_by_sdk(by_sdk, operation)
        paginator = sdk.get_paginator(xform_name(operation))
        found = paginator.paginate(**arguments(job, operation))
        counts = [len(each[LIST_NAMES[operation]]) async for each in found]
        assert counts == [len(page.items) for page in by_us]

    clients.server.answer = answer_page
    try:
        clients.run(compare())
    finally:
        clients.server.answer = None


async def test_the_regions_of_an_account_share_the_credentials_of_its_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(request: RecordedRequest) -> CannedResponse:
        if request.target == "/":
            return CannedResponse(200, ASSUMED.encode(), (("Content-Type", "text/xml"),))
        return CannedResponse(200, b'{"Functions": []}')

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    regions = ("us-east-1", "eu-west-1", "us-east-1")
    async with RecordingServer() as server:
        server.answer = answer
        async with LambdaCaller(
            Access(endpoint_url=server.url),
            accounts=Accounts((), AccountAccess(role_arn=ROLE)),
            timeout_s=5,
            concurrency=1,
        ) as ours:
            for region in regions:
                lane = Lane(LANE.account_id, region)
                job = make_listing(Operation.LIST_FUNCTIONS)
                target = msgspec.structs.replace(job.target, lane=lane)
                job = msgspec.structs.replace(job, target=target)
                assert isinstance(await ours.call(job, job.call), Success)
                keys = await ours.credentials(lane).keys()
                assert keys.access_key == "ASIAASSUMED0000000000"
                assert ours.credentials(lane) is ours.credentials(LANE)

    assert [request.target for request in server.requests].count("/") == 1
    listed = [request for request in server.requests if request.target != "/"]
    assert len(listed) == len(regions)
    assert all("ASIAASSUMED0000000000" in request.scope for request in listed)


async def test_the_credentials_of_a_profile_that_is_missing_are_one_clear_error() -> None:
    accounts = Accounts((), AccountAccess(profile="gone"))
    async with LambdaCaller(
        Access(endpoint_url="http://127.0.0.1:1"), accounts=accounts, timeout_s=5, concurrency=1
    ) as ours:
        with pytest.raises(CredentialsError) as raised:
            ours.credentials(LANE)
    assert "gone" in raised.value.failure.message
    assert not raised.value.failure.sent
