"""Retries, credentials, limits and malformed answers of calls of services."""

import asyncio
import itertools
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest

from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.credentials import CredentialsError, RefreshingCredentials
from bulkeic.aws.inventory.inventory_services import InventoryServices
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.aws.services import service_calls
from bulkeic.aws.services.service_calls import MAX_CALLS_IN_FLIGHT
from bulkeic.core.errors import ServiceError
from bulkeic.core.model import Failure, Fault, Lane
from tests.aws.inventory.scripted_services import (
    OWN,
    Answer,
    OpenServices,
    Refusal,
    ScriptedServices,
    ServiceRequest,
    known_credentials,
    open_services,
)

REGIONS = {"Regions": [{"RegionName": "eu-west-1", "RegionOptStatus": "ENABLED_BY_DEFAULT"}]}
THROTTLED = Refusal("TooManyRequestsException", "Rate exceeded", 429, {"Retry-After": "7"})
BROKEN = Refusal("InternalServerException", "An internal error occurred.", 500)
EXPIRED = Refusal("ExpiredTokenException", "The security token included in the request is expired")


async def regions_of(opened: OpenServices, lane: Lane = OWN) -> list[str]:
    return await opened.services.enabled_regions(lane)


@pytest.mark.parametrize(
    "failures",
    [
        [THROTTLED] * 9,
        [BROKEN] * 3,
        [Refusal("ServiceException", "", 400)] * 3,
        [None] * 3,
        [b"no JSON", b"{}", b'{"Regions": null}'],
        [THROTTLED, BROKEN, None],
    ],
)
async def test_failures_that_may_pass_are_retried(failures: list[Answer]) -> None:
    async with open_services({"ListRegions": [*failures, REGIONS]}) as opened:
        assert await regions_of(opened) == ["eu-west-1"]

    assert len(opened.server.requests) == len(failures) + 1
    assert len(opened.waits) == len(failures)
    assert all(
        wait >= 7 for wait, why in zip(opened.waits, failures, strict=True) if why is THROTTLED
    )


@pytest.mark.parametrize(
    ("failure", "attempts", "code"),
    [
        (THROTTLED, 10, "TooManyRequestsException"),
        (BROKEN, 4, "InternalServerException"),
        (None, 4, "ConnectionClosedError"),
        (b"{", 4, "AnswerMismatch"),
        (b"{}", 4, "AnswerMismatch"),
        (b'{"Regions": [5]}', 4, "AnswerMismatch"),
        (Refusal("ValidationException", "no"), 1, "ValidationException"),
        (Refusal("UnrecognizedClientException", "", 403), 1, "UnrecognizedClientException"),
    ],
)
async def test_the_last_attempt_is_the_error(failure: Answer, attempts: int, code: str) -> None:
    async with open_services({"ListRegions": [failure]}) as opened:
        with pytest.raises(ServiceError) as raised:
            await regions_of(opened)

    assert len(opened.server.requests) == attempts
    assert raised.value.code == code
    assert str(raised.value).startswith(f"{OWN}: {code}: Account Management ListRegions")
    assert str(raised.value) == f"{OWN}: {code}: {raised.value.message}"
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    "failure",
    [Refusal("AccessDeniedException", "Access denied", 403), BROKEN, None, b"{}"],
    ids=["denied", "broken", "closed", "empty"],
)
async def test_without_the_list_of_regions_names_are_the_way_out(failure: Answer) -> None:
    async with open_services({"ListRegions": [failure]}) as opened:
        with pytest.raises(ServiceError, match=r"; no list is needed if --regions has only names$"):
            await regions_of(opened)


async def test_without_an_answer_a_call_ends_after_its_timeout() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def sleep(_: float) -> None:
        await asyncio.sleep(0)

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with (
        server,
        InventoryServices(
            Access(endpoint_url=url), known_credentials, timeout_s=0.1, sleep=sleep
        ) as services,
    ):
        with pytest.raises(ServiceError, match="Timeout"):
            await services.enabled_regions(OWN)


class RenewedCredentials:
    """Credentials of which each fetch returns another access key.

    Attributes:
        fetches: how many there were.
    """

    def __init__(self) -> None:
        self.fetches = 0
        self._credentials = RefreshingCredentials(self._fetch)

    async def _fetch(self) -> AccessKeys:
        self.fetches += 1
        return AccessKeys(access_key=f"AKIA{self.fetches}", secret_key="secret")

    def __call__(self, _: Lane) -> RefreshingCredentials:
        return self._credentials


async def test_expired_credentials_are_fetched_again() -> None:
    renewed = RenewedCredentials()

    def answer(request: ServiceRequest) -> Answer:
        return EXPIRED if request.key == "AKIA1" else REGIONS

    async with open_services({"ListRegions": answer}, credentials_of=renewed) as opened:
        assert await regions_of(opened) == ["eu-west-1"]
        assert await regions_of(opened) == ["eu-west-1"]

    assert [each.key for each in opened.server.requests] == ["AKIA1", "AKIA2", "AKIA2"]
    assert opened.waits == []


async def test_credentials_that_expire_again_are_an_error() -> None:
    async with open_services(
        {"ListRegions": [EXPIRED]}, credentials_of=RenewedCredentials()
    ) as opened:
        with pytest.raises(ServiceError, match="ExpiredTokenException"):
            await regions_of(opened)
    assert [each.key for each in opened.server.requests] == ["AKIA1", "AKIA2"]


