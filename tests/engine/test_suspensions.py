"""Time that the process was suspended is not silence of the server."""

import asyncio
import random

import pytest

from bulkeic.core.change.policy import Apply
from bulkeic.core.model import Failure, Fault, Operation, Settings, Status
from bulkeic.engine.engine import Engine
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.memory_feed import MemoryFeed
from tests.core.example_configs import Aws

from .call_audit import Run
from .example_jobs import fleet, lane
from .fake_lambda import CONNECTION, TIMEOUT, Sent, Server
from .virtual_clock import VirtualClock, VirtualLoop

HOUR_S = 3600.0


class SuspendedClock(VirtualClock):
    """A clock that jumps ahead, as the monotonic clock does over SIGSTOP.

    Its timers are a little late, or rounding would let them fire before they are due.
    """

    jumped_s = 0.0

    def now(self) -> float:
        return super().now() + self.jumped_s

    def call_at(self, at: float, callback: object) -> asyncio.TimerHandle:
        return super().call_at(at - self.jumped_s + 1e-6, callback)  # type: ignore[arg-type]


def run_suspended(server: Server, jobs: int, *, at_s: float, policy: Apply = Apply()) -> Run:  # noqa: B008 - frozen
    """Run jobs; after some seconds, the process is suspended for an hour."""
    limits = EngineLimits(rate=15.0, burst=15.0, give_up_after_s=60.0, concurrency=4)
    result = Run(fleet(1, jobs), server, limits, policy)
    clock = SuspendedClock()

    async def work() -> None:
        engine = result.engine = Engine(
            MemoryFeed(result.jobs), server, result, limits, policy, clock=clock,
            rng=random.Random(7),
        )  # fmt: skip
        asyncio.get_running_loop().call_later(at_s, setattr, clock, "jumped_s", HOUR_S)
        await engine.run()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(work())
    return result


@pytest.mark.parametrize("failure", [TIMEOUT, CONNECTION], ids=["in a call", "between calls"])
def test_a_suspension_is_no_silence_of_the_server(failure: Failure) -> None:
    server = Server(fault=lambda call: failure if call.attempt == 1 else None)
    done = run_suspended(server, 40, at_s=4.0)
    assert done.engine.stopped is None
    assert done.engine.stopped_lanes() == {}
    assert done.statuses() == {Status.UPDATED: 40}


def test_a_suspension_is_no_lack_of_credentials() -> None:
    unsent = Failure(Fault.CONNECTION, "EndpointConnectionError", "no STS", sent=False)
    server = Server(fault=lambda call: unsent if call.attempt <= 3 else None)
    done = run_suspended(server, 1, at_s=0.3)
    assert done.statuses() == {Status.UPDATED: 1}


def test_a_server_that_stays_silent_after_a_suspension_is_given_up() -> None:
    done = run_suspended(Server(fault=lambda _: TIMEOUT), 40, at_s=4.0)
    assert done.engine.stopped is not None or set(done.engine.stopped_lanes()) == {lane(0)}
    assert done.outcomes == []


def test_a_target_that_was_read_before_a_suspension_is_read_again() -> None:
    aws = Aws()
    aws.have(Settings(2, None, "", ""), "fn-0")

    def fault(call: Sent) -> Failure | None:
        return CONNECTION if call.changes and call.attempt == 1 else None

    # The job waits for its retry when the process is suspended.
    done = run_suspended(
        Server(aws=aws, fault=fault), 1, at_s=0.25, policy=Apply(before_image=True)
    )
    operations = [call.call.operation for call in done.server.calls]
    get, update = Operation.GET, Operation.UPDATE
    assert operations == [get, update, get, update]
    assert done.of(0).status is Status.UPDATED
    assert done.of(0).duration_s is not None
