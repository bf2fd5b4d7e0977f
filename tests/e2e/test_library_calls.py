"""The commands as calls of another program, on its own event loop."""

import asyncio
import gc
import io
import json
import logging
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal, TypedDict

import pytest

import bulkeic as library
from bulkeic import Status
from bulkeic.sandbox import Faults, Sandbox, SandboxOptions

from .conftest import Bulkeic
from .library_helpers import as_program, write_targets


class Here(TypedDict):
    """The keywords that call a sandbox, as fast as it goes."""

    endpoint_url: str
    rate: Literal["unlimited"]


def at(sandbox: Sandbox) -> Here:
    return {"endpoint_url": sandbox.url, "rate": "unlimited"}


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    as_program(monkeypatch, tmp_path)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    options = SandboxOptions(rate=None, any_function=True)
    async with Sandbox(options) as found:
        yield found


@pytest.fixture
async def slow_sandbox() -> AsyncIterator[Sandbox]:
    options = SandboxOptions(rate=None, any_function=True, faults=Faults(latency_s=0.02))
    async with Sandbox(options) as found:
        yield found


def updates(sandbox: Sandbox) -> int:
    """The functions that have what the targets file wants."""
    state = io.StringIO()
    sandbox.save_state(state)
    lanes = json.loads(state.getvalue()).values()
    configs = [
        config for lane in lanes for function in lane.values() for config in function.values()
    ]
    return sum(config["MaximumRetryAttempts"] == 1 for config in configs)


async def test_a_program_plans_applies_verifies_reports_and_rolls_back(sandbox: Sandbox) -> None:
    targets = write_targets(20)

    plan = await library.plan(targets, run="plan.db", **at(sandbox))
    assert plan.plan_counts()["change"] == 20
    done = await library.apply("plan.db", expect=plan.digest, **at(sandbox))
    assert (done.statuses["updated"], done.stopped, done.exit_code) == (20, None, 0)
    same = await library.verify(targets, **at(sandbox))
    assert (same.statuses["unchanged"], same.exit_code) == (20, 0)
    back = await library.rollback("plan.db", run="back.db", **at(sandbox))
    assert back.statuses["updated"] == 20
    drifted = await library.verify("plan.db", results="drift.jsonl", **at(sandbox))
    assert (drifted.errors, drifted.exit_code) == ({"Drifted": 20}, 4)
    assert len(lines("drift.jsonl")) == 20

    report = await library.read_report("back.db", markdown="back.md")
    assert (report.kind, report.summary.statuses["updated"]) == ("rollback", 20)
    assert lines("back.md") == library.report_markdown(report).decode().splitlines()
    found = [each async for each in library.read_outcomes("back.db", name="orders-1*")]
    assert {each.status for each in found} == {Status.UPDATED}
    assert len(found) == 11


async def test_command_and_library_take_over_from_each_other(
    bulkeic: Bulkeic, sandbox: Sandbox, tmp_path: Path
) -> None:
    write_targets(30)
    async with library.apply("targets.csv", run="run.db", **at(sandbox), concurrency=1) as work:
        async for progress in work:
            if progress.done:
                work.stop("enough")
    assert (work.result.stopped, work.result.exit_code) == ("enough", 3)
    assert 0 < work.result.pending < 30

    path = tmp_path / "run.db"
    resumed = await asyncio.to_thread(
        bulkeic, "apply", path, "--yes", "--rate", "unlimited", "--endpoint-url", sandbox.url
    )
    assert resumed.code == 0, resumed.err
    shown = json.loads((await asyncio.to_thread(bulkeic, "report", path, "--json")).out)
    own = json.loads(library.report_json(await library.read_report(path)))
    assert own | {"reported_at": 0} == shown | {"reported_at": 0}
    assert "enough" in own["sessions"][0].values()


async def test_progress_has_each_outcome_once_and_ends_with_all(sandbox: Sandbox) -> None:
    seen: Counter[tuple[str, int | None, int]] = Counter()
    last: dict[tuple[str, int | None], int] = {}
    async with library.apply(
        write_targets(20), run="run.db", waves="5,100%", **at(sandbox)
    ) as work:
        async for progress in work:
            key = progress.doing, progress.wave
            assert last.get(key, 0) <= progress.done <= progress.targets
            last[key] = progress.done
            seen.update((*key, outcome.seq) for outcome in progress.outcomes)

    wanted = {"updating", "verifying"}
    assert last == {(doing, wave): (0, 5, 15)[wave] for doing in wanted for wave in (1, 2)}
    assert seen == Counter(
        (doing, 1 if seq < 5 else 2, seq) for doing in wanted for seq in range(20)
    )