async def test_a_role_that_cannot_be_assumed_is_named() -> None:
    message = "AssumeRole arn:aws:iam::123456789012:role/Gone: Access denied"

    async def refuse() -> AccessKeys:
        raise CredentialsError(Failure(Fault.DENIED, "AccessDenied", message))

    credentials = RefreshingCredentials(refuse)
    async with open_services({}, credentials_of=lambda _: credentials) as opened:
        with pytest.raises(ServiceError) as raised:
            await regions_of(opened)
    assert str(raised.value) == f"{OWN}: AccessDenied: {message}"
    assert raised.value.is_denied
    assert opened.server.requests == []


async def test_each_lane_is_called_in_its_region_with_its_own_credentials() -> None:
    lanes = [
        Lane(f"{number:012}", name) for number in (1, 2) for name in ("eu-west-1", "us-east-2")
    ]
    empty = {"ResourceTagMappingList": [], "PaginationToken": ""}
    async with open_services({"GetResources": [empty]}) as opened:

        async def ask(lane: Lane) -> None:
            assert [each async for each in opened.services.tagged_functions(lane, {})] == []

        await asyncio.gather(*map(ask, lanes))

    assert sorted((each.key, each.region) for each in opened.server.requests) == [
        (f"AKIA{lane.account_id}", lane.region) for lane in lanes
    ]


async def test_only_enabled_regions_are_returned_whatever_the_answer_has() -> None:
    statuses = {
        "us-east-1": "ENABLED_BY_DEFAULT", "af-south-1": "ENABLED", "ap-east-1": "ENABLING",
        "me-south-1": "DISABLING", "eu-south-1": "DISABLED", "eu-south-2": "NEW",
    }  # fmt: skip
    listed = [{"RegionName": name, "RegionOptStatus": each} for name, each in statuses.items()]
    async with open_services({"ListRegions": [{"Regions": listed}]}) as opened:
        assert await regions_of(opened) == ["af-south-1", "us-east-1"]

    assert opened.server.asked("ListRegions") == [
        {"MaxResults": 50, "RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]}
    ]


async def test_few_calls_of_a_service_are_in_flight() -> None:
    async with open_services({"ListRegions": [REGIONS]}) as opened:
        regions = ("eu-west-1", "eu-west-2", "us-east-1", "us-east-2")  # a client each
        lanes = [Lane(f"{number:012}", regions[number % 4]) for number in range(100)]
        await asyncio.gather(*(regions_of(opened, lane) for lane in lanes))

    assert len(opened.server.requests) == len(lanes)
    assert opened.server.most_open <= MAX_CALLS_IN_FLIGHT


async def test_requests_are_signed_with_the_time_of_the_server() -> None:
    ahead_s = 7200.0

    def answer(request: ServiceRequest) -> Answer:
        signed = datetime.fromisoformat(request.headers["x-amz-date"])
        now = time.time() + ahead_s
        if abs(signed.timestamp() - now) < 300:
            return REGIONS
        date = format_datetime(datetime.fromtimestamp(now, UTC), usegmt=True)
        return Refusal("InvalidSignatureException", "Signature expired", 403, {"Date": date})

    async with open_services({"ListRegions": answer}) as opened:
        assert await regions_of(opened) == ["eu-west-1"]
        assert await regions_of(opened) == ["eu-west-1"]
    assert len(opened.server.requests) == 3


@pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "a"], [5], [{"a": 1}]])
async def test_pages_that_never_end_are_an_error(tokens: list[Any]) -> None:
    pages = [REGIONS | {"NextToken": token} for token in tokens]
    async with open_services({"ListRegions": pages}) as opened:
        with pytest.raises(ServiceError, match=r"AnswerMismatch|ResponseParserError"):
            await regions_of(opened)
    assert len(opened.server.requests) <= len(tokens)


@pytest.mark.parametrize("regions", [[], REGIONS["Regions"]], ids=["empty", "the same"])
async def test_pages_without_anything_new_end_at_last(
    monkeypatch: pytest.MonkeyPatch, regions: list[Any]
) -> None:
    monkeypatch.setattr(service_calls, "MAX_PAGES_WITHOUT_NEWS", 20)
    numbers = itertools.count()

    def answer(_: ServiceRequest) -> Answer:
        return {"Regions": regions, "NextToken": str(next(numbers))}

    async with open_services({"ListRegions": answer}) as opened:
        with pytest.raises(ServiceError, match=r"AnswerMismatch: .* its pages never end"):
            await regions_of(opened)
    with_news = 1 if regions else 0
    assert len(opened.server.requests) == with_news + 21


async def test_secrets_and_control_characters_are_not_shown() -> None:
    secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"

    async def fetch() -> AccessKeys:
        return AccessKeys(access_key="AKIAIOSFODNN7EXAMPLE", secret_key=secret)

    credentials = RefreshingCredentials(fetch)
    item = {"RegionName": f"{secret}\x1b[2J", "RegionOptStatus": "ENABLED"}
    async with open_services(
        {"ListRegions": [{"Regions": [item]}]}, credentials_of=lambda _: credentials
    ) as opened:
        with pytest.raises(ServiceError) as raised:
            await regions_of(opened)
    assert secret not in str(raised.value)
    assert str(raised.value).isprintable()


async def test_the_endpoint_of_a_service_is_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with ScriptedServices({"ListRegions": [REGIONS]}).listen() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        monkeypatch.setenv("AWS_ENDPOINT_URL_ACCOUNT", server.url)
        async with InventoryServices(Access(), known_credentials, timeout_s=10) as services:
            assert await services.enabled_regions(OWN) == ["eu-west-1"]


async def test_an_endpoint_that_is_not_a_url_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_ACCOUNT", "nonsense")
    async with InventoryServices(Access(), known_credentials, timeout_s=10) as services:
        with pytest.raises(ServiceError, match="nonsense"):
            await services.enabled_regions(OWN)
