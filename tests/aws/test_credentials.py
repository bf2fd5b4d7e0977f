"""Credentials: fetched once for all who wait, renewed in time, never handed out when over."""

import math
from collections.abc import Callable

import anyio
import pytest

from bulkeic.aws.credentials import AccessKeys, CredentialsError, RefreshingCredentials
from bulkeic.core.model import Failure, Fault

NOW = 1_700_000_000.0
REFUSED = Failure(Fault.REFUSED, "AccessDenied", "no such role", 403)
EXPIRED = Failure(Fault.EXPIRED, "ExpiredToken", "log in again")
TROUBLE = Failure(Fault.SERVER, "InternalFailure", "oops", 500)


class Issuer:
    """Gives out numbered keys, or trouble; and is the wall clock as well.

    Args:
        life_s: of the keys, seconds.
    """

    def __init__(self, life_s: float = math.inf) -> None:
        self.now = NOW
        self.life_s = life_s
        self.failure: Failure | None = None
        self.asked = 0
        self.same = False
        self.gate: anyio.Event | None = None

    def credentials(self) -> RefreshingCredentials:
        return RefreshingCredentials(self.fetch, lambda: self.now)

    async def fetch(self) -> AccessKeys:
        self.asked += 1
        number = 1 if self.same else self.asked
        if self.gate is not None:
            await self.gate.wait()
        if self.failure is not None:
            raise CredentialsError(self.failure)
        return AccessKeys(
            access_key=f"AKIA{number}", secret_key="s", expires_at=self.now + self.life_s
        )


async def gathered(
    credentials: RefreshingCredentials, count: int, between: Callable[[], None]
) -> list[AccessKeys]:
    """What many callers get who ask at once; ``between`` lets the issuer go on."""
    got: list[AccessKeys] = []

    async def ask() -> None:
        got.append(await credentials.keys())

    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        between()
    return got


async def test_many_who_wait_are_served_by_one_fetch() -> None:
    issuer = Issuer(3600)
    issuer.gate = anyio.Event()
    credentials = issuer.credentials()
    assert credentials.fresh() is None
    got = await gathered(credentials, 50, issuer.gate.set)
    assert issuer.asked == 1
    assert {keys.access_key for keys in got} == {"AKIA1"}
    assert credentials.fresh() == got[0] == await credentials.keys()
    assert issuer.asked == 1


async def test_many_who_wait_for_trouble_are_told_by_one_fetch() -> None:
    issuer = Issuer()
    issuer.gate = anyio.Event()
    issuer.failure = TROUBLE
    credentials = issuer.credentials()
    told: list[Failure] = []

    async def ask() -> None:
        with pytest.raises(CredentialsError) as caught:
            await credentials.keys()
        told.append(caught.value.failure)

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        issuer.gate.set()
    assert issuer.asked == 1
    assert len(told) == 50
    assert all(failure.code == "InternalFailure" and not failure.sent for failure in told)


@pytest.mark.parametrize(("life_s", "good_for"), [(3600, 3300), (900, 600), (60, 40)])
async def test_renewed_when_a_third_or_five_minutes_are_left(
    life_s: float, good_for: float
) -> None:
    issuer = Issuer(life_s)
    credentials = issuer.credentials()
    first = await credentials.keys()
    issuer.now = NOW + good_for - 1
    assert await credentials.keys() == first == credentials.fresh()
    assert issuer.asked == 1
    issuer.now = NOW + good_for
    assert credentials.fresh() is None
    assert (await credentials.keys()).access_key == "AKIA2"
    assert issuer.asked == 2


async def test_while_one_renews_the_others_go_on_with_what_is_still_good() -> None:
    issuer = Issuer(3600)
    credentials = issuer.credentials()
    first = await credentials.keys()
    issuer.now = NOW + 3400
    issuer.gate = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(credentials.keys)
        await anyio.wait_all_tasks_blocked()
        for _ in range(10):
            assert credentials.fresh() == first
            assert await credentials.keys() == first
        issuer.gate.set()
    assert issuer.asked == 2
    assert (await credentials.keys()).access_key == "AKIA2"


async def test_while_one_renews_nobody_gets_what_is_over() -> None:
    issuer = Issuer(3600)
    credentials = issuer.credentials()
    await credentials.keys()
    issuer.now = NOW + 3601
    issuer.gate = anyio.Event()
    got = await gathered(credentials, 10, issuer.gate.set)
    assert {keys.access_key for keys in got} == {"AKIA2"}
    assert issuer.asked == 2


