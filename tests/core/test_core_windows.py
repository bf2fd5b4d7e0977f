"""The window of a run, and what is left of the minimum time after a wave."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.errors import UsageError
from bulkeic.core.options.moments import Moment
from bulkeic.core.rollout.waves import Wave
from bulkeic.core.rollout.windows import Window, bake_left_s, overrun_line, waits_left_s, window_of

ENDED = "2026-01-01T00:00:00.000Z"
ENDED_S = NOW = 1767225600.0


@pytest.mark.parametrize(
    ("ended_at", "bake_s", "now", "left_s"),
    [
        (ENDED, 600.0, ENDED_S, 600.0),
        (ENDED, 600.0, ENDED_S + 200, 400.0),
        (ENDED, 600.0, ENDED_S + 600, 0.0),
        (ENDED, 600.0, ENDED_S + 86_400, 0.0),
        (ENDED, 600.0, ENDED_S - 5_000, 600.0),
        (ENDED, None, ENDED_S, 0.0),
        (ENDED, 0.0, ENDED_S, 0.0),
        (None, 600.0, ENDED_S, 0.0),
    ],
)
def test_a_wave_bakes_from_its_end_on(
    ended_at: str | None, bake_s: float | None, now: float, left_s: float
) -> None:
    assert bake_left_s(ended_at, bake_s, now) == left_s


def at(after_now: float) -> Moment:
    return Moment("18:00Z", NOW + after_now)


def after(seconds: float) -> Moment:
    return Moment(f"{seconds:g}s", after_s=seconds)


@pytest.mark.parametrize(
    ("not_before", "until", "window"),
    [
        (None, None, Window()),
        (at(60), None, Window(NOW + 60)),
        (after(60), None, Window(NOW + 60)),
        (at(-60), None, Window()),
        (at(0), None, Window()),
        (None, at(60), Window(None, NOW + 60, NOW + 50)),
        (None, after(60), Window(None, NOW + 60, NOW + 50)),
        (at(-60), after(60), Window(None, NOW + 60, NOW + 50)),
        (at(100), after(60), Window(NOW + 100, NOW + 160, NOW + 150)),
        (at(100), at(160), Window(NOW + 100, NOW + 160, NOW + 150)),
        (after(100), after(60), Window(NOW + 100, NOW + 160, NOW + 150)),
    ],
)
def test_a_window_opens_and_closes_with_a_call_s_time_to_spare(
    not_before: Moment | None, until: Moment | None, window: Window
) -> None:
    assert window_of(not_before, until, now=NOW, timeout_s=10.0) == window


@pytest.mark.parametrize(
    ("not_before", "until", "says"),
    [
        (None, at(-1), "--until 18:00Z has passed; expected a later time"),
        (None, at(0), "--until 18:00Z has passed; expected a later time"),
        (at(60), at(30), "--until 18:00Z is not after --not-before 18:00Z"),
        (at(60), at(60), "--until 18:00Z is not after --not-before 18:00Z"),
        (None, after(10), "--until 10s leaves 10 s, and a call may take 10 s"),
        (at(60), after(5), "--until 5s leaves 5 s, and a call may take 10 s"),
    ],
)
def test_a_window_in_which_no_call_can_start_is_refused(
    not_before: Moment | None, until: Moment, says: str
) -> None:
    with pytest.raises(UsageError) as error:
        window_of(not_before, until, now=NOW, timeout_s=10.0)
    assert str(error.value).startswith(says)


@given(
    opens=st.none() | st.floats(-1e6, 1e6),
    closes=st.floats(-1e6, 1e6),
    timeout_s=st.floats(0.001, 100),
    is_duration=st.booleans(),
)
def test_every_window_has_time_for_a_call(
    opens: float | None, closes: float, timeout_s: float, *, is_duration: bool
) -> None:
    not_before = None if opens is None else at(opens)
    until = after(abs(closes)) if is_duration else at(closes)
    try:
        window = window_of(not_before, until, now=NOW, timeout_s=timeout_s)
    except UsageError:
        return
    assert window.closes_at is not None
    assert window.last_start_at == window.closes_at - timeout_s
    assert window.last_start_at > max(NOW, window.opens_at or NOW)


@pytest.mark.parametrize(
    ("window", "needed_s", "fits"),
    [
        (Window(), 1e9, True),
        (Window(NOW + 60), 1e9, True),
        (Window(None, NOW + 60, NOW + 50), 50, True),
        (Window(None, NOW + 60, NOW + 50), 51, False),
        (Window(NOW + 100, NOW + 160, NOW + 150), 50, True),
        (Window(NOW + 100, NOW + 160, NOW + 150), 51, False),
        (Window(None, NOW - 60, NOW - 70), 1, False),
    ],
)
def test_a_forecast_is_compared_with_the_time_in_the_window(
    window: Window, needed_s: float, *, fits: bool
) -> None:
    assert (overrun_line(window, needed_s, NOW) is None) is fits


def test_the_line_on_a_forecast_names_the_time_and_the_flag() -> None:
    assert overrun_line(Window(None, NOW + 60, NOW + 50), 90, NOW) == (
        "the forecast does not fit in the window: the run stops before 2026-01-01T00:01:00Z "
        "(--until) with targets pending, and can be resumed"
    )


BEGAN, ENDED = "1970-01-01T00:00:00.000Z", "1970-01-01T00:01:00.000Z"
DONE, LEFT, EMPTY = (BEGAN, ENDED, 5), (), None


@pytest.mark.parametrize(
    ("states", "waits_s"),
    [
        ((), 0),
        ((LEFT,), 0),
        ((LEFT, LEFT, LEFT), 2 * (100 + 7)),
        ((DONE, LEFT), 100 - 30),
        ((DONE, LEFT, LEFT), 100 - 30 + 100 + 7),
        ((DONE, EMPTY, LEFT), 100 - 30),
        ((DONE, DONE), 0),
    ],
)
def test_only_waits_that_are_left_count(
    states: tuple[tuple[object, ...] | None, ...], waits_s: float
) -> None:
    waves = [
        Wave(number, 0) if state is None else Wave(number, 5, *state)  # type: ignore[arg-type]
        for number, state in enumerate(states, 1)
    ]

    assert waits_left_s(waves, bake_s=100, pause_s=7, now=90.0) == waits_s
    assert waits_left_s(waves, bake_s=None, pause_s=None, now=90.0) == 0