async def test_a_loop_that_is_left_can_be_followed_by_another(sandbox: Sandbox) -> None:
    seen: list[library.Outcome] = []
    async with library.apply(write_targets(20), run="run.db", **at(sandbox), concurrency=1) as work:
        async for progress in work:
            seen += progress.outcomes
            if progress.done:
                break
        async for progress in work:
            seen += progress.outcomes

    assert sorted(outcome.seq for outcome in seen) == [*range(20)]


async def test_a_cancelled_task_records_its_calls_in_flight_and_can_be_resumed(
    slow_sandbox: Sandbox,
) -> None:
    has_started = asyncio.Event()

    async def run() -> None:
        async with library.apply(
            "targets.csv", run="run.db", **at(slow_sandbox), concurrency=4
        ) as work:
            async for progress in work:
                if progress.done:
                    has_started.set()

    write_targets(60)
    task = asyncio.create_task(run())
    await has_started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    report = await library.read_report("run.db")
    assert report.end.reason == "cancelled by the program"
    recorded = report.summary.statuses["updated"]
    assert 0 < recorded < 60
    assert recorded == updates(slow_sandbox)
    assert len(asyncio.all_tasks()) == 1
    rest = await library.apply("run.db", **at(slow_sandbox))
    assert rest.statuses["updated"] == updates(slow_sandbox) == 60


async def test_a_timeout_and_an_error_of_the_program_end_the_work_first(
    slow_sandbox: Sandbox,
) -> None:
    url = slow_sandbox.url
    write_targets(20)
    timed = library.apply("targets.csv", run="a.db", rate=5, endpoint_url=url)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.ensure_future(timed), 0.2)

    failing = library.apply("targets.csv", run="b.db", rate=5, endpoint_url=url)

    async def fail() -> None:
        async with failing as work:
            async for progress in work:
                if progress.done:
                    raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    assert failing.result.stopped == "stopped by the program"
    end = (await library.read_report("b.db")).end
    assert end.reason == "stopped by the program"
    assert len(asyncio.all_tasks()) == 1


async def test_a_stop_while_the_targets_are_read_leaves_nothing(sandbox: Sandbox) -> None:
    write_targets(3)
    work = library.apply("targets.csv", run="run.db", **at(sandbox))
    work.stop("changed my mind")
    with pytest.raises(library.BulkeicError, match="changed my mind; nothing was sent"):
        await work

    assert names() == ["targets.csv"]


async def test_two_runs_work_at_once(sandbox: Sandbox) -> None:
    write_targets(10, "a.csv")
    write_targets(10, "b.csv")
    works = (
        library.apply("a.csv", run="a.db", **at(sandbox)),
        library.plan("b.csv", run="b.db", **at(sandbox)),
    )
    done, planned = await asyncio.gather(*works)

    assert done.statuses["updated"] == 10
    assert planned.plan_counts()["change"] + planned.plan_counts()["unchanged"] == 10


def lines(name: str) -> list[str]:
    return Path(name).read_text().splitlines()


def names() -> list[str]:
    """The files of the folder."""
    return [each.name for each in Path().iterdir()]


def write(name: str, *rows: str) -> None:
    Path(name).write_text("\n".join(("FunctionName,MaximumRetryAttempts", *rows)))


