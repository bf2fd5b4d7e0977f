"""The time of a request: every part counts exactly once."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.bench.run.request_trace import RequestTrace
from bulkeic.core.model import Failure, Fault, Lane

LANE = Lane("123456789012", "us-east-1")
THROTTLED = Failure(Fault.THROTTLED, "TooManyRequestsException", "", 429)
NOT_SENT = Failure(Fault.CONNECTION, "NoCredentials", "", sent=False)
NO_CONNECTION = Failure(Fault.TIMEOUT, "ConnectTimeoutError", "")


class CallTimes(NamedTuple):
    """A call: seconds before it, on the wire, and until its answer is processed."""

    pause: float
    wire: float
    after: float
    failure: Failure | None = None
    is_sent: bool = True
    is_received: bool = True


def traced_request(calls: list[CallTimes], due: float = 0.0) -> tuple[RequestTrace, float]:
    """A request in flight, and the current time."""
    trace, now = RequestTrace(LANE, due, measured=True), due
    for each in calls:
        now += each.pause
        if each.is_sent:
            trace.call_sent(now)
            now += each.wire
            if each.is_received:
                trace.answer_received(now)
                now += each.after
        trace.call_ended(each.failure, now)
    return trace, now


def parts(trace: RequestTrace) -> tuple[float, float, float]:
    return trace.waiting_s, trace.call_s, trace.retrying_s


seconds = st.floats(0, 100).map(lambda value: round(value, 3))
sent_calls = st.builds(
    CallTimes,
    seconds,
    seconds,
    seconds,
    st.sampled_from([None, THROTTLED]),
    is_sent=st.just(value=True),
    is_received=st.booleans(),
)
unsent_calls = st.builds(
    CallTimes,
    seconds,
    st.just(0.0),
    st.just(0.0),
    st.sampled_from([NOT_SENT, NO_CONNECTION]),
    is_sent=st.just(value=False),
)
calls = st.lists(st.one_of(sent_calls, unsent_calls), max_size=8)


@given(calls=calls, due=seconds)
def test_parts_add_up_to_the_latency(calls: list[CallTimes], due: float) -> None:
    trace, now = traced_request(calls, due)
    trace.request_ended()

    assert sum(parts(trace)) == pytest.approx(trace.last_s - due, abs=1e-6)
    if calls:
        assert trace.last_s == pytest.approx(now - calls[-1].after * calls[-1].is_received)
    assert min(parts(trace)) >= -1e-6
    if all(each.failure is None for each in calls):
        assert trace.retrying_s == 0


@given(calls=calls, due=seconds, later=seconds, on_wire=st.booleans())
def test_an_abandoned_request_has_its_age(
    *, calls: list[CallTimes], due: float, later: float, on_wire: bool
) -> None:
    trace, now = traced_request(calls, due)
    if on_wire:
        trace.call_sent(now)
    trace.abandon(now + later)

    assert sum(parts(trace)) == pytest.approx(now + later - due, abs=1e-6)
    assert min(parts(trace)) >= -1e-6


@pytest.mark.parametrize(
    ("calls", "waiting", "call", "retrying"),
    [
        ([CallTimes(3, 2, 1)], 3, 2, 0),
        ([CallTimes(3, 2, 1, is_received=False)], 3, 2, 0),
        ([CallTimes(3, 2, 0, THROTTLED), CallTimes(5, 1, 0)], 3, 1, 7),
        ([CallTimes(3, 2, 1, THROTTLED), CallTimes(5, 1, 0)], 3, 1, 8),
        ([CallTimes(3, 2, 0, THROTTLED)], 3, 2, 0),
        ([CallTimes(3, 2, 0, THROTTLED), CallTimes(5, 4, 0, THROTTLED)], 3, 4, 7),
        ([CallTimes(3, 2, 0), CallTimes(5, 4, 0)], 8, 6, 0),
        ([CallTimes(3, 2, 0), CallTimes(5, 4, 0, THROTTLED), CallTimes(1, 7, 0)], 8, 9, 5),
        ([CallTimes(3, 0, 0, NOT_SENT, is_sent=False)], 3, 0, 0),
        ([CallTimes(3, 0, 0, NOT_SENT, is_sent=False), CallTimes(5, 2, 0)], 3, 2, 5),
        ([CallTimes(3, 0, 0, NO_CONNECTION, is_sent=False)], 3, 0, 0),
        (
            [CallTimes(3, 2, 0, THROTTLED), CallTimes(5, 0, 0, NO_CONNECTION, is_sent=False)],
            3,
            0,
            7,
        ),
    ],
)
def test_where_the_time_goes(
    calls: list[CallTimes], waiting: float, call: float, retrying: float
) -> None:
    trace, _ = traced_request(calls)
    trace.request_ended()
    assert parts(trace) == (waiting, call, retrying)


@pytest.mark.parametrize(
    ("calls", "on_wire", "waiting", "call", "retrying"),
    [
        ([], False, 9, 0, 0),
        ([], True, 0, 9, 0),
        ([CallTimes(3, 2, 0)], True, 3, 11, 0),
        ([CallTimes(3, 2, 0)], False, 12, 2, 0),
        ([CallTimes(3, 2, 0, THROTTLED)], True, 3, 9, 2),
        ([CallTimes(3, 2, 0, THROTTLED)], False, 3, 0, 11),
    ],
)
def test_an_abandoned_call_counts_as_call_time(
    *, calls: list[CallTimes], on_wire: bool, waiting: float, call: float, retrying: float
) -> None:
    trace, now = traced_request(calls)
    if on_wire:
        trace.call_sent(now)
    trace.abandon(now + 9)
    assert parts(trace) == (waiting, call, retrying)


def test_only_the_first_call_is_first_and_only_later_calls_are_retries() -> None:
    trace = RequestTrace(LANE, 0.0, measured=True)
    first, again = [], []
    for at, failure in enumerate((THROTTLED, None, None)):
        first.append(trace.is_first)
        trace.call_sent(2.0 * at)
        again.append(trace.call_ended(failure, 2.0 * at + 1))
    assert first == [True, False, False]
    assert again == [False, True, False]
