"""Failed calls leave no reference cycles."""

import gc
from collections import Counter

from bulkeic.aws.identity.access import Access
from bulkeic.aws.lambda_caller import LambdaCaller
from bulkeic.core.model import Failure, Job, Lane, Settings, SourceLine, Target
from bulkeic.sandbox import DEFAULT_ACCOUNT_ID, Faults, Sandbox, SandboxOptions

from .both_clients import make_update

TARGET = Target(Lane(DEFAULT_ACCOUNT_ID, "us-east-1"), "f", "$LATEST", "aws")


async def test_a_failed_call_leaves_nothing_to_the_garbage_collector() -> None:
    job = Job(0, SourceLine(""), "f", TARGET, Settings(maximum_retry_attempts=1))
    options = SandboxOptions(rate=None, any_function=True, faults=Faults(truncated=1))
    gc.disable()
    try:
        async with Sandbox(options) as sandbox:
            access = Access(
                endpoint_url=sandbox.url, credentials=sandbox.credentials, isolated=True
            )
            async with LambdaCaller(access, timeout_s=5, concurrency=1) as caller:
                assert isinstance(await caller.call(job, make_update(job)), Failure)
                gc.collect()
                for _ in range(5):
                    assert isinstance(await caller.call(job, make_update(job)), Failure)
                gc.set_debug(gc.DEBUG_SAVEALL)
                gc.collect()
        garbage = Counter(type(each).__name__ for each in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()

    ours = {"OriginConnection", "AnswerParser", "HttpResponseParser", "NoAnswerError", "Future"}
    assert not ours & set(garbage), garbage