async def test_what_is_refused_is_not_asked_again() -> None:
    issuer = Issuer()
    issuer.failure = REFUSED
    credentials = issuer.credentials()
    for _ in range(3):
        with pytest.raises(CredentialsError, match="no such role"):
            await credentials.keys()
        issuer.now += 3600
    assert issuer.asked == 1


async def test_trouble_is_asked_again() -> None:
    issuer = Issuer()
    issuer.failure = TROUBLE
    credentials = issuer.credentials()
    for asked in (1, 2, 3):
        with pytest.raises(CredentialsError):
            await credentials.keys()
        assert issuer.asked == asked
    issuer.failure = None
    assert (await credentials.keys()).access_key == "AKIA4"


@pytest.mark.parametrize("failure", [REFUSED, EXPIRED, TROUBLE], ids=lambda each: str(each.fault))
async def test_what_is_good_is_used_to_its_end_when_it_cannot_be_renewed(failure: Failure) -> None:
    issuer = Issuer(3600)
    credentials = issuer.credentials()
    first = await credentials.keys()
    issuer.failure = failure
    for second in (3300, 3301, 3400, 3599):
        issuer.now = NOW + second
        assert await credentials.keys() == first
    issuer.now = NOW + 3600
    assert credentials.fresh() is None
    with pytest.raises(CredentialsError) as caught:
        await credentials.keys()
    assert caught.value.failure.code == failure.code


async def test_trouble_with_renewing_is_asked_again_after_seconds_only() -> None:
    issuer = Issuer(3600)
    credentials = issuer.credentials()
    await credentials.keys()
    issuer.failure = TROUBLE
    issuer.now = NOW + 3300
    for _ in range(100):
        await credentials.keys()
    assert issuer.asked == 2
    issuer.failure = None
    issuer.now += 5
    assert (await credentials.keys()).access_key == "AKIA3"


async def test_rejected_keys_are_fetched_anew() -> None:
    issuer = Issuer(3600)
    credentials = issuer.credentials()
    first = await credentials.keys()
    credentials.reject(first)
    assert credentials.fresh() is None
    second = await credentials.keys()
    assert second != first
    credentials.reject(first)
    assert credentials.fresh() == second
    assert issuer.asked == 2


async def test_the_same_keys_again_mean_that_they_are_past_renewing() -> None:
    issuer = Issuer()
    issuer.same = True
    credentials = issuer.credentials()
    credentials.reject(await credentials.keys())
    for _ in range(3):
        with pytest.raises(CredentialsError) as caught:
            await credentials.keys()
        failure = caught.value.failure
        assert (failure.fault, failure.sent) == (Fault.EXPIRED, False)
    assert issuer.asked == 2


@pytest.mark.parametrize("life_s", [0.0, -60.0])
async def test_keys_that_are_over_when_they_come_are_not_handed_out(life_s: float) -> None:
    issuer = Issuer(life_s)
    credentials = issuer.credentials()
    for _ in range(2):
        with pytest.raises(CredentialsError) as caught:
            await credentials.keys()
        assert caught.value.failure.fault is Fault.EXPIRED
        assert not caught.value.failure.sent


async def test_keys_that_are_over_when_they_come_do_not_replace_good_ones() -> None:
    issuer = Issuer(3600)
    credentials = issuer.credentials()
    first = await credentials.keys()
    issuer.now, issuer.life_s = NOW + 3400, -1.0
    assert await credentials.keys() == first


async def test_a_fetch_that_is_cancelled_leaves_those_who_wait_their_turn() -> None:
    issuer = Issuer()
    issuer.gate = anyio.Event()
    credentials = issuer.credentials()
    scope = anyio.CancelScope()
    got: list[AccessKeys] = []

    async def impatient() -> None:
        with scope:
            await credentials.keys()

    async def patient() -> None:
        got.append(await credentials.keys())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(impatient)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(patient)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
        issuer.gate.set()
    assert [keys.access_key for keys in got] == ["AKIA2"]


async def test_an_odd_error_of_a_fetch_is_met_by_each_who_asks() -> None:
    gate = anyio.Event()
    met = 0

    async def fetch() -> AccessKeys:
        await gate.wait()
        raise ValueError("no such profile")

    credentials = RefreshingCredentials(fetch, lambda: NOW)

    async def ask() -> None:
        nonlocal met
        with pytest.raises(ValueError, match="no such profile"):
            await credentials.keys()
        met += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        gate.set()
    assert met == 5


async def test_keys_do_not_show_their_secrets() -> None:
    keys = AccessKeys(access_key="AKIA1", secret_key="hidden", token="hidden-too")
    assert "hidden" not in repr(keys)
