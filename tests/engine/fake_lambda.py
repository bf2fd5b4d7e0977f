"""A fake Lambda that records every call."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable

from bulkeic.core.listing import LISTS
from bulkeic.core.model import Answer, Call, Failure, Fault, Job, Lane, Operation, Success
from bulkeic.core.pacing.retry import is_hold
from tests.core.example_configs import Aws

from .virtual_clock import START, now

TIMEOUT_S = 10.0
LATENCY_S = 0.06

THROTTLED = Failure(Fault.THROTTLED, "TooManyRequestsException", "Rate exceeded", 429, "r-429")
CONFLICT = Failure(Fault.CONFLICT, "ResourceConflictException", "in progress", 409, "r-409")
SERVER = Failure(Fault.SERVER, "ServiceException", "oops", 500, "r-500")
TIMEOUT = Failure(Fault.TIMEOUT, "TimeoutError", "no answer within the time-out")
CONNECTION = Failure(Fault.CONNECTION, "EndpointConnectionError", "refused")
REFUSED = Failure(Fault.REFUSED, "ResourceNotFoundException", "no such function", 404, "r-404")
RETRYABLE = (THROTTLED, CONFLICT, SERVER, TIMEOUT, CONNECTION)


READS = {Operation.GET, Operation.GET_FUNCTION} | LISTS


class Sent:
    """A call, as the server saw it; ``attempt`` counts by operation of a job."""

    def __init__(self, job: Job, attempt: int, call: Call) -> None:
        self.job = job
        self.call = call
        self.lane = job.target.lane
        self.function = (job.target.lane, job.target.function)
        self.attempt = attempt
        self.sent = self.ended = now()
        self.answer: Answer | None = None

    @property
    def changes(self) -> bool:
        return self.call.operation not in READS

    @property
    def was_sent(self) -> bool:
        return not isinstance(self.answer, Failure) or self.answer.sent

    @property
    def was_held(self) -> bool:
        """Whether the call was never made, because its lane waits for credentials."""
        return isinstance(self.answer, Failure) and is_hold(self.answer)


class Quota:
    """The server's token bucket of one lane. It starts full."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = burst, now()

    def take(self) -> bool:
        self._tokens = min(self._burst, self._tokens + (now() - self._at) * self._rate)
        self._at = now()
        if self._tokens < 1 - 1e-6:
            return False
        self._tokens -= 1
        return True


class OtherClient:
    """Another client that uses a lane's quota, and retries nothing.

    Args:
        rate: calls a second.
        begin: seconds after the start of the run.
        end: seconds after the start of the run.
        rng: draws the pauses between the calls; ``None``: they are even.
    """

    def __init__(
        self, rate: float, begin: float, end: float, rng: random.Random | None = None
    ) -> None:
        self._rate, self._begin, self._end = rate, START + begin, START + end
        self._chance = rng
        self.calls: list[tuple[float, bool]] = []

    async def use(self, quota: Quota) -> None:
        """Call until the end."""
        await asyncio.sleep(self._begin - now())
        while now() < self._end:
            self.calls.append((now() - START, quota.take()))
            rng = self._chance
            await asyncio.sleep(rng.expovariate(self._rate) if rng else 1 / self._rate)

    def throttled(self, begin: float, end: float) -> float:
        """The part of its calls between two times that was throttled."""
        taken = [taken for at, taken in self.calls if begin <= at < end]
        return 1 - sum(taken) / len(taken)


class Server:
    """Lambda. A call arrives after half of its latency, and its answer after all of it.

    Args:
        latency: seconds, or draws them.
        quota: rate and burst of each lane.
        other_client: also uses the quota of the lane that is called first.
        carries_out: whether a call that gets a failure changes its target nevertheless.
        fault: the failure of a call that is not throttled; ``None``: it succeeds. A timeout takes
            ``TIMEOUT_S``; a refused connection and an unsigned call take no time.
        aws: the functions that exist; ``None``: every call succeeds, and changes nothing.
    """

    def __init__(
        self,
        latency: float | Callable[[], float] = LATENCY_S,
        *,
        quota: tuple[float, float] | None = None,
        other_client: OtherClient | None = None,
        fault: Callable[[Sent], Failure | None] = lambda _: None,
        aws: Aws | None = None,
        carries_out: Callable[[Sent, Failure], bool] = lambda _, __: False,
    ) -> None:
        self.calls: list[Sent] = []
        self.in_flight: list[Sent] = []
        self.most_in_flight = 0
        self.most_per_function = 0
        self._latency = latency if callable(latency) else lambda: latency
        self._quota = quota
        self._quotas: dict[Lane, Quota] = {}
        self._attempts: Counter[tuple[int, Operation]] = Counter()
        self._fault = fault
        self._aws = aws
        self._carries_out = carries_out
        self._other_client = other_client
        self._other_client_task: asyncio.Task[None] | None = None

    async def call(self, job: Job, call: Call) -> Answer:
        key = (job.seq, call.operation)
        self._attempts[key] += 1
        sent = Sent(job, self._attempts[key], call)
        self.calls.append(sent)
        self.in_flight.append(sent)
        self.most_in_flight = max(self.most_in_flight, len(self.in_flight))
        same = sum(other.function == sent.function for other in self.in_flight)
        self.most_per_function = max(self.most_per_function, same)
        sent.answer = await self._answer(sent)
        sent.ended = now()
        self.in_flight.remove(sent)
        return sent.answer

    async def _answer(self, call: Sent) -> Answer:
        latency = self._latency()
        failure = self._fault(call)
        if failure is not None and self._carries_out(call, failure):
            self._success(call)
        if failure is not None and (failure.http_status is None or not failure.sent):
            hangs = failure.fault is Fault.TIMEOUT and failure.sent
            await asyncio.sleep(TIMEOUT_S if hangs else 0)
            return failure
        await asyncio.sleep(latency / 2)
        if call.call.operation.is_metered and not self._admits(call.lane):
            failure = THROTTLED
        answer = failure or self._success(call)
        await asyncio.sleep(latency / 2)
        return answer

    def _success(self, call: Sent) -> Answer:
        if self._aws is not None:
            return self._aws.answer(call.call, call.job.target.function)
        return Success(200, f"r-{call.job.seq}", {"Answer": call.job.seq})

    def _admits(self, lane: Lane) -> bool:
        if self._quota is None:
            return True
        if lane not in self._quotas:
            self._quotas[lane] = Quota(*self._quota)
        if self._other_client is not None and self._other_client_task is None:
            using = self._other_client.use(self._quotas[lane])
            self._other_client_task = asyncio.create_task(using)
        return self._quotas[lane].take()

    def of(self, lane: Lane) -> list[Sent]:
        return [call for call in self.calls if call.lane == lane]

    def attempts(self, seq: int) -> list[Sent]:
        return [call for call in self.calls if call.job.seq == seq]

    def throttles(self) -> int:
        return sum(call.answer == THROTTLED for call in self.calls)


def script(*answers: Failure | None) -> Callable[[Sent], Failure | None]:
    """The answers to the first, second, … attempt of every job; later ones succeed."""
    return lambda call: answers[call.attempt - 1] if call.attempt <= len(answers) else None
