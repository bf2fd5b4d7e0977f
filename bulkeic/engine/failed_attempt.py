"""An attempt that failed, as the retry policy sees it."""

import msgspec

from bulkeic.core.model import Failure
from bulkeic.core.pacing.retry import RetryLimit


class FailedAttempt(msgspec.Struct, frozen=True):
    """An attempt that failed.

    Attributes:
        failure: its result.
        limit: what limits the retries of this failure.
        attempt: its number among those of its call, from 1. The wait grows with it.
        counted: the attempts that count towards the maximum.
        since_s: seconds since the job's first failure with this limit.
    """

    failure: Failure
    limit: RetryLimit
    attempt: int
    counted: int
    since_s: float