def process_state() -> tuple[Any, ...]:
    """What a library must not change."""
    return (
        [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
        gc.get_threshold(),
        gc.get_freeze_count(),
        resource.getrlimit(resource.RLIMIT_NOFILE),
        list(logging.getLogger().handlers),
        logging.getLogger("bulkeic").level,
    )


async def test_nothing_is_printed_and_the_process_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    options = SandboxOptions(rate=None, any_function=True, faults=Faults(throttle=0.3))
    async with Sandbox(options) as sandbox:
        sandbox.add_function("123456789012", "us-east-1", "orders-2-unconfigured")
        write("targets.csv", "orders-1,1", "orders-2-unconfigured,1", "orders-1,1")
        write("bad.csv", "a,7", "b,x")
        monkeypatch.setattr("sys.stdin", None)
        before = process_state()
        done = await library.apply("targets.csv", run="run.db", **at(sandbox), concurrency=5_000)
        await library.verify("run.db", **at(sandbox))
        async with library.Updater(rate=500, endpoint_url=sandbox.url) as updater:
            job = library.make_job("orders-2-unconfigured", maximum_retry_attempts=1,
                                   region="us-east-1")  # fmt: skip
            assert [each.status async for each in updater.update([job])] == [Status.FAILED]
        with pytest.raises(library.BadInputError) as caught:
            await library.apply("bad.csv", **at(sandbox))

    assert (done.statuses["updated"], done.statuses["failed"]) == (1, 1)
    assert caught.value.__notes__ == [
        "bad.csv:2: MaximumRetryAttempts: 7 is out of range; expected 0 to 2",
        "bad.csv:3: MaximumRetryAttempts: 'x' is not an integer; expected 0 to 2",
    ]
    assert process_state() == before
    assert capfd.readouterr() == ("", "")


async def test_a_program_that_configures_logging_gets_the_messages(
    caplog: pytest.LogCaptureFixture, sandbox: Sandbox
) -> None:
    caplog.set_level(logging.INFO, "bulkeic")
    await library.apply(write_targets(2), run="run.db", **at(sandbox))

    assert "run file: run.db" in [record.getMessage() for record in caplog.records]


async def test_errors_are_those_of_the_command(sandbox: Sandbox) -> None:
    write_targets(1)
    with pytest.raises(library.UsageError, match="--retry-failed requires a run file"):
        await library.apply("targets.csv", retry_failed=True)
    with pytest.raises(library.InputError, match=r"missing\.csv: cannot be read"):
        await library.apply("missing.csv")
    with pytest.raises(library.RunFileError):
        await library.read_report("targets.csv")
    with pytest.raises(TypeError, match="not NoneType"):
        library.discover(None)  # type: ignore[arg-type]  # stdout is the program's
    with pytest.raises(TypeError, match="without its name"):
        library.discover("found.csv", out=None)  # type: ignore[call-arg]
    work = library.plan("targets.csv", run="run.db", **at(sandbox))
    with pytest.raises(RuntimeError, match="has not ended"):
        _ = work.result
    await work
    with pytest.raises(RuntimeError, match="started before"):
        await work
    with pytest.raises(library.BulkeicError, match=r"run\.db"):
        await library.plan("targets.csv", run="run.db")


async def test_an_interrupted_script_ends_its_work_first(slow_sandbox: Sandbox) -> None:
    write_targets(40)
    script = f"""
import asyncio, bulkeic
async def main():
    async with bulkeic.apply("targets.csv", run="run.db", rate=20, burst=1,
                             endpoint_url="{slow_sandbox.url}") as work:
        async for progress in work:
            if progress.done:
                print("working", flush=True)
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()

    assert process.returncode == -signal.SIGINT
    assert err.decode().rstrip().endswith("KeyboardInterrupt")
    report = await library.read_report("run.db")
    assert report.end.reason == "cancelled by the program"
    assert report.summary.statuses["updated"] == updates(slow_sandbox) > 0


async def test_a_halted_run_rolls_itself_back(sandbox: Sandbox) -> None:
    done = await library.apply(
        write_targets(6), run="run.db", waves=[2, "100%"], gate="exit 1", on_halt="rollback",
        **at(sandbox),
    )  # fmt: skip

    assert (done.halted, done.statuses["updated"], done.pending, done.exit_code) == (
        "gate",
        2,
        4,
        3,
    )
    assert done.rollback is not None
    assert done.rollback.statuses["updated"] == 2
    assert updates(sandbox) == 0


async def test_a_stopped_discovery_can_be_resumed() -> None:
    options = SandboxOptions(rate=None, faults=Faults(latency_s=0.02))
    async with Sandbox(options) as sandbox:
        for number in range(200):
            sandbox.add_function("123456789012", "us-east-1", f"orders-{number}")
        async with library.discover(
            "found.csv", run="found.discovery", regions="us-east-1", **at(sandbox)
        ) as work:
            work.stop()
        assert work.result.exit_code == 3
        found = await library.discover("found.csv", run="found.discovery", **at(sandbox))

    assert (found.targets, found.exit_code) == (200, 0)
    assert len(lines("found.csv")) == 201
