"""``bulkeic bench`` when calls fail or it is interrupted: the measurements are kept."""

import json
import signal
from collections.abc import Callable

import pytest

from .bench_helpers import AT_ONCE, measured, run, write_lanes
from .conftest import Bulkeic, Server
from .rollout_helpers import GET, UPDATE, line_with, until

NO_PLOTLY = """\
import importlib.util

find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "plotly" else find(name, *more)
"""


def test_refused_and_conflicting_calls_are_counted_as_the_server_counts_them(
    bulkeic: Bulkeic, server: Server
) -> None:
    server.window("faults", {"throttle": 0.1, "conflict": 0.2}, "PUT")

    (measures,) = measured(
        bulkeic, server, "--functions", 40, "--operation", "update", "--yes", "--rate", 200,
        "--requests", 30, "--timeout", 60, *AT_ONCE,
    )  # fmt: skip

    stats = server.stats()
    by_status = stats["by_status"]
    assert measures["done"] == 30
    assert measures["calls"] == server.calls(GET) + server.calls(UPDATE)
    assert (measures["refused"], measures["conflicts"]) == (by_status["429"], by_status["409"])
    assert measures["errors"] == {
        "TooManyRequestsException": by_status["429"],
        "ResourceConflictException": by_status["409"],
    }
    assert measures["retries"] == by_status["429"] + by_status["409"] - measures["failed"]
    (lane,) = measures["lanes"]
    assert (lane["refused"], lane["conflicts"]) == (measures["refused"], measures["conflicts"])
    assert sum(each["refused"] for each in measures["seconds"]) == by_status["429"]
    assert measures["retrying"]["max_s"] > 0


def test_a_denied_lane_stops_and_the_other_continues(bulkeic: Bulkeic, server: Server) -> None:
    denied, other = (f"123456789012/{region}" for region in ("us-east-1", "us-west-2"))
    server.window("faults", {"lanes": {denied: {"refuse": 1}}}, "PUT")
    write_lanes(bulkeic, "targets.csv", us_east_1=30, us_west_2=30)

    done = run(
        bulkeic, server, "targets.csv", "--rate", 100, "--requests", 160, "--timeout", 4, *AT_ONCE
    )

    assert done.code == 0, done.err
    (measures,) = done.summary["measures"]
    first, second = measures["lanes"]
    assert (first["lane"], second["lane"]) == (denied, other)
    assert "20 jobs in a row were denied: AccessDeniedException" in first["stopped"]
    assert first["failed"] == first["done"] == server.stats()["by_lane"][denied]["calls"]
    assert (second["done"], second["failed"], second["stopped"]) == (80, 0, None)
    assert measures["done"] + measures["unfinished"] == 160
    assert f"100/s a lane: {denied} was stopped: 20 jobs in a row were denied" in done.err


def test_an_open_load_ends_when_every_lane_has_stopped(bulkeic: Bulkeic, server: Server) -> None:
    server.window("faults", {"refuse": 1}, "PUT")

    done = run(
        bulkeic, server, "--functions", 30, "--rate", 100, "--duration", 600, "--timeout", 600,
        *AT_ONCE,
    )  # fmt: skip

    assert done.code == 3
    assert done.lines[-1] == "stopped: every lane has stopped"
    (measures,) = done.summary["measures"]
    assert measures["stopped"] == "every lane has stopped"
    assert measures["failed"] == measures["done"] == server.calls(GET) >= 20


def test_an_unreachable_endpoint_ends_the_benchmark(bulkeic: Bulkeic, server: Server) -> None:
    words = ("bench", "--functions", 5, "--rate", 50, "--duration", 600, "--give-up-after", 0.5)
    no_server = "http://127.0.0.1:1"

    whole = bulkeic(*words, "--endpoint-url", no_server)
    half = bulkeic(
        *words, *AT_ONCE, "--output", "json",
        AWS_ENDPOINT_URL_LAMBDA=no_server, AWS_ENDPOINT_URL_STS=server.url,
    )  # fmt: skip

    assert whole.code == 2
    assert len(whole.lines) == 1
    assert "STS cannot be reached: Could not connect to the endpoint URL" in whole.err
    assert half.code == 3
    assert half.lines[-1].startswith("stopped: ")
    (measures,) = half.summary["measures"]
    assert set(measures["errors"]) == {"EndpointConnectionError"}
    assert measures["done"] == measures["failed"]
    assert measures["latency"]["max_s"] >= 0.5
    assert measures["call"]["max_s"] == 0


@pytest.mark.parametrize(
    "flags", [("--rate", 50, "--requests", 3), ("--concurrency", 2, "--requests", 3)]
)
def test_a_load_without_success_fails(
    bulkeic: Bulkeic, server: Server, flags: tuple[object, ...]
) -> None:
    server.window("faults", {"throttle": 1}, "PUT")

    done = run(bulkeic, server, "--functions", 5, *flags, "--max-attempts", 1, *AT_ONCE)

    assert done.code == 1, done.err
    assert done.lines[-1].endswith(": none of 3 requests succeeded")
    (measures,) = done.summary["measures"]
    assert measures["failed"] == measures["refused"] == 3


