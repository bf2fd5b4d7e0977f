"""How one lane's server responds: whether it answers, how fast, and whether it denies jobs."""

import math

from bulkeic.core.model import Outcome
from bulkeic.core.pacing.forecast import USUAL_CALL_S

_SMOOTHING = 0.1
_FIRST_ANSWERS = 2


class LaneHealth:
    """The health of one lane. Times are the clock's seconds.

    Attributes:
        was_called: whether a call to its server has ended.
        is_answering: whether the last call was answered; ``False`` before the first.
        answered_at: when the last answer arrived; ``-inf``: never.
        unanswered_since: since when nothing was answered, or no credentials could be had; ``inf``:
            the last call was answered.
        holds: how often in a row the lane waited for credentials.
        latency_s: seconds a call takes, smoothed; 0 until one was answered.
        denied_in_a_row: jobs that were denied since the last one that was not.
        held_denials: outcomes of denied jobs that the supervisor holds back.
    """

    __slots__ = (
        "_answers", "answered_at", "denied_in_a_row", "held_denials", "holds", "is_answering",
        "latency_s", "unanswered_since", "was_called",
    )  # fmt: skip

    def __init__(self) -> None:
        self.was_called = False
        self.is_answering = False
        self.answered_at = -math.inf
        self.unanswered_since = math.inf
        self.holds = 0
        self.latency_s = 0.0
        self.denied_in_a_row = 0
        self.held_denials: list[Outcome] = []
        self._answers = 0

    @property
    def expected_latency_s(self) -> float:
        """Seconds the next call will probably take."""
        return self.latency_s or USUAL_CALL_S

    def record_hold(self, sent_at: float) -> None:
        """Record a call that waits for credentials."""
        self.holds += 1
        self.is_answering = False
        self.unanswered_since = min(self.unanswered_since, sent_at)

    def record_unsent(self) -> None:
        """Record a call that is never sent: its failure is the answer."""
        self.holds = 0
        self.unanswered_since = math.inf

    def record_unanswered(self, sent_at: float) -> None:
        """Record a call that the server did not answer."""
        self.was_called = True
        self.is_answering = False
        self.holds = 0
        self.unanswered_since = min(self.unanswered_since, sent_at)

    def record_idle(self) -> None:
        """Record that no jobs are left: from now on, missing answers prove nothing."""
        self.unanswered_since = math.inf

    def record_answer(self, now: float, call_s: float) -> None:
        """Record an answer, whether it is a success or an error."""
        self.was_called = self.is_answering = True
        self.holds = 0
        self.unanswered_since = math.inf
        self.answered_at = now
        # The first call may have waited for credentials, so the second one replaces its latency.
        self._answers += 1
        weight = _SMOOTHING if self._answers > _FIRST_ANSWERS else 1.0
        self.latency_s += weight * (call_s - self.latency_s)
