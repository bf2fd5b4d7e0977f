"""GetCallerIdentity is retried after transient failures, AssumeRole after expired credentials."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from tenacity import RetryCallState

from bulkeic.aws.identity.credentials import CredentialsError
from bulkeic.aws.identity.sts_retries import identity_retries, role_retries
from bulkeic.core.model import Failure, Fault

UNREACHABLE = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


def error_response(code: str, status: int, retry_after: str = "") -> ClientError:
    headers = {"retry-after": retry_after} if retry_after else {}
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": headers}
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": metadata}, "GetCallerIdentity")


def credentials_error(fault: Fault) -> CredentialsError:
    return CredentialsError(Failure(fault, "Code", "message"))


class FakeSts:
    """Raises the given errors, one a call, then succeeds; records the waits in seconds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0
        self.waits_s: list[float] = []
        self.refetches = 0

    async def call(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "response"

    async def sleep(self, seconds: float) -> None:
        self.waits_s.append(seconds)

    async def refetch(self, _: RetryCallState) -> None:
        self.refetches += 1


@pytest.mark.parametrize(
    "error", [UNREACHABLE, error_response("Throttling", 400), error_response("Internal", 500)]
)
async def test_an_identity_is_retried_twice_with_jittered_backoff(error: Exception) -> None:
    sts = FakeSts(error, error)
    assert await identity_retries(sts.sleep)(sts.call) == "response"
    first_s, second_s = sts.waits_s
    assert 0 <= first_s <= 0.5
    assert 0 <= second_s <= 1

    sts = FakeSts(error, error, error)
    with pytest.raises(type(error)):
        await identity_retries(sts.sleep)(sts.call)
    assert sts.calls == 3


@pytest.mark.parametrize(("retry_after", "wait_s"), [("7", 7), ("86400", 300)])
async def test_the_identity_waits_as_long_as_the_server_asks_for(
    retry_after: str, wait_s: float
) -> None:
    sts = FakeSts(error_response("Throttling", 429, retry_after))
    await identity_retries(sts.sleep)(sts.call)
    assert sts.waits_s == [wait_s]


@pytest.mark.parametrize(
    "error",
    [
        error_response("AccessDenied", 403),
        error_response("ExpiredToken", 403),
        KeyError("Account"),
    ],
)
async def test_an_identity_is_not_retried_after_a_final_error(error: Exception) -> None:
    sts = FakeSts(error)
    with pytest.raises(type(error)):
        await identity_retries(sts.sleep)(sts.call)
    assert (sts.calls, sts.waits_s) == (1, [])


async def test_a_role_is_assumed_again_once_after_the_callers_credentials_expired() -> None:
    sts = FakeSts(credentials_error(Fault.EXPIRED))
    assert await role_retries(sts.refetch)(sts.call) == "response"
    assert (sts.calls, sts.refetches) == (2, 1)

    sts = FakeSts(*[credentials_error(Fault.EXPIRED)] * 2)
    with pytest.raises(CredentialsError):
        await role_retries(sts.refetch)(sts.call)
    assert (sts.calls, sts.refetches) == (2, 1)


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.REFUSED, Fault.THROTTLED, Fault.TIMEOUT])
async def test_a_role_is_not_assumed_again_after_any_other_failure(fault: Fault) -> None:
    sts = FakeSts(credentials_error(fault))
    with pytest.raises(CredentialsError):
        await role_retries(sts.refetch)(sts.call)
    assert (sts.calls, sts.refetches) == (1, 0)