def test_a_limit_search_that_only_gets_errors_fails(bulkeic: Bulkeic, server: Server) -> None:
    server.window("faults", {"error": 1}, "PUT")

    done = run(bulkeic, server, "--functions", 5, "--find-limit", "--give-up-after", 600)

    assert done.code == 1, done.err
    (measures,) = done.summary["measures"]
    requests = measures["done"] + measures["unfinished"]
    assert f"find the limit: none of {requests:,} requests succeeded" in done.lines
    assert not measures["lanes"][0]["limit"]["found"]


def test_a_closed_load_whose_first_call_outlasts_it_fails(bulkeic: Bulkeic, server: Server) -> None:
    server.window("faults", {"hang": 1}, "PUT")

    done = run(
        bulkeic, server, "--functions", 5, "--concurrency", 4, "--warmup", 0.3, "--duration", 0.3,
        "--timeout", 1, "--max-attempts", 1,
    )  # fmt: skip

    assert done.code == 1, done.err
    (measures,) = done.summary["measures"]
    assert measures["done"] == measures["failed"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_the_measurements(
    bulkeic: Bulkeic, server: Server, number: signal.Signals
) -> None:
    process = bulkeic.start(
        "bench", "--functions", 20, "--rates", "50,60", "--step", 600, *AT_ONCE,
        "--endpoint-url", server.url, "--results", "bench.json", "--html", "bench.html",
    )  # fmt: skip
    until(lambda: server.calls(GET) >= 10, "ten calls")
    process.send_signal(number)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 3, err
    assert err.splitlines()[-1] == "stopped: interrupted"
    (measures,) = json.loads((bulkeic.folder / "bench.json").read_text())["measures"]
    assert measures["stopped"] == "interrupted"
    assert 10 <= measures["done"] == measures["calls"] == server.calls(GET)
    assert 0 < measures["elapsed_s"] < 600
    assert (bulkeic.folder / "bench.html").exists()


@pytest.mark.parametrize("end", [("--duration", 600), ("--requests", 2)])
def test_ctrl_c_does_not_wait_for_retries_even_when_the_load_is_over(
    bulkeic: Bulkeic, server: Server, end: tuple[object, ...]
) -> None:
    server.window("faults", {"throttle": 1}, "PUT")
    process = bulkeic.start(
        "bench", "--functions", 20, "--rate", 50, *end, "--timeout", 600, *AT_ONCE,
        "--max-attempts", 50, "--endpoint-url", server.url, "--output", "json",
    )  # fmt: skip
    until(lambda: server.calls(GET) >= 4, "four calls")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)

    assert process.returncode == 3, err
    (measures,) = json.loads(out)["measures"]
    assert measures["done"] == 0 < measures["unfinished"]


def test_a_second_ctrl_c_leaves_at_once(bulkeic: Bulkeic, sandbox: Callable[..., Server]) -> None:
    sts = sandbox()
    server = sandbox("--latency", 300)
    process = bulkeic.start(
        "bench", "--functions", 5, "--concurrency", 2, *AT_ONCE, "--timeout", 600,
        "--results", "bench.json",
        env={"AWS_ENDPOINT_URL_LAMBDA": server.url, "AWS_ENDPOINT_URL_STS": sts.url},
    )  # fmt: skip
    until(lambda: server.calls(GET) == 1, "a call in flight")
    process.send_signal(signal.SIGINT)
    line_with(process, "Ctrl-C again to quit at once")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 130, err
    assert err.splitlines()[-1] == "stopped: interrupted twice"
    assert json.loads((bulkeic.folder / "bench.json").read_text())["measures"] == []


def test_a_full_disk_loses_neither_the_report_nor_the_other_file(
    bulkeic: Bulkeic, server: Server
) -> None:
    done = run(
        bulkeic, server, "--functions", 5, "--rate", 100, "--requests", 3, *AT_ONCE,
        "--results", "/dev/full", "--html", "\udcff.html",
    )  # fmt: skip

    assert done.code == 3
    assert done.lines[-1] == "bulkeic: '/dev/full': No space left on device"
    assert done.summary["measures"][0]["done"] == 3
    assert "\ufffd.html" in done.summary["flags"]
    assert (bulkeic.folder / "\udcff.html").stat().st_size > 0


def test_without_plotly_html_is_rejected_before_anything_is_sent(
    bulkeic: Bulkeic, server: Server
) -> None:
    (bulkeic.folder / "site").mkdir()
    bulkeic.write("site/sitecustomize.py", NO_PLOTLY)

    done = run(
        bulkeic, server, "--functions", 5, "--html", "bench.html",
        PYTHONPATH=str(bulkeic.folder / "site"),
    )  # fmt: skip

    assert done.code == 2
    assert done.lines == ["bulkeic: charts need plotly: pip install 'bulkeic[charts]'"]
    assert server.stats()["calls"] == 0
