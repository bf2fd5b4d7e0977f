"""Credentials are fetched once for all waiting callers, refreshed in time, never used expired."""

import math
from collections.abc import Callable

import anyio
import pytest

from bulkeic.aws.identity.credentials import CredentialsError, RefreshingCredentials
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.core.model import Failure, Fault

NOW = 1_700_000_000.0
REFUSED = Failure(Fault.REFUSED, "AccessDenied", "no such role", 403)
EXPIRED = Failure(Fault.EXPIRED, "ExpiredToken", "log in again")
UNAVAILABLE = Failure(Fault.CREDENTIALS, "CredentialProcessError", "exit code 3")
SERVER_ERROR = Failure(Fault.SERVER, "InternalFailure", "oops", 500)


class FakeIssuer:
    """Issues numbered keys or fails; it is also the clock.

    Args:
        life_s: seconds after which the keys expire.
    """

    def __init__(self, life_s: float = math.inf) -> None:
        self.now = NOW
        self.life_s = life_s
        self.failure: Failure | None = None
        self.fetches = 0
        self.forgotten = 0
        self.repeats_keys = False
        self.resume: anyio.Event | None = None

    def credentials(self) -> RefreshingCredentials:
        return RefreshingCredentials(
            self.fetch, self.forget, clock=lambda: self.now, jitter=lambda: 1.0
        )

    def forget(self) -> None:
        self.forgotten += 1

    async def fetch(self) -> AccessKeys:
        self.fetches += 1
        number = 1 if self.repeats_keys else self.fetches
        if self.resume is not None:
            await self.resume.wait()
        if self.failure is not None:
            raise CredentialsError(self.failure)
        return AccessKeys(
            access_key=f"AKIA{number}", secret_key="s", expires_at=self.now + self.life_s
        )


async def fetch_concurrently(
    credentials: RefreshingCredentials, count: int, between: Callable[[], None]
) -> list[AccessKeys]:
    """Returns what concurrent callers get; ``between`` runs when all of them wait."""
    got: list[AccessKeys] = []

    async def fetch() -> None:
        got.append(await credentials.keys())

    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(fetch)
        await anyio.wait_all_tasks_blocked()
        between()
    return got


async def test_one_fetch_serves_all_waiting_callers() -> None:
    issuer = FakeIssuer(3600)
    issuer.resume = anyio.Event()
    credentials = issuer.credentials()
    assert credentials.cached() is None
    got = await fetch_concurrently(credentials, 50, issuer.resume.set)
    assert issuer.fetches == 1
    assert {keys.access_key for keys in got} == {"AKIA1"}
    assert credentials.cached() == got[0] == await credentials.keys()
    assert issuer.fetches == 1


async def test_one_failed_fetch_fails_all_waiting_callers() -> None:
    issuer = FakeIssuer()
    issuer.resume = anyio.Event()
    issuer.failure = SERVER_ERROR
    credentials = issuer.credentials()
    failures: list[Failure] = []

    async def ask() -> None:
        with pytest.raises(CredentialsError) as caught:
            await credentials.keys()
        failures.append(caught.value.failure)

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        issuer.resume.set()
    assert issuer.fetches == 1
    assert len(failures) == 50
    assert all(failure.code == "InternalFailure" and not failure.sent for failure in failures)


@pytest.mark.parametrize(("life_s", "good_for"), [(3600, 3300), (900, 600), (60, 40)])
async def test_keys_are_refreshed_when_a_third_or_five_minutes_are_left(
    life_s: float, good_for: float
) -> None:
    issuer = FakeIssuer(life_s)
    credentials = issuer.credentials()
    first = await credentials.keys()
    issuer.now = NOW + good_for - 1
    assert await credentials.keys() == first == credentials.cached()
    assert issuer.fetches == 1
    issuer.now = NOW + good_for
    assert credentials.cached() is None
    assert (await credentials.keys()).access_key == "AKIA2"
    assert issuer.fetches == 2


async def test_during_a_refresh_other_callers_use_the_valid_keys() -> None:
    issuer = FakeIssuer(3600)
    credentials = issuer.credentials()
    first = await credentials.keys()
    issuer.now = NOW + 3400
    issuer.resume = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(credentials.keys)
        await anyio.wait_all_tasks_blocked()
        for _ in range(10):
            assert credentials.cached() == first
            assert await credentials.keys() == first
        issuer.resume.set()
    assert issuer.fetches == 2
    assert (await credentials.keys()).access_key == "AKIA2"


async def test_during_a_refresh_no_caller_gets_expired_keys() -> None:
    issuer = FakeIssuer(3600)
    credentials = issuer.credentials()
    await credentials.keys()
    issuer.now = NOW + 3601
    issuer.resume = anyio.Event()
    got = await fetch_concurrently(credentials, 10, issuer.resume.set)
    assert {keys.access_key for keys in got} == {"AKIA2"}
    assert issuer.fetches == 2


async def test_a_refused_fetch_is_not_retried() -> None:
    issuer = FakeIssuer()
    issuer.failure = REFUSED
    credentials = issuer.credentials()
    for _ in range(3):
        with pytest.raises(CredentialsError, match="no such role"):
            await credentials.keys()
        issuer.now += 3600
    assert issuer.fetches == 1


