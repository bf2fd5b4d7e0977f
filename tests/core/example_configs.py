"""Targets as AWS has them, and the jobs that are done to them, step by step."""

import itertools
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from bulkeic.core.change.policy import Apply, ApplyPlan, Policy
from bulkeic.core.change.reconcile import BeforeImage, Decision, ReadConfig, first_step, next_step
from bulkeic.core.change.snapshot import ABSENT, snapshot_of
from bulkeic.core.model import (
    CLEARED,
    Answer,
    Call,
    Failure,
    Fault,
    Job,
    Lane,
    Operation,
    Settings,
    SourceLine,
    Success,
    Target,
)

HALVES = "DestinationConfig"
NO_HALVES: dict[str, Any] = {"OnSuccess": {}, "OnFailure": {}}
NO_CONFIG = Failure(Fault.REFUSED, "ResourceNotFoundException", "The function … doesn't …", 404)
DENIED = Failure(Fault.REFUSED, "AccessDeniedException", "User … is not authorized", 403)
QUEUE, TOPIC = (f"arn:aws:{name}:us-east-1:123456789012:x" for name in ("sqs", "sns"))
WISH, HALF = Settings(1), Settings(on_failure=QUEUE)
HAD, GOAL = (Settings(retries, None, TOPIC, CLEARED) for retries in (2, 1))
CONFIG = {
    "MaximumRetryAttempts": 2,
    "DestinationConfig": {"OnSuccess": {"Destination": TOPIC}, "OnFailure": {}},
    "LastModified": "2026-01-01T00:00:00.000Z",
    "FunctionArn": "f",
}
"""``HAD`` as answered; ``WISH`` makes ``GOAL`` of it."""
LANE = Lane("123456789012", "us-east-1")

retries = st.none() | st.integers(0, 2)
ages = st.none() | st.integers(60, 62)
halves = st.sampled_from([CLEARED, QUEUE, TOPIC])
configured = st.builds(Settings, retries, ages, halves, halves)
images = st.just(ABSENT) | configured
# Few values, so that a target often has what it should have.
wishes = st.builds(Settings, retries, ages, st.none() | halves, st.none() | halves).filter(
    lambda settings: not settings.is_empty()
)
flags = st.booleans()
apply_policies = st.builds(
    Apply, before_image=flags, create_missing=flags, replace_destinations=flags
)


