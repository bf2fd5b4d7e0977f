"""How a benchmark ends: nothing more is sent when it is over."""

from .conftest import Bulkeic, Server

READ = "GetFunctionEventInvokeConfig"


def test_requests_that_wait_for_their_function_are_not_sent_when_it_is_over(
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
