"""The preview of a run, and its waves, as text."""

from bulkeic.core.model import Lane, Settings
from bulkeic.core.pacing.forecast import Forecast, LaneBacklog
from bulkeic.core.rollout.waves import Wave
from bulkeic.output.rollout_text import (
    forecast_lines,
    settings_lines,
    wave_lines,
    wave_preview_lines,
)

QUEUE = "arn:aws:sqs:{region}:{account}:q"


def lane(number: int) -> Lane:
    return Lane("123456789012", f"xx-test-{number}")


def test_a_forecast_has_targets_lanes_time_and_endpoint() -> None:
    longest = LaneBacklog(lane(1), 2000, 15.0, 0.0)
    lanes = {lane(0): 1, lane(1): 2000, Lane("210987654321", "xx-test-1"): 5}
    plain, crowded = (Forecast(134.0, longest, crowded) for crowded in (False, True))
    (line,) = forecast_lines(lanes, plain, "AWS")
    assert line == (
        "2,006 targets in 3 lanes (2 accounts, 2 Regions), about 3 min; the longest lane is "
        "123456789012/xx-test-1 with 2,000; on AWS"
    )
    assert forecast_lines(lanes, crowded, "AWS")[0] == line
    assert "--concurrency" in forecast_lines(lanes, crowded, "AWS")[1]


def test_settings_are_listed_and_the_rest_is_counted() -> None:
    wanted = [(Settings(1, 60, "", QUEUE), 1200), (Settings(maximum_retry_attempts=0), 1)]
    first, second = settings_lines(wanted, 2)
    assert first == (
        "    1,200 x MaximumRetryAttempts 1, MaximumEventAgeInSeconds 60, OnSuccess none, "
        f"OnFailure {QUEUE}"
    )
    assert second == "        1 x MaximumRetryAttempts 0"
    assert settings_lines(wanted, 3)[2] == "  and 1 other combination of settings"
    assert settings_lines(wanted, 9)[2] == "  and 7 other combinations of settings"


def test_a_preview_has_the_sizes_of_the_waves_and_how_many_are_done() -> None:
    done, pending = Wave(1, 2, started_at="t0", ended_at="t1"), Wave(2, 1_000)
    assert wave_preview_lines([]) == []
    assert wave_preview_lines([pending]) == ["in 1 wave of 1,000; each wave is verified"]
    assert wave_preview_lines([done, pending]) == [
        "in 2 waves of 2, 1,000; 1 done; each wave is verified"
    ]


def test_a_wave_has_its_times_and_what_its_verification_found() -> None:
    waves = [
        Wave(1, 2, started_at="t0", ended_at="t1", verified=2, drifted=1, stopped="drift"),
        Wave(2, 1, started_at="t2"),
        Wave(3, 1),
    ]
    assert wave_lines(waves) == [
        "  wave 1, 2 targets: started t0, done t1, 2 verified, 1 drifted, stopped: drift",
        "  wave 2, 1 target: started t2, not done",
        "  wave 3, 1 target: not started",
    ]
