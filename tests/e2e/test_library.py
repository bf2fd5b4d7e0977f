"""The public API as a user would use it; mypy reads this file too."""

import asyncio
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bulkeic import AccessError, InputError, Job, Outcome, Status, Updater, make_job, read_jobs
from bulkeic.sandbox import Faults, Sandbox, SandboxOptions

from .fleet import ACCOUNTS, ROLE, role_in

REGION = "us-east-1"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


def jobs(count: int) -> list[Job]:
    return [
        make_job(f"fn-{seq}", seq=seq, region=REGION, maximum_retry_attempts=1)
        for seq in range(count)
    ]


async def updated(sandbox: Sandbox, fed: list[Job] | AsyncIterator[Job]) -> list[Outcome]:
    async with Updater(endpoint_url=sandbox.url, rate=500) as updater:
        return [outcome async for outcome in updater.update(fed)]


async def test_jobs_in_outcomes_out() -> None:
    faults = Faults(throttle=0.2, conflict=0.1)
    async with Sandbox(SandboxOptions(rate=None, any_function=True, faults=faults)) as sandbox:
        outcomes = await updated(sandbox, jobs(40))

    assert sorted(outcome.seq for outcome in outcomes) == list(range(40))
    assert {outcome.status for outcome in outcomes} == {Status.UPDATED}
    assert {outcome.account_id for outcome in outcomes} == {"123456789012"}


async def test_jobs_without_a_number_get_their_place() -> None:
    names = ["a", "b", "c", "d"]
    fed = [make_job(name, region=REGION, maximum_retry_attempts=1) for name in names]
    fed[2] = make_job("c", seq=70, region=REGION, maximum_retry_attempts=1)
    async with Sandbox(SandboxOptions(rate=None, any_function=True)) as sandbox:
        outcomes = await updated(sandbox, fed)

    assert {each.function_name: each.seq for each in outcomes} == {"a": 0, "b": 1, "c": 70, "d": 3}


async def test_the_settings_of_an_outcome_are_its_own() -> None:
    async with Sandbox(SandboxOptions(rate=None, any_function=True)) as sandbox:
        first, second = await updated(sandbox, jobs(2))
        assert first.settings is not None
        first.settings["MaximumRetryAttempts"] = 2
        [third] = await updated(sandbox, jobs(1))

    assert second.settings == third.settings == {"MaximumRetryAttempts": 1}


async def test_jobs_may_arrive_slowly_and_endlessly() -> None:
    async with Sandbox(SandboxOptions(rate=None, any_function=True)) as sandbox:
        taken = asyncio.Event()

        async def slowly() -> AsyncIterator[Job]:
            first, *others = jobs(5)
            yield first
            await taken.wait()  # the first outcome is known before the second job is
            for job in others:
                yield job

        seqs = []
        async with Updater(endpoint_url=sandbox.url) as updater:
            async for outcome in updater.update(slowly()):
                seqs.append(outcome.seq)
                taken.set()

    assert seqs[0] == 0
    assert sorted(seqs) == list(range(5))


async def test_an_early_exit_leaves_nothing_behind() -> None:
    options = SandboxOptions(rate=None, any_function=True, faults=Faults(latency_s=0.05))
    async with (
        Sandbox(options) as sandbox,
        Updater(endpoint_url=sandbox.url, concurrency=2) as updater,
    ):
        async for outcome in updater.update(jobs(50)):
            assert outcome.status is Status.UPDATED
            break
    assert len(asyncio.all_tasks()) == 1


async def test_a_targets_file_is_read_as_jobs(tmp_path: Path) -> None:
    targets = tmp_path / "targets.csv"
    targets.write_text("FunctionName,MaximumRetryAttempts\na,1\nb:live,2\n")
    async with Sandbox(SandboxOptions(rate=None, any_function=True)) as sandbox:
        outcomes = await updated(sandbox, list(read_jobs(str(targets), region=REGION)))

    assert [str(outcome.source) for outcome in sorted(outcomes, key=lambda each: each.seq)] == [
        f"{targets}:2",
        f"{targets}:3",
    ]