class Aws:
    """Functions and their configurations.

    Args:
        merges_halves: whether Update keeps the half of the destinations that it is not sent, which
            is not documented.
    """

    def __init__(self, *, merges_halves: bool = False) -> None:
        self.merges_halves = merges_halves
        self.functions: set[str] = set()
        self.configs: dict[str, dict[str, Any]] = {}
        self.calls: list[Operation] = []
        self.idle_changes = 0
        self._times = itertools.count(1)

    def have(self, image: Settings, function: str = "f") -> None:
        """Sets what a function has, as another user would; ``ABSENT``: no configuration."""
        self.functions.add(function)
        self.configs.pop(function, None)
        if image != ABSENT:
            self.configs[function] = {HALVES: NO_HALVES, **image.to_api()}

    def config(self, function: str = "f") -> dict[str, Any] | None:
        return self.configs.get(function)

    def answer(self, call: Call, function: str = "f") -> Answer:
        self.calls.append(call.operation)
        had = self.configs.get(function)
        answer = self._answer(call, function, had)
        changes = call.operation not in {Operation.GET, Operation.GET_FUNCTION}
        self.idle_changes += changes and self.configs.get(function) == had
        return answer

    def _answer(self, call: Call, function: str, had: dict[str, Any] | None) -> Answer:
        operation = call.operation
        if operation in {Operation.PUT, Operation.GET_FUNCTION}:
            if function not in self.functions:
                return NO_CONFIG
        elif had is None:
            return NO_CONFIG
        if operation is Operation.GET_FUNCTION:
            return Success(200, "r")
        if operation is Operation.DELETE:
            del self.configs[function]
            return Success(204, "r")
        if operation in {Operation.PUT, Operation.UPDATE}:
            assert not call.settings.is_empty()
            before = had if had and operation is Operation.UPDATE else {HALVES: NO_HALVES}
            self.configs[function] = self._merged(before, call.settings.to_api())
        answered = {
            "LastModified": f"2026-01-01T00:00:{next(self._times):06.3f}Z",
            "FunctionArn": "f",
        }
        return Success(200, "r", {**answered, **self.configs[function]})

    def _merged(self, before: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        kept = before[HALVES] if self.merges_halves or HALVES not in body else NO_HALVES
        return {**before, **body, HALVES: {**kept, **body.get(HALVES, {})}}


class Done(NamedTuple):
    """A job as it is kept, and its end; ``None``: it was killed before."""

    job: Job
    verdict: Decision | None

    @property
    def end(self) -> Decision:
        assert self.verdict is not None
        return self.verdict


def job_of(settings: Settings, function: str = "f") -> Job:
    return Job(0, SourceLine("targets.csv", 2), function, Target(LANE, function), settings)


def after_plan(policy: Apply, *, force: bool = False) -> ApplyPlan:
    """The policy that applies a plan."""
    return ApplyPlan(
        create_missing=policy.create_missing,
        replace_destinations=policy.replace_destinations,
        force=force,
    )


def planned(job: Job) -> Job:
    """The job that applies a plan."""
    return msgspec.structs.replace(job, expected=job.before_snapshot)


def undoing(done: Done) -> Job:
    """The job that takes a change back."""
    assert done.job.before_snapshot is not None
    expected = snapshot_of(done.end.config)
    return msgspec.structs.replace(job_of(done.job.before_snapshot), expected=expected)


def keep(job: Job, seen: BeforeImage) -> Job:
    image = job.before_snapshot if seen.config is msgspec.UNSET else snapshot_of(seen.config)
    return msgspec.structs.replace(job, before_snapshot=image, may_be_sent=seen.may_be_sent)


def do(aws: Aws, job: Job, policy: Policy, acts: int = 100, tries: int = 1) -> Done:
    """Does a job until its end.

    Args:
        aws: where its target is.
        job: what is to be done.
        policy: of the run.
        acts: after as many it is killed; each call is one, and whatever is kept.
        tries: how often each call is made; the last one is answered.
    """
    step, read = first_step(job, policy), None
    while acts:
        acts -= 1
        if step.before_image is not None:
            job, step = (
                keep(job, step.before_image),
                msgspec.structs.replace(step, before_image=None),
            )
        elif isinstance(step.then, Decision):
            return Done(job, step.then)
        else:
            call = step.then
            *_, answer = (aws.answer(call, job.target.function) for _ in range(tries))
            if call.operation is Operation.GET:
                config = answer.config if isinstance(answer, Success) else None
                read = ReadConfig(snapshot_of(config), config)
            step = next_step(job, policy, call, answer, read)
    return Done(job, None)


def do_at_last(aws: Aws, job: Job, policy: Policy, kills: list[int]) -> Done:
    """Does a job that is killed again and again."""
    for acts in kills:
        done = do(aws, job, policy, acts)
        if done.verdict is not None:
            return done
        job = done.job
    return do(aws, job, policy)


def keeps_half(wish: Settings, policy: Apply | ApplyPlan) -> bool:
    """Whether a half of the destinations is to stay as it is, so that it has to be known."""
    return wish.names_one_destination() and not policy.replace_destinations


class Case(NamedTuple):
    """A target and what is wanted of it.

    Attributes:
        aws: where it is.
        had: its image at first.
        first: the same as AWS has it.
        goal: what apply has to make of it; ``None``: it stays as it is, without.
    """

    aws: Aws
    had: Settings
    wish: Settings
    policy: Apply
    first: dict[str, Any] | None
    goal: dict[str, Any] | None


def _case(had: Settings, wish: Settings, policy: Apply, merges_halves: bool) -> Case:  # noqa: FBT001
    aws = Aws(merges_halves=merges_halves)
    aws.have(had)
    first = aws.config()
    return Case(aws, had, wish, policy, first, to_be(first, wish, policy))


def cases(
    had: st.SearchStrategy[Settings] = images, wish: st.SearchStrategy[Settings] = wishes
) -> st.SearchStrategy[Case]:
    return st.builds(_case, had, wish, apply_policies, flags)


def to_be(
    config: dict[str, Any] | None, settings: Settings, policy: Apply | ApplyPlan
) -> dict[str, Any] | None:
    """The configuration that apply must produce, in the API's form."""
    if config is None and not policy.create_missing:
        return None
    before = config or {HALVES: NO_HALVES}
    body = settings.to_api()
    named = body.get(HALVES, {})
    other = NO_HALVES if policy.replace_destinations and named else before[HALVES]
    return {**before, **body, HALVES: {**other, **named}}
