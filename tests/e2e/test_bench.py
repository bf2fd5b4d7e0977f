"""``bulkeic bench`` measures what it sends."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hdrh.histogram import HdrHistogram

from .bench_helpers import AT_ONCE, measured, run
from .conftest import Bulkeic, Server
from .rollout_helpers import GET, UPDATE, asked, load, states, terminal

ASKED = "write back the current settings of each target? [y/N]"


def test_an_open_load_is_measured_and_written_to_files(bulkeic: Bulkeic) -> None:
    result = bulkeic(
        "bench", "--sandbox", "--rate", 10, "--requests", 10, "--warmup", 0,
        "--results", "bench.json", "--html", "bench.html",
    )  # fmt: skip

    assert result.code == 0, result.err
    (measures,) = json.loads((bulkeic.folder / "bench.json").read_text())["measures"]
    assert (measures["done"], measures["calls"], measures["failed"]) == (10, 10, 0)
    assert measures["latency"]["count"] == 10
    assert "10/s a lane        10" in result.err
    assert "<h1" in (bulkeic.folder / "bench.html").read_text()


def test_each_request_is_one_call_that_changes_nothing_and_is_reported(
    bulkeic: Bulkeic, server: Server
) -> None:
    before = server.window("state")

    done = run(
        bulkeic, server, "--functions", 20, "--rate", 100, "--requests", 40, *AT_ONCE,
        "--seed", 3, "--results", "bench.json",
    )  # fmt: skip

    assert done.code == 0, done.err
    assert server.calls(GET) == 40
    assert set(server.stats()["by_operation"]) <= {GET, "GetCallerIdentity"}
    assert server.window("state") == before
    summary = done.summary
    assert json.loads((bulkeic.folder / "bench.json").read_text()) == summary
    assert {"bulkeic", "python", "aiohttp"} <= set(summary["versions"])
    assert {"system", "cpus", "processor"} <= set(summary["machine"])
    assert summary["flags"][:3] == ["bench", "--functions", "20"]
    assert (summary["seed"], summary["endpoint"], summary["operation"]) == (3, server.url, "get")
    assert (summary["targets"], summary["lanes"], summary["forecast"]) == (20, 1, None)
    (measures,) = summary["measures"]
    assert measures["done"] == measures["calls"] == measures["lanes"][0]["done"] == 40
    assert sum(second["done"] for second in measures["seconds"]) == 40
    parts = [measures[name]["mean_s"] for name in ("waiting", "call", "retrying")]
    assert measures["latency"]["mean_s"] == pytest.approx(sum(parts), abs=1e-4)
    for name in ("latency", "waiting", "call", "retrying"):
        spread = measures[name]
        kept = HdrHistogram.decode(spread["histogram"])
        assert kept.get_total_count() == spread["count"] == 40
        for percentile, value in ((50, "p50_s"), (90, "p90_s"), (99, "p99_s"), (99.9, "p999_s")):
            micros = kept.get_value_at_percentile(percentile)
            assert spread[value] == pytest.approx(min(micros / 1e6, spread["max_s"]))


def test_the_warm_up_is_sent_but_not_measured(bulkeic: Bulkeic, server: Server) -> None:
    words = ("--functions", 20, "--rates", "20,40", "--requests", 10, "--warmup", 0.5)

    loads = measured(bulkeic, server, *words)

    assert [each["done"] for each in loads] == [10, 10]
    assert server.calls(GET) == (10 + 10) + (20 + 10)


def test_rates_follow_each_other_and_each_is_measured_to_its_end(
    bulkeic: Bulkeic, server: Server
) -> None:
    loads = measured(bulkeic, server, "--functions", 20, "--rates", "10,0.4", "--step", 2, *AT_ONCE)

    assert [each["load"]["rate"] for each in loads] == [10.0, 0.4]
    assert [each["done"] for each in loads] == [20, 1]
    assert [each["elapsed_s"] for each in loads] == [2.0, 2.0]
    assert server.calls(GET) == 21
    for each in loads:
        assert [second["second"] for second in each["seconds"]][:2] == [0, 1]


def test_a_closed_load_keeps_requests_in_flight(bulkeic: Bulkeic, server: Server) -> None:
    done = run(
        bulkeic, server, "--functions", 4, "--concurrency", "1,8", "--requests", 20, *AT_ONCE
    )

    assert done.code == 0, done.err
    loads = done.summary["measures"]
    assert [each["load"]["concurrency"] for each in loads] == [1, 8]
    assert [each["done"] for each in loads] == [20, 20]
    assert 40 <= server.calls(GET) <= 40 + 2 * 4  # others may have begun with the last one
    assert done.lines[0].endswith(f"closed, 1 at once; closed, 8 at once; on {server.url}")
    assert (
        "warning: 8 requests in flight need as many functions, but there are 4: " in done.lines[1]
    )


def test_the_seed_decides_the_order_of_targets(bulkeic: Bulkeic, server: Server) -> None:
    words = ("--functions", 30, "--concurrency", 1, "--requests", 20, *AT_ONCE)

    loads = measured(bulkeic, server, *words, "--seed", 3, "--repeat", 2)
    both = [function for operation, (_, function) in asked(server) if operation == GET]
    server.window("reset-stats", {}, "POST")
    measured(bulkeic, server, *words, "--seed", 4)
    again = [function for operation, (_, function) in asked(server) if operation == GET]

    assert [each["repeat"] for each in loads] == [0, 1]
    assert len(set(both[:20])) == len(set(again)) == 20
    assert both[20:] == again != both[:20]


CONFIGS: dict[str, dict[str, Any] | None] = {
    "bare": {"DestinationConfig": {"OnSuccess": {}, "OnFailure": {}}},
    "half": {
        "MaximumEventAgeInSeconds": 60,
        "DestinationConfig": {
            "OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:123456789012:q"},
            "OnFailure": {},
        },
    },
    "full": {
        "MaximumRetryAttempts": 0,
        "MaximumEventAgeInSeconds": 21600,
        "DestinationConfig": {
            "OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:123456789012:q"},
            "OnFailure": {"Destination": "arn:aws:sns:us-east-1:123456789012:t"},
        },
    },
    "none": None,
}


def test_update_writes_back_the_settings_of_each_target(
    bulkeic: Bulkeic, sandbox: Callable[..., Server]
) -> None:
    server = sandbox("--rate", "unlimited")
    load(server, CONFIGS)
    before = states(server)
    bulkeic.write("targets.csv", "\n".join(["FunctionName", *CONFIGS]))
    words = ("targets.csv", "--operation", "update", "--rate", 50, "--requests", 20, *AT_ONCE)

    refused = run(bulkeic, server, *words)

    assert refused.code == 2
    assert refused.lines == [
        "bulkeic: stdin is not a terminal; use --yes to start without being asked"
    ]
    assert server.stats()["calls"] == 0

    (measures,) = measured(bulkeic, server, *words, "--yes")

    assert states(server) == before
    assert (server.calls(GET), server.calls(UPDATE)) == (20, 15)
    assert (measures["done"], measures["failed"], measures["calls"]) == (20, 5, 35)
    assert measures["errors"] == {"ResourceNotFoundException": 5}


def test_an_open_load_of_updates_keeps_its_rate(bulkeic: Bulkeic, server: Server) -> None:
    (measures,) = measured(
        bulkeic, server, "--functions", 50, "--operation", "update", "--yes", "--rate", 40,
        "--duration", "3s", *AT_ONCE,
    )  # fmt: skip

    assert measures["calls"] == 2 * measures["done"] == 240
    # With tokens for one call of two, the last request would wait for three seconds.
    assert measures["waiting"]["p50_s"] < 0.5


@pytest.mark.parametrize(("answer", "code", "written"), [("y\n", 0, 2), ("\n", 3, 0)])
def test_it_asks_before_it_writes(
    bulkeic: Bulkeic, server: Server, answer: str, code: int, written: int
) -> None:
    command = (
        "bench", "--functions", 5, "--operation", "update", "--requests", 2, *AT_ONCE,
        "--endpoint-url", server.url,
    )  # fmt: skip
    with terminal(bulkeic, *command) as screen:
        screen.answer(ASKED, answer)

        assert screen.end() == code, screen.screen
        assert server.calls(UPDATE) == server.calls(GET) == written


def test_contradicting_flags_are_one_line(bulkeic: Bulkeic) -> None:
    result = bulkeic("bench", "--sandbox", "--find-limit", "--rate", 10)

    assert result.code == 2
    assert "--find-limit chooses the rate and the duration itself" in result.err


def test_a_closed_stdout_is_one_line(bulkeic: Bulkeic) -> None:
    process = bulkeic.start(
        "bench", "--sandbox", "--requests", 1, "--warmup", 0, "--output", "json"
    )
    assert process.stdout is not None
    process.stdout.close()
    _, stderr = process.communicate(timeout=30)

    assert process.returncode == 3
    assert "bulkeic: stdout: Broken pipe; the lines above are the summary" in stderr.splitlines()
