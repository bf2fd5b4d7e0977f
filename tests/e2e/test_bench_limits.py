"""``bench --find-limit`` and ``--forecast``."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bulkeic.core.pacing.adaptive_rate import QUOTA

from .bench_helpers import run, write_lanes
from .conftest import ACCOUNT, Bulkeic, Server
from .rollout_helpers import GET

SLOW, FAST, OTHER = (f"{ACCOUNT}/{region}" for region in ("us-east-1", "us-west-2", "eu-west-1"))
PLACES = 64


def by_lane(lanes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {lane["lane"]: lane for lane in lanes}


def test_limits_are_found_and_used_to_forecast_apply(
    bulkeic: Bulkeic, sandbox: Callable[..., Server]
) -> None:
    scenario = {"lanes": {SLOW: {"rate": 10, "burst": 5}, FAST: {"rate": 20, "burst": 20}}}
    bulkeic.write("scenario.json", json.dumps(scenario))
    server = sandbox("--scenario", "scenario.json")
    write_lanes(bulkeic, "targets.csv", us_east_1=20, us_west_2=20)
    write_lanes(bulkeic, "fleet.csv", us_east_1=500, us_west_2=500, eu_west_1=30)

    done = run(bulkeic, server, "targets.csv", "--find-limit", "--forecast", "fleet.csv")

    assert done.code == 0, done.err
    (measures,) = done.summary["measures"]
    lanes, stats = by_lane(measures["lanes"]), server.stats()
    assert stats["calls"] - stats["by_operation"][GET] <= 1  # STS was asked who calls
    for lane, rate in ((SLOW, 10), (FAST, 20)):
        limit, sent = lanes[lane]["limit"], stats["by_lane"][lane]
        assert limit["found"]
        assert limit["rate"] == pytest.approx(rate, rel=0.5)
        assert limit["low"] <= limit["rate"] <= limit["high"]
        assert limit["burst"] >= 1
        assert (lanes[lane]["calls"], lanes[lane]["refused"]) == tuple(sent.values())
        # When it is found nothing more is sent; calls in flight then are not part of the search.
        assert limit["calls"] <= sent["calls"] <= limit["calls"] + PLACES
    forecast = done.summary["forecast"]
    forecasts = by_lane(forecast["lanes"])
    assert forecast["source"] == "fleet.csv"
    assert {name: each["targets"] for name, each in forecasts.items()} == {
        SLOW: 500, FAST: 500, OTHER: 30,
    }  # fmt: skip
    assert [forecasts[lane]["measured"] for lane in (SLOW, FAST, OTHER)] == [True, True, False]
    assert forecasts[SLOW]["rate"] == pytest.approx(lanes[SLOW]["limit"]["rate"] * 0.9)
    assert forecasts[OTHER]["rate"] == pytest.approx(QUOTA * 0.9)
    assert forecast["seconds"] == pytest.approx(max(each["seconds"] for each in forecasts.values()))
    assert "limits found, calls a second" in done.err


def test_a_forecast_probes_the_lanes_of_its_file_and_skips_denied_ones(
    bulkeic: Bulkeic, server: Server
) -> None:
    server.window("faults", {"lanes": {SLOW: {"refuse": 1}, FAST: {"rate": 20}}}, "PUT")
    write_lanes(bulkeic, "fleet.csv", us_east_1=30, us_west_2=200)

    # With so few places one lane is searched after the other.
    done = run(bulkeic, server, "--forecast", "fleet.csv", "--concurrency", 16)

    assert done.code == 0, done.err
    (measures,) = done.summary["measures"]
    lanes = by_lane(measures["lanes"])
    assert not lanes[SLOW]["limit"]["found"]
    assert "20 jobs in a row were denied: AccessDenied" in lanes[SLOW]["stopped"]
    assert lanes[FAST]["limit"]["found"]
    assert lanes[FAST]["stopped"] is None
    forecasts = by_lane(done.summary["forecast"]["lanes"])
    assert [forecasts[lane]["measured"] for lane in (SLOW, FAST)] == [False, True]
    assert forecasts[SLOW]["rate"] == pytest.approx(QUOTA * 0.9)
    assert forecasts[FAST]["rate"] == pytest.approx(lanes[FAST]["limit"]["rate"] * 0.9)
    assert f"{SLOW} was stopped: 20 jobs in a row were denied" in done.err


def test_lanes_that_all_deny_have_no_limits(bulkeic: Bulkeic, server: Server) -> None:
    server.window("faults", {"refuse": 1}, "PUT")
    write_lanes(bulkeic, "targets.csv", us_east_1=30, us_west_2=30)

    done = run(bulkeic, server, "targets.csv", "--find-limit", "--concurrency", 16)

    assert done.code == 3
    assert "stopped: every lane has stopped" in done.lines
    (measures,) = done.summary["measures"]
    assert [each["limit"]["found"] for each in measures["lanes"]] == [False, False]
    assert measures["errors"] == {"AccessDeniedException": server.calls(GET)}
