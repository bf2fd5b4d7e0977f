"""One request's time: nothing of it is lost, and nothing counted twice."""

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


class Try(NamedTuple):
    """A call: seconds before it, on the wire, and until its answer is looked at."""

    pause: float
    wire: float
    after: float
    failure: Failure | None = None
    is_sent: bool = True
    is_told_apart: bool = True


def flown(tries: list[Try], due: float = 0.0) -> tuple[RequestTrace, float]:
    """A request under way, and what time it is."""
    flight, now = RequestTrace(LANE, due, measured=True), due
    for each in tries:
        now += each.pause
        if each.is_sent:
            flight.call_sent(now)
            now += each.wire
            if each.is_told_apart:
                flight.answer_received(now)
                now += each.after
        flight.call_ended(each.failure, now)
    return flight, now


def parts(flight: RequestTrace) -> tuple[float, float, float]:
    return flight.waiting_s, flight.call_s, flight.retrying_s


seconds = st.floats(0, 100).map(lambda value: round(value, 3))
sent_tries = st.builds(
    Try,
    seconds,
    seconds,
    seconds,
    st.sampled_from([None, THROTTLED]),
    is_sent=st.just(value=True),
    is_told_apart=st.booleans(),
)
unsent_tries = st.builds(
    Try,
    seconds,
    st.just(0.0),
    st.just(0.0),
    st.sampled_from([NOT_SENT, NO_CONNECTION]),
    is_sent=st.just(value=False),
)
tries = st.lists(st.one_of(sent_tries, unsent_tries), max_size=8)


@given(tries=tries, due=seconds)
def test_waiting_call_and_retrying_are_all_of_its_time(tries: list[Try], due: float) -> None:
    flight, now = flown(tries, due)
    flight.request_ended()

    assert sum(parts(flight)) == pytest.approx(flight.last_s - due, abs=1e-6)
    if tries:
        assert flight.last_s == pytest.approx(now - tries[-1].after * tries[-1].is_told_apart)
    assert min(parts(flight)) >= -1e-6
    if all(each.failure is None for each in tries):
        assert flight.retrying_s == 0


@given(tries=tries, due=seconds, later=seconds, on_wire=st.booleans())
def test_a_request_that_is_cut_has_its_age(
    *, tries: list[Try], due: float, later: float, on_wire: bool
) -> None:
    flight, now = flown(tries, due)
    if on_wire:
        flight.call_sent(now)
    flight.abandon(now + later)

    assert sum(parts(flight)) == pytest.approx(now + later - due, abs=1e-6)
    assert min(parts(flight)) >= -1e-6


@pytest.mark.parametrize(
    ("tries", "waiting", "call", "retrying"),
    [
        ([Try(3, 2, 1)], 3, 2, 0),
        ([Try(3, 2, 1, is_told_apart=False)], 3, 2, 0),
        ([Try(3, 2, 0, THROTTLED), Try(5, 1, 0)], 3, 1, 7),
        ([Try(3, 2, 1, THROTTLED), Try(5, 1, 0)], 3, 1, 8),
        ([Try(3, 2, 0, THROTTLED)], 3, 2, 0),
        ([Try(3, 2, 0, THROTTLED), Try(5, 4, 0, THROTTLED)], 3, 4, 7),
        ([Try(3, 2, 0), Try(5, 4, 0)], 8, 6, 0),
        ([Try(3, 2, 0), Try(5, 4, 0, THROTTLED), Try(1, 7, 0)], 8, 9, 5),
        ([Try(3, 0, 0, NOT_SENT, is_sent=False)], 3, 0, 0),
        ([Try(3, 0, 0, NOT_SENT, is_sent=False), Try(5, 2, 0)], 3, 2, 5),
        ([Try(3, 0, 0, NO_CONNECTION, is_sent=False)], 3, 0, 0),
        ([Try(3, 2, 0, THROTTLED), Try(5, 0, 0, NO_CONNECTION, is_sent=False)], 3, 0, 7),
    ],
)
def test_where_the_time_goes(
    tries: list[Try], waiting: float, call: float, retrying: float
) -> None:
    flight, _ = flown(tries)
    flight.request_ended()
    assert parts(flight) == (waiting, call, retrying)


@pytest.mark.parametrize(
    ("tries", "on_wire", "waiting", "call", "retrying"),
    [
        ([], False, 9, 0, 0),
        ([], True, 0, 9, 0),
        ([Try(3, 2, 0)], True, 3, 11, 0),
        ([Try(3, 2, 0)], False, 12, 2, 0),
        ([Try(3, 2, 0, THROTTLED)], True, 3, 9, 2),
        ([Try(3, 2, 0, THROTTLED)], False, 3, 0, 11),
    ],
)
def test_a_call_that_is_cut_was_a_call_and_no_waiting(
    *, tries: list[Try], on_wire: bool, waiting: float, call: float, retrying: float
) -> None:
    flight, now = flown(tries)
    if on_wire:
        flight.call_sent(now)
    flight.abandon(now + 9)
    assert parts(flight) == (waiting, call, retrying)


def test_only_the_first_call_is_the_first_and_only_a_second_one_was_made_again() -> None:
    flight = RequestTrace(LANE, 0.0, measured=True)
    first, again = [], []
    for at, failure in enumerate((THROTTLED, None, None)):
        first.append(flight.is_first)
        flight.call_sent(2.0 * at)
        again.append(flight.call_ended(failure, 2.0 * at + 1))
    assert first == [True, False, False]
    assert again == [False, True, False]
