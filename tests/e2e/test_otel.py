"""``--otel``: a trace and metrics for a collector, which cannot harm the run."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from .conftest import Bulkeic, Server
from .otlp_receiver import attributes, otlp_receiver
from .rollout_helpers import REGIONS, load, words, write_rows

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
ERROR = 2
ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n"


def tree(spans: list[Any]) -> list[tuple[str, str]]:
    """Each span's name with that of its parent, in order of their start."""
    names = {span.span_id: span.name for span in spans}
    ordered = sorted(spans, key=lambda span: span.start_time_unix_nano)
    return [(span.name, names.get(span.parent_span_id, "")) for span in ordered]


def test_a_run_is_a_trace_and_its_metrics_equal_the_summary(
    bulkeic: Bulkeic, server: Server
) -> None:
    load(server, {f"fn-{number}": {"MaximumRetryAttempts": 2} for number in range(3)})
    write_rows(bulkeic, REGIONS[:1], 3)
    gate = 'grep -q \'"number": 2, "of"\' && exit 1; exit 0'
    flags = ("--yes", "--on-halt", "rollback", "--waves", "1,2,100%", "--gate", gate)

    with otlp_receiver() as receiver:
        result = bulkeic(
            *words(server, *flags, "--otel", "--output", "json"), **{ENDPOINT: receiver.url}
        )

    assert result.code == 3, result.err
    assert "--otel" not in result.err
    spans = receiver.spans()
    traces = {span.trace_id for span in spans}
    assert len(traces) == 2
    first, second = sorted(
        ([span for span in spans if span.trace_id == trace] for trace in traces),
        key=lambda found: min(span.start_time_unix_nano for span in found),
    )
    waves = [
        [(f"wave {n}", name), ("updating", f"wave {n}"), ("verifying", f"wave {n}")]
        for name in ("bulkeic apply", "bulkeic rollback")
        for n in (1, 2)
    ]
    gate_span = ("gate", "bulkeic apply")
    assert tree(first) == [("bulkeic apply", ""), *waves[0], gate_span, *waves[1], gate_span]
    assert tree(second) == [("bulkeic rollback", ""), *waves[2], *waves[3]]
    [run] = [span for span in first if not span.parent_span_id]
    assert run.status.code == ERROR
    assert run.status.message.startswith("wave 2 of 3: halted by the gate")
    assert [event.name for event in run.events] == ["halted"]
    assert attributes(run)["bulkeic.outcomes.updated"] == 2
    assert attributes(run)["bulkeic.run"] == str(bulkeic.folder / "run.db")
    [back] = [span for span in second if not span.parent_span_id]
    assert back.status.code != ERROR
    assert [link.span_id for link in back.links] == [run.span_id]

    metrics = receiver.metrics()
    calls = {
        attributes(point)["command"]: point.as_double or point.as_int
        for point in metrics["bulkeic_calls"].sum.data_points
    }
    summary = result.summary
    assert calls == {"apply": summary["calls"], "rollback": summary["rollback"]["calls"]}
    assert metrics["bulkeic_calls"].sum.is_monotonic
    [seconds] = metrics["bulkeic_call_duration_seconds"].histogram.data_points
    assert (seconds.count, metrics["bulkeic_call_duration_seconds"].unit) == (4, "s")
    states = {
        attributes(point)["state"]: point.as_double or point.as_int
        for point in metrics["bulkeic_targets"].gauge.data_points
    }
    assert states["updated"] == summary["rollback"]["updated"] == 2


@contextmanager
def hostile_collector(answer: bytes) -> Iterator[str]:
    """A server that sends an answer, or nothing, and keeps its connections open."""
    kept: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                kept.append(connection)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in kept:
                connection.close()


@pytest.mark.parametrize("answer", [b"", ENDLESS, b"HTTP/1.1 500 \x1b[2J\r\n\r\n"])
def test_a_hostile_collector_does_not_harm_the_run(
    bulkeic: Bulkeic, server: Server, answer: bytes
) -> None:
    write_rows(bulkeic, REGIONS[:1], 2)

    with hostile_collector(answer) as url:
        result = bulkeic(*words(server, "--yes", "--otel"), **{ENDPOINT: url})

    assert result.code == 0, result.err
    assert server.calls() == 2
    assert "\x1b" not in result.err
    assert result.err.count("--otel: ") <= 1


def test_a_collector_that_is_down_is_one_line_without_secrets(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:1], 2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}/?key=of-the-user",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=of-the-user,bad header of-the-user",
    }

    result = bulkeic(*words(server, "--yes", "--otel"), **variables)

    assert result.code == 0, result.err
    assert "of-the-user" not in result.err
    [line] = [line for line in result.lines if line.startswith("--otel: ")]
    assert line.endswith("This does not affect the run.")


def test_without_the_extra_the_flag_names_the_command_that_installs_it(bulkeic: Bulkeic) -> None:
    package = bulkeic.folder / "opentelemetry"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('not installed')\n")
    bulkeic.write("targets.csv", "FunctionName\nfn\n")

    result = bulkeic("apply", "targets.csv", "--yes", "--otel", PYTHONPATH=str(bulkeic.folder))

    assert (result.code, result.lines) == (
        2,
        ["bulkeic: --otel requires OpenTelemetry; install it with: pip install 'bulkeic[otel]'"],
    )