def test_an_invalid_row_is_an_error_with_its_place(tmp_path: Path) -> None:
    targets = tmp_path / "targets.csv"
    targets.write_text("FunctionName,MaximumRetryAttempts\na,1\nb,3\n")

    with pytest.raises(InputError) as caught:
        list(read_jobs(str(targets), region=REGION))

    assert (caught.value.line, caught.value.field) == (3, "MaximumRetryAttempts")
    with pytest.raises(InputError, match="MaximumRetryAttempts: 3 is out of range"):
        make_job("a", region=REGION, maximum_retry_attempts=3)


async def test_missing_credentials_are_a_bulkeic_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    async def ask() -> None:
        async with Updater(endpoint_url="http://127.0.0.1:1") as updater:
            assert [outcome async for outcome in updater.update(jobs(1))] == []

    with pytest.raises(AccessError, match="no usable AWS credentials"):
        await ask()


async def outcomes_of(fed: list[Job], **options: Any) -> list[tuple[str | None, str | None, str]]:
    """Account, code and message of each job's outcome when the roles of one account deny."""
    scenario = SandboxOptions(
        rate=None, any_function=True, external_ids={f"{ACCOUNTS[1]}/deployer": "unknown"}
    )
    async with (
        Sandbox(scenario) as sandbox,
        Updater(endpoint_url=sandbox.url, rate=math.inf, **options) as updater,
    ):
        found = [outcome async for outcome in updater.update(fed)]
    return sorted(
        (each.account_id or "", each.error_code, (each.error_message or "").partition(":")[0])
        for each in found
    )


def in_account(account: str, seq: int = 0, **more: Any) -> Job:
    return make_job(
        f"fn-{seq}", seq=seq, region=REGION, account_id=account, maximum_retry_attempts=1, **more
    )


async def test_each_account_is_updated_with_its_role() -> None:
    fed = [in_account(account, seq) for account in (ACCOUNTS[0], ACCOUNTS[2]) for seq in range(3)]

    outcomes = await outcomes_of(fed, role_arn=ROLE)

    assert outcomes == [(account, None, "") for account in sorted(ACCOUNTS[::2]) for _ in range(3)]


async def test_a_jobs_own_role_beats_that_of_the_updater() -> None:
    own = role_in(ACCOUNTS[1], "own")

    denied = await outcomes_of([in_account(ACCOUNTS[1])], role_arn=ROLE)
    taken = await outcomes_of([in_account(ACCOUNTS[1], role_arn=own)], role_arn=ROLE)

    assert denied == [(ACCOUNTS[1], "AccessDenied", "AssumeRole arn")]
    assert taken == [(ACCOUNTS[1], None, "")]


@pytest.mark.parametrize(
    ("first", "second"),
    [(role_in(ACCOUNTS[1], "own"), role_in(ACCOUNTS[1], "other")), (None, role_in(ACCOUNTS[1]))],
)
async def test_an_account_has_one_role(first: str | None, second: str) -> None:
    usual = None if first else role_in(ACCOUNTS[1], "usual")
    fed = [
        in_account(ACCOUNTS[1], 0, **({"role_arn": first} if first else {})),
        in_account(ACCOUNTS[1], 1, role_arn=second),
    ]

    with pytest.raises(InputError, match=f"'{second}' is not the role"):
        await outcomes_of(fed, role_arn=usual)


async def test_the_same_role_may_be_given_in_any_form() -> None:
    literal = role_in(ACCOUNTS[2])
    fed = [in_account(ACCOUNTS[2], 0), in_account(ACCOUNTS[2], 1, role_arn=literal)]
    fed.append(in_account(ACCOUNTS[2], 2, role_arn=ROLE))

    assert len(await outcomes_of(fed, role_arn=ROLE)) == 3


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, f"job 0: account {ACCOUNTS[1]} is not {ACCOUNTS[0]}"),
        ({"role_arn": role_in(ACCOUNTS[2])}, f"does not belong to the account {ACCOUNTS[1]}"),
        ({"role_arn": "deployer"}, "'deployer' is not a role ARN"),
        ({"external_id": "x"}, "'x' is not an external id"),
        ({"role_session_name": "a b"}, "'a b' is not a session name"),
    ],
)
async def test_an_account_that_cannot_be_reached_is_an_error(
    options: dict[str, str], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        await outcomes_of([in_account(ACCOUNTS[1])], **options)
