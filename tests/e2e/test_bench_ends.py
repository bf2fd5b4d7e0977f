"""A benchmark sends nothing after its end."""

from .bench_helpers import measured, write_lanes
from .conftest import ACCOUNT, Bulkeic, Server

READ = "GetFunctionEventInvokeConfig"


def test_requests_that_wait_for_their_function_are_not_sent_after_the_end(
    bulkeic: Bulkeic, server: Server
) -> None:
    server.window("faults", {"latency_s": 0.05}, "PUT")
    result = bulkeic(
        "bench", "--functions", 2, "--concurrency", 64, "--requests", 10, "--warmup", 0,
        "--region", "us-east-1", "--endpoint-url", server.url,
    )  # fmt: skip

    assert result.code == 0, result.err
    assert "had not ended" not in result.err
    assert 10 <= server.calls(READ) <= 20


def test_requests_of_a_stopped_lane_are_not_awaited(bulkeic: Bulkeic, server: Server) -> None:
    write_lanes(bulkeic, "targets.csv", eu_west_1=30, eu_west_2=30)
    server.window("faults", {"lanes": {f"{ACCOUNT}/eu-west-1": {"refuse": 1}}}, "PUT")
    (measures,) = measured(
        bulkeic, server, "targets.csv", "--rate", 40, "--duration", "2s", "--warmup", 0,
        "--timeout", "20s",
    )  # fmt: skip

    assert measures["lanes"][1]["done"] == 80
    assert measures["lanes"][0]["stopped"] is not None
    assert measures["unfinished"] > 0
    assert measures["latency"]["max_s"] < 10
