"""Workers over pipes: what they do when the command is silent, late or wrong."""

import os
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from bulkeic.cluster.command.pipe_link import PipeLink
from bulkeic.cluster.command.team_health import TeamHealth
from bulkeic.cluster.command.worker_link import LinkLostError, WorkerLink
from bulkeic.cluster.command.worker_team import WorkerTeam
from bulkeic.cluster.messages import (
    Ask,
    Begin,
    Grant,
    PassStart,
    Tell,
    decode_tell,
    decode_welcome,
    encode,
)
from bulkeic.cluster.policy_form import policy_form
from bulkeic.cluster.worker.lane_host import read_lease_clock
from bulkeic.core.accounts import Accounts, RoleSession
from bulkeic.core.change.policy import Apply
from bulkeic.core.errors import UsageError
from bulkeic.core.leases.worker_lease import LeaseTerms
from bulkeic.core.model import Job, Lane, Settings, SourceLine, Target
from bulkeic.engine.limits import EngineLimits
from bulkeic.output.console import Console
from bulkeic.store.run_file import RunFile
from bulkeic.version import __version__
from tests.e2e.conftest import ACCOUNT, REGION, Server, environment, lasting_server, server
from tests.e2e.rollout_helpers import PATIENCE_S, until
from tests.e2e.worker_processes import have_ended
from tests.store.run_files import load, opened