@pytest.mark.parametrize(
    "failure", [UNAVAILABLE, EXPIRED, SERVER_ERROR], ids=lambda each: str(each.fault)
)
async def test_a_failed_fetch_is_repeated_only_after_a_wait_that_grows(failure: Failure) -> None:
    issuer = FakeIssuer()
    issuer.failure = failure
    credentials = issuer.credentials()
    waits_s = []
    for fetches in range(1, 10):
        for _ in range(100):
            with pytest.raises(CredentialsError):
                await credentials.keys()
        with pytest.raises(CredentialsError) as caught:
            await credentials.keys()
        assert issuer.fetches == fetches
        wait_s = caught.value.failure.retry_after_s
        assert wait_s is not None
        waits_s.append(wait_s)
        issuer.now += wait_s
    assert waits_s == pytest.approx([0.5, 1, 2, 4, 8, 16, 20, 20, 20])
    issuer.failure = None
    assert (await credentials.keys()).access_key == "AKIA10"


async def test_a_clock_that_is_set_back_does_not_delay_the_next_fetch() -> None:
    issuer = FakeIssuer()
    issuer.failure = UNAVAILABLE
    credentials = issuer.credentials()
    with pytest.raises(CredentialsError):
        await credentials.keys()
    issuer.now -= 3600
    issuer.failure = None
    assert (await credentials.keys()).access_key == "AKIA2"


async def test_the_source_forgets_keys_that_were_rejected() -> None:
    issuer = FakeIssuer()
    issuer.repeats_keys = True
    credentials = issuer.credentials()
    credentials.reject(await credentials.keys())
    assert issuer.forgotten == 1
    with pytest.raises(CredentialsError):
        await credentials.keys()
    assert issuer.forgotten == 2


@pytest.mark.parametrize(
    "failure", [REFUSED, EXPIRED, SERVER_ERROR], ids=lambda each: str(each.fault)
)
async def test_valid_keys_are_used_until_they_expire_if_the_refresh_fails(failure: Failure) -> None:
    issuer = FakeIssuer(3600)
    credentials = issuer.credentials()
    first = await credentials.keys()
    issuer.failure = failure
    for second in (3300, 3301, 3400, 3599):
        issuer.now = NOW + second
        assert await credentials.keys() == first
    issuer.now = NOW + 3600
    assert credentials.cached() is None
    with pytest.raises(CredentialsError) as caught:
        await credentials.keys()
    assert caught.value.failure.code == failure.code


async def test_a_failed_refresh_is_retried_after_some_seconds() -> None:
    issuer = FakeIssuer(3600)
    credentials = issuer.credentials()
    await credentials.keys()
    issuer.failure = SERVER_ERROR
    issuer.now = NOW + 3300
    for _ in range(100):
        await credentials.keys()
    assert issuer.fetches == 2
    issuer.failure = None
    issuer.now += 5
    assert (await credentials.keys()).access_key == "AKIA3"


async def test_rejected_keys_are_fetched_again() -> None:
    issuer = FakeIssuer(3600)
    credentials = issuer.credentials()
    first = await credentials.keys()
    credentials.reject(first)
    assert credentials.cached() is None
    second = await credentials.keys()
    assert second != first
    credentials.reject(first)
    assert credentials.cached() == second
    assert issuer.fetches == 2


async def test_fetching_the_rejected_keys_again_means_that_they_have_expired() -> None:
    issuer = FakeIssuer()
    issuer.repeats_keys = True
    credentials = issuer.credentials()
    credentials.reject(await credentials.keys())
    for _ in range(3):
        with pytest.raises(CredentialsError) as caught:
            await credentials.keys()
        failure = caught.value.failure
        assert (failure.fault, failure.sent) == (Fault.EXPIRED, False)
    assert issuer.fetches == 2


@pytest.mark.parametrize("life_s", [0.0, -60.0])
async def test_keys_that_are_expired_when_fetched_are_not_used(life_s: float) -> None:
    issuer = FakeIssuer(life_s)
    credentials = issuer.credentials()
    for _ in range(2):
        with pytest.raises(CredentialsError) as caught:
            await credentials.keys()
        assert caught.value.failure.fault is Fault.EXPIRED
        assert not caught.value.failure.sent


async def test_keys_that_are_expired_when_fetched_do_not_replace_valid_ones() -> None:
    issuer = FakeIssuer(3600)
    credentials = issuer.credentials()
    first = await credentials.keys()
    issuer.now, issuer.life_s = NOW + 3400, -1.0
    assert await credentials.keys() == first


async def test_after_a_cancelled_fetch_the_next_waiting_caller_fetches() -> None:
    issuer = FakeIssuer()
    issuer.resume = anyio.Event()
    credentials = issuer.credentials()
    scope = anyio.CancelScope()
    got: list[AccessKeys] = []

    async def cancelled_caller() -> None:
        with scope:
            await credentials.keys()

    async def waiting_caller() -> None:
        got.append(await credentials.keys())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(cancelled_caller)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(waiting_caller)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
        issuer.resume.set()
    assert [keys.access_key for keys in got] == ["AKIA2"]


async def test_an_unexpected_error_of_a_fetch_is_raised_to_each_caller() -> None:
    gate = anyio.Event()
    errors = 0

    async def fetch() -> AccessKeys:
        await gate.wait()
        raise ValueError("no such profile")

    credentials = RefreshingCredentials(fetch, clock=lambda: NOW)

    async def ask() -> None:
        nonlocal errors
        with pytest.raises(ValueError, match="no such profile"):
            await credentials.keys()
        errors += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        gate.set()
    assert errors == 5


async def test_keys_do_not_show_their_secrets() -> None:
    keys = AccessKeys(access_key="AKIA1", secret_key="hidden", token="hidden-too")
    assert "hidden" not in repr(keys)
