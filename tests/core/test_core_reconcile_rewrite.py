"""Writing back what a target has: it is read first, and stays as it is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.change.policy import Rewrite, calls_per_job
from bulkeic.core.change.reconcile import (
    MISSING,
    Action,
    BeforeImage,
    Decision,
    ReadConfig,
    Step,
    first_step,
    next_step,
)
from bulkeic.core.change.snapshot import ABSENT
from bulkeic.core.change.stale_reads import reread_stale
from bulkeic.core.model import Answer, Call, Operation, Settings, Status, Success
from tests.core.example_configs import CONFIG, DENIED, HAD, NO_CONFIG, Aws, do, images, job_of

REWRITE = Rewrite()
JOB = job_of(Settings())
GET = Call(Operation.GET)
BARE: dict[str, Any] = {"DestinationConfig": {"OnSuccess": {}, "OnFailure": {}}}
NOTHING = Settings(None, None, "", "")
READ, READ_BARE = ReadConfig(HAD, CONFIG), ReadConfig(NOTHING, BARE)


def back(read: ReadConfig) -> Step:
    """All of it is written, once what it was is kept."""
    seen = BeforeImage(read.config, Action.CHANGE, may_be_sent=True)
    return Step(Call(Operation.UPDATE, read.snapshot), seen, read)


def failed(code: str, message: str) -> Step:
    return Step(Decision(Status.FAILED, code, message))


@pytest.mark.parametrize(
    ("call", "answer", "read", "step"),
    [
        (None, None, None, Step(GET)),
        (GET, Success(200, "r", CONFIG), None, back(READ)),
        (GET, Success(200, "r", BARE), None, back(READ_BARE)),
        (GET, NO_CONFIG, None, failed(MISSING, "there is no configuration")),
        (GET, DENIED, None, failed("AccessDeniedException", DENIED.message)),
        (
            Call(Operation.UPDATE, HAD),
            Success(200, "r", CONFIG),
            READ,
            Step(Decision(Status.UPDATED, config=CONFIG)),
        ),
        (Call(Operation.UPDATE, HAD), NO_CONFIG, READ, failed(MISSING, NO_CONFIG.message)),
        (
            Call(Operation.UPDATE, HAD),
            DENIED,
            READ,
            failed("AccessDeniedException", DENIED.message),
        ),
    ],
)
def test_the_steps_of_writing_back(
    call: Call | None, answer: Answer | None, read: ReadConfig | None, step: Step
) -> None:
    if call is None or answer is None:
        assert first_step(JOB, REWRITE) == step
    else:
        assert next_step(JOB, REWRITE, call, answer, read) == step


def test_what_was_read_too_long_ago_is_read_again_and_that_is_written() -> None:
    job, call = reread_stale(JOB, Call(Operation.UPDATE, HAD), READ)
    assert call == GET
    assert next_step(job, REWRITE, GET, Success(200, "r", BARE), READ) == back(READ_BARE)


@given(had=images, merges_halves=st.booleans(), tries=st.integers(1, 3))
def test_rewriting_leaves_every_configuration_as_it_was(
    had: Settings, *, merges_halves: bool, tries: int
) -> None:
    aws = Aws(merges_halves=merges_halves)
    aws.have(had)
    before = aws.config()

    end = do(aws, JOB, REWRITE, tries=tries).end

    assert aws.config() == before
    if had == ABSENT:
        assert (end.status, end.code) == (Status.FAILED, MISSING)
        assert aws.calls == [Operation.GET] * tries
    else:
        assert end.status is Status.UPDATED
        assert aws.calls == [Operation.GET] * tries + [Operation.UPDATE] * tries
        assert aws.idle_changes == tries


def test_a_job_takes_two_calls() -> None:
    assert calls_per_job(REWRITE) == 2