__all__ = ["lasting_server", "server"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")

LIMITS = EngineLimits(rate=float("inf"), concurrency=4)
SHORT = LeaseTerms(lease_s=1.0, hold_s=0.5, margin_s=0.5)
JOBS = 400


def begin(server: Server, terms: LeaseTerms = SHORT) -> Begin:
    return Begin(
        version=__version__,
        profile=None,
        region=None,
        endpoint_url=server.url,
        sandbox=False,
        role_session=RoleSession(),
        timeout_s=5,
        limits=LIMITS,
        terms=terms,
        log_format=None,
        log_level="error",
    )


def first_question(jobs: int = JOBS) -> Ask:
    """Starts a pass; without a number it grants more than can be done before the lease ends."""
    lane = Lane(ACCOUNT, REGION)
    granted = [
        Job(seq, SourceLine("t.csv"), f"fn-{seq}", Target(lane, f"fn-{seq}"), Settings(1))
        for seq in range(jobs)
    ]
    start = PassStart(policy_form(Apply(), None), LIMITS)
    grants = [Grant(lane, jobs, is_moved=False, jobs=granted)]
    return Ask(number=1, acknowledged=0, wait_s=1, start=start, grants=grants)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment().items():
        monkeypatch.setenv(name, value)


def process_of(link: PipeLink) -> int:
    (found,) = re.findall(r"process (\d+)", link.name)
    return int(found)


async def first_words(link: PipeLink, server: Server) -> Tell:
    """The first answer of a worker that was welcomed."""
    assert decode_welcome(await link.exchange(encode(begin(server)))).problem is None
    return decode_tell(await link.exchange(encode(first_question())))


def test_a_worker_that_is_not_asked_any_more_ends_and_says_what_it_has_done(
    server: Server,
) -> None:
    server.window("faults", {"latency_s": 0.05}, "PUT")

    async def be_silent() -> tuple[list[Tell], str]:
        link = PipeLink(1)
        try:
            tells = [await first_words(link, server)]
            until(lambda: have_ended([process_of(link)]), "the worker has ended")
            later = Ask(number=2, acknowledged=1, wait_s=0)
            tells.append(decode_tell(await link.exchange(encode(later))))
            with pytest.raises(LinkLostError) as lost:
                await link.exchange(encode(later))
            return tells, str(lost.value)
        finally:
            await link.close()

    tells, how = anyio.run(be_silent)
    assert how == "it did not hear from this command in time, and has ended"
    done = {outcome.seq for tell in tells for outcome in tell.outcomes}
    # All that the server has done is told, but for the calls that were in flight at the end.
    assert len(done) <= server.calls() <= len(done) + LIMITS.concurrency
    assert 0 < len(done) < JOBS


def test_a_frozen_worker_sends_nothing_after_it_was_woken(server: Server) -> None:
    server.window("faults", {"latency_s": 0.05}, "PUT")

    async def freeze() -> tuple[int, int]:
        link = PipeLink(1)
        try:
            await first_words(link, server)
            started_at = read_lease_clock()
            os.kill(process_of(link), signal.SIGSTOP)
            until(lambda: read_lease_clock() > started_at + 1.5, "its lease is lost")
            frozen = server.calls()
            os.kill(process_of(link), signal.SIGCONT)
            until(lambda: have_ended([process_of(link)]), "the worker has ended")
            return frozen, server.calls()
        finally:
            await link.close()

    frozen, woken = anyio.run(freeze)
    assert 0 < frozen == woken < JOBS


def test_a_question_that_arrives_again_after_the_next_one_does_nothing(server: Server) -> None:
    """A network may repeat a question, and deliver it late."""

    async def repeat() -> list[Tell]:
        link = PipeLink(1)
        try:
            assert decode_welcome(await link.exchange(encode(begin(server)))).problem is None
            tell, number = decode_tell(await link.exchange(encode(first_question(jobs=3)))), 1
            while not tell.is_done:
                number += 1
                ask = Ask(number=number, acknowledged=number - 1, wait_s=0.02, ends=True)
                tell = decode_tell(await link.exchange(encode(ask)))
            tells = [decode_tell(await link.exchange(encode(first_question(jobs=3))))]
            for later in range(number + 1, number + 4):
                ask = Ask(number=later, acknowledged=later - 1, wait_s=0.05)
                tells.append(decode_tell(await link.exchange(encode(ask))))
            return tells
        finally:
            await link.close()

    tells = anyio.run(repeat)
    assert [tell.outcomes for tell in tells] == [[]] * 4
    assert server.calls() == 3


def test_a_worker_whose_pass_has_ended_is_not_asked_without_pause(server: Server) -> None:
    async def wait() -> float:
        link, number = PipeLink(1), 1
        try:
            await link.exchange(encode(begin(server)))
            tell = decode_tell(await link.exchange(encode(first_question(jobs=1))))
            while not tell.is_done:
                number += 1
                ask = Ask(number=number, acknowledged=number - 1, wait_s=0.02, ends=True)
                tell = decode_tell(await link.exchange(encode(ask)))
            asked_at = read_lease_clock()
            later = Ask(number=number + 1, acknowledged=number, wait_s=0.1)
            await link.exchange(encode(later))
            return read_lease_clock() - asked_at
        finally:
            await link.close()

    assert anyio.run(wait) >= 0.1


def test_an_error_in_a_worker_is_one_line(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    async def confuse() -> str:
        link = PipeLink(1)
        try:
            await first_words(link, server)
            with pytest.raises(LinkLostError) as lost:
                await link.exchange(b"\xc1")
            return str(lost.value)
        finally:
            await link.close()

    assert anyio.run(confuse) == "ended with exit code 70"
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("bulkeic: internal error in a worker, please report it: DecodeError(")


class LateLink(PipeLink):
    """A worker whose start takes until another one was asked several times."""

    def __init__(self, number: int, other: "CountedLink") -> None:
        super().__init__(number)
        self._other = other

    async def exchange(self, message: bytes) -> bytes:
        await self._other.asked.wait()
        return await super().exchange(message)


class CountedLink(PipeLink):
    """Counts what a worker was asked."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exchanges = 0
        self.asked = anyio.Event()

    async def exchange(self, message: bytes) -> bytes:
        self.exchanges += 1
        if self.exchanges > 4:
            self.asked.set()
        return await super().exchange(message)


class WrongLink(PipeLink):
    """A worker whose answers, but for the first, are not valid."""

    async def exchange(self, message: bytes) -> bytes:
        answer = await super().exchange(message)
        return answer if b"version" in answer else b"\x00"


def team(
    links: Sequence[WorkerLink], server: Server, run: RunFile, *, welcome_s: float = PATIENCE_S
) -> WorkerTeam:
    console = Console()
    health = TeamHealth(run.workers, console, lambda *_, **__: None, in_full=False)
    return WorkerTeam(
        links, begin(server), Accounts(), health=health, console=console, welcome_s=welcome_s
    )


@pytest.fixture
def run(short_folder: Path) -> Iterator[RunFile]:
    with opened(load(short_folder / "run.db", [])) as file:
        yield file


def test_a_worker_is_asked_while_others_still_start(server: Server, run: RunFile) -> None:
    async def start() -> None:
        early = CountedLink(1)
        links = [early, LateLink(2, early)]
        with anyio.fail_after(PATIENCE_S):
            async with team(links, server, run):
                assert early.asked.is_set()

    anyio.run(start)


def test_a_worker_whose_answer_is_not_valid_is_lost_with_one_line(
    server: Server, run: RunFile, capfd: pytest.CaptureFixture[str]
) -> None:
    async def start() -> tuple[str, str]:
        link, printed = WrongLink(1), ""
        async with team([link], server, run):
            while "\n" not in printed:
                await anyio.lowlevel.checkpoint()
                printed += capfd.readouterr().err
        return link.name, printed

    name, printed = anyio.run(start)
    (line,) = printed.splitlines()
    assert line.startswith(f"{name} is lost: its answer is not valid: ")


def test_a_worker_that_does_not_start_is_ended_and_ends_the_command(
    server: Server, run: RunFile
) -> None:
    async def start() -> int:
        link = PipeLink(1)
        process_id = int(re.findall(r"process (\d+)", link.name)[0])
        os.kill(process_id, signal.SIGSTOP)
        with pytest.raises(UsageError, match=r"has not answered for 0\.2 s; use fewer workers"):
            async with team([link], server, run, welcome_s=0.2):
                pass
        return process_id

    assert have_ended([anyio.run(start)])


class OtherLink(PipeLink):
    """A process that is not a worker."""

    async def exchange(self, message: bytes) -> bytes:
        await super().exchange(message)
        return b"\x00"


def test_a_first_answer_that_is_not_valid_is_refused(server: Server, run: RunFile) -> None:
    async def start() -> None:
        async with team([OtherLink(1)], server, run):
            raise AssertionError

    with pytest.raises(UsageError, match=r"worker 1 .*: its answer is not valid: "):
        anyio.run(start)
