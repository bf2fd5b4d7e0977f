"""The forecast of apply at the limits that were found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.bench.model.apply_forecast import forecast_apply
from bulkeic.bench.model.measurements import LaneLimit
from bulkeic.core.model import Lane
from bulkeic.core.pacing.adaptive_rate import QUOTA
from bulkeic.core.pacing.forecast import USUAL_CALL_S, LaneBacklog, forecast

LANES = [Lane("123456789012", f"xx-test-{number}") for number in range(4)]


def limit(rate: float, burst: float | None = None, *, found: bool = True) -> LaneLimit:
    return LaneLimit(
        found=found, rate=rate, low=rate, high=rate, burst=burst, seconds=9.0, calls=90, refused=3
    )


@pytest.mark.parametrize(
    ("found", "headroom", "rate", "tokens", "measured"),
    [
        (limit(20, 20), 0.0, 20, 20, True),
        (limit(20, 5), 0.0, 20, 5, True),
        (limit(20, 500), 0.0, 20, 20, True),
        (limit(20, 20), 0.5, 10, 10, True),
        (limit(20, None), 0.1, 18, 18, True),
        (limit(900, 900, found=False), 0.1, 13.5, 13.5, False),
        (None, 0.1, 13.5, 13.5, False),
        (None, 0.0, QUOTA, QUOTA, False),
    ],
)
def test_a_lane_runs_at_its_limit_less_the_headroom(
    *, found: LaneLimit | None, headroom: float, rate: float, tokens: float, measured: bool
) -> None:
    limits = {} if found is None else {LANES[0]: found}

    ahead = forecast_apply("fleet.csv", {LANES[0]: 1000}, limits, headroom=headroom, concurrency=64)

    (lane,) = ahead.lanes
    assert (lane.lane, lane.targets, lane.measured) == (str(LANES[0]), 1000, measured)
    assert lane.rate == pytest.approx(rate)
    assert lane.seconds == pytest.approx((1000 - tokens) / rate + USUAL_CALL_S)
    assert ahead.source == "fleet.csv"
    assert ahead.seconds == pytest.approx(lane.seconds)


def test_low_concurrency_takes_longer_than_any_lane() -> None:
    ahead = forecast_apply(
        "fleet.csv", {LANES[0]: 600}, {LANES[0]: limit(600, 600)}, headroom=0.0, concurrency=1
    )
    assert ahead.lanes[0].seconds == pytest.approx(USUAL_CALL_S)
    assert ahead.seconds == pytest.approx(600 * USUAL_CALL_S)


def test_nothing_to_do_takes_no_time() -> None:
    ahead = forecast_apply("fleet.csv", {}, {}, headroom=0.1, concurrency=64)
    assert (ahead.seconds, ahead.lanes) == (0.0, [])


limits_found = st.none() | st.builds(
    limit, st.floats(0.1, 1000), st.none() | st.floats(1, 1000), found=st.booleans()
)


@given(
    jobs=st.dictionaries(st.sampled_from(LANES), st.integers(1, 10_000), min_size=1),
    found=st.lists(limits_found, min_size=4, max_size=4),
    headroom=st.floats(0, 0.9),
    concurrency=st.integers(1, 1000),
)
def test_it_agrees_with_the_core_forecast_and_lists_the_slowest_lane_first(
    jobs: dict[Lane, int], found: list[LaneLimit | None], headroom: float, concurrency: int
) -> None:
    limits = {lane: each for lane, each in zip(LANES, found, strict=True) if each is not None}

    ahead = forecast_apply("fleet.csv", jobs, limits, headroom=headroom, concurrency=concurrency)

    assert {lane.lane: lane.targets for lane in ahead.lanes} == {
        str(lane): number for lane, number in jobs.items()
    }
    assert ahead.lanes == sorted(ahead.lanes, key=lambda lane: (-lane.seconds, lane.lane))
    crowd_s = sum(jobs.values()) * USUAL_CALL_S / concurrency
    assert ahead.seconds == pytest.approx(max(ahead.lanes[0].seconds, crowd_s))
    for lane in ahead.lanes:
        longest, shortest = (
            forecast(
                [LaneBacklog(LANES[0], lane.targets, lane.rate, tokens)],
                concurrency=10_000,
                call_s=USUAL_CALL_S,
            )
            for tokens in (0.0, lane.rate)
        )
        assert longest is not None
        assert shortest is not None
        assert shortest.seconds <= lane.seconds + 1e-9
        assert lane.seconds <= longest.seconds + 1e-9
