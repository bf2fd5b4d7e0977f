"""A result as text for the terminal."""

import msgspec
import pytest

from bulkeic.bench.model.measurements import BenchResult, ClientUsage
from bulkeic.bench.model.workload import Load
from bulkeic.bench.report.result_tables import label
from bulkeic.bench.report.result_text import bench_lines
from bulkeic.output.formatting import figures, latency, share, short

from .random_results import (
    LIMIT_LOAD,
    closed_load,
    forecast,
    limit_measures,
    measures,
    open_load,
    result,
    spread,
    steps,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"), (0, "0 ms"), (0.000012, "0.012 ms"), (0.00021, "0.210 ms"),
        (0.0204, "20.4 ms"), (0.2044, "204 ms"), (0.9994, "999 ms"), (0.9996, "1.00 s"),
        (1.024, "1.02 s"), (61.26, "61.3 s"), (1234.4, "1,234 s"),
    ],
)  # fmt: skip
def test_latencies(seconds: float | None, text: str) -> None:
    assert latency(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"), (0.0124, "0.012"), (0.9996, "1.00"), (1, "1.00"), (9.996, "10.0"), (15, "15.0"),
        (99.96, "100"), (1234.6, "1,235"),
    ],
)  # fmt: skip
def test_three_figures(number: float, text: str) -> None:
    assert figures(number) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"), (99_999, "99,999"), (100_000, "100k"), (123_456, "123k"), (999_499, "999k"),
        (999_500, "1.00M"), (12_345_678, "12.3M"), (2_000_000_000, "2,000M"),
    ],
)  # fmt: skip
def test_short_counts(number: int, text: str) -> None:
    assert short(number) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "-"), (0, 5, "0 %"), (1, 5000, "<0.1 %"), (1, 40, "2.5 %"), (37, 100, "37 %"),
        (9.96, 100, "10 %"), (5, 5, "100 %"),
    ],
)  # fmt: skip
def test_shares(part: float, whole: float, text: str) -> None:
    assert share(part, whole) == text


@pytest.mark.parametrize(
    ("load", "text"),
    [
        (open_load(12.5), "12.5/s a lane"),
        (closed_load(1000), "1,000 at once"),
        (LIMIT_LOAD, "find the limit"),
    ],
)
def test_labels(load: Load, text: str) -> None:
    assert label(load) == text


def known_result() -> BenchResult:
    """A result with round figures."""
    return result([
        measures(
            open_load(15), lanes=1, done=1500, calls=1600, refused=100, failed=3, throughput=150.0,
            latency=spread([0.02] * 98 + [0.5, 1.5]), waiting=spread([0.001] * 100),
            call=spread([0.019] * 100), retrying=spread([0.0] * 99 + [1.0]),
            errors={"TooManyRequestsException": 100, "ServiceException": 2},
        )
    ])  # fmt: skip


def test_one_load_has_a_row_for_throughput_and_one_for_its_time() -> None:
    assert bench_lines(known_result()) == [
        "throughput, latency",
        ("  load         requests  a second  refused  failed"
        "      p50      p90     p99   p99.9     max"),
        ("  15/s a lane     1,500       150    6.2 %       3"
        "  20.0 ms  20.0 ms  500 ms  1.50 s  1.50 s"),
        "where it went",
        "  load         waiting p50      p99  call p50      p99  retrying p50   p99",
        "  15/s a lane      1.00 ms  1.00 ms   19.0 ms  19.0 ms          0 ms  0 ms",
        "errors",
        "  code                      calls",
        "  TooManyRequestsException    100",
        "  ServiceException              2",
        "this client used at most 21 % of a core and 84 MB",
    ]  # fmt: skip


def test_repeats_of_a_load_stay_together() -> None:
    lines = bench_lines(steps(repeats=3, rates=(5, 20)))
    rows = [line.split() for line in lines if "/s a lane" in line]
    assert [(row[0], row[3]) for row in rows[:6]] == [
        (load, repeat) for load in ("5/s", "20/s") for repeat in "123"
    ]
    assert "lanes under the hardest load, 20/s a lane, repeat" in "\n".join(lines)


def test_no_percentile_exceeds_the_maximum() -> None:
    rounded_up = msgspec.structs.replace(spread([0.178]), p99_s=0.1783, p999_s=0.1791, max_s=0.178)
    row = bench_lines(result([measures(latency=rounded_up)]))[2]
    assert row.split()[-4:] == ["178", "ms", "178", "ms"]


def test_retried_calls_have_a_column_only_if_there_are_any() -> None:
    assert "repeated" not in " ".join(bench_lines(result([measures(retries=0)])))
    lines = bench_lines(result([measures(retries=1234)]))
    head, row = lines[lines.index("where it went") + 1 :][:2]
    assert (head.split()[-1], row.split()[-1]) == ("repeated", "1,234")


def test_conflicts_and_unfinished_have_columns_only_if_there_are_any() -> None:
    assert not {"conflicts", "unfinished"} & set(" ".join(bench_lines(known_result())).split())
    lines = bench_lines(result([measures(conflicts=12345, unfinished=3)]))
    head, row = lines[1], lines[2]
    assert head.split()[-2:] == ["conflicts", "unfinished"]
    assert row.split()[-2:] == ["12,345", "3"]
    assert (
        "10/s a lane: 3 requests had not ended; their age so far counts as their latency" in lines
    )


def test_a_note_says_that_the_client_was_the_limit() -> None:
    busy, idle = (ClientUsage(cpu_s=9, cpu_share=cpu, rss_mb=1234.5) for cpu in (0.97, 0.9))
    lines = bench_lines(result([measures(client=idle), measures(closed_load(64), client=busy)]))
    assert lines[-2:] == [
        "this client used at most 97 % of a core and 1,234 MB",
        "64 at once: this machine was the limit, not the server: 97 % of a core",
    ]


def test_limits_come_first_in_ascending_order() -> None:
    lines = bench_lines(result([limit_measures([40, 5, 15], unlimited=1)]))
    assert lines[:3] == [
        "limits found, calls a second",
        ("  lane                         a second   low to high"
        "  burst  calls  refused  seconds"),
        ("  111111111111/eu-west-1           5.05  4.90 to 5.25"
        "   10.0     93       11     18.4"),
    ]  # fmt: skip
    assert [line.split()[0] for line in lines[3:5]] == [
        "111111111111/ap-southeast-2",
        "111111111111/us-east-1",
    ]
    assert lines[-1] == (
        "222222222222/us-east-1: no limit was found: 812 calls a second got through, 14,941 in all"
    )


def test_a_stopped_lane_has_no_note_about_a_missing_limit() -> None:
    made = limit_measures([5], unlimited=2)
    _, stopped, _ = made.lanes
    stopped = msgspec.structs.replace(stopped, stopped="access denied")
    lines = bench_lines(
        result([msgspec.structs.replace(made, lanes=[made.lanes[0], stopped, made.lanes[2]])])
    )
    assert lines[-2] == f"find the limit: {stopped.lane} was stopped: access denied"
    assert lines[-1].startswith(f"{made.lanes[2].lane}: no limit was found")


def test_a_lane_that_let_nothing_through_has_a_note() -> None:
    made = limit_measures([5], unlimited=1)
    limit = made.lanes[1].limit
    assert limit is not None
    for calls, of in ((24, ", 24 in all"), (0, "")):
        none = msgspec.structs.replace(limit, rate=0.0, calls=calls)
        lane = msgspec.structs.replace(made.lanes[1], limit=none)
        lines = bench_lines(result([msgspec.structs.replace(made, lanes=[made.lanes[0], lane])]))
        assert lines[-1] == f"{lane.lane}: no limit was found: nothing got through{of}"


def test_only_some_lanes_are_listed_and_the_rest_is_counted() -> None:
    many = result([limit_measures([15.0] * 30, unlimited=7), measures(lanes=40, slow=2)])
    lines = bench_lines(many)
    assert "  10 lanes not shown" in lines
    assert lines[-1] == "and 2 more lanes"
    begin = next(at for at, line in enumerate(lines) if line.startswith("lanes under"))
    shown = [line for line in lines[begin:] if line.startswith("  ") and "/" in line]
    counted = next(line for line in lines[begin:] if line.endswith("lanes not shown"))
    assert len(shown) + int(counted.split()[0]) == 40


def test_a_forecast_ends_with_the_total() -> None:
    lines = bench_lines(result([], forecast=forecast(22)))
    assert lines[0] == "apply fleet.csv --rate auto: about 2 min"
    assert lines[1].split("  ")[-1].strip() == "time"
    assert "documented quota" in lines[4]
    assert "measured" in lines[2]
    assert lines[-2].split() == ["all", "lanes", "at", "once", "26,169", "2", "min"]
    assert lines[-1] == "  2 lanes not shown"


def test_reasons_for_stopping_are_shown_without_control_characters() -> None:
    made = measures(stopped="no answer", errors={"\x1b[2J" + "x" * 200: 1}, lanes=1)
    lines = bench_lines(result([made]))
    assert "10/s a lane: ended early: no answer" in lines
    code = next(line for line in lines if "xxx" in line)
    assert code.isprintable()
    assert code.strip().startswith("\\x1b[2Jxxx")


@pytest.mark.parametrize(
    "drawn",
    [
        steps(2, (5, 1000)),
        result([measures(closed_load(64), done=12_345_678, conflicts=99_999, unfinished=9_999)]),
        result([limit_measures([1234.5, 5], repeat=1, unlimited=2)], forecast=forecast(30)),
        result([measures(errors={"E" * 300: 5})]),
        result([measures(requests=0, seconds=0)]),
        result([]),
    ],
)
def test_every_table_fits_a_hundred_characters_or_a_narrower_terminal(drawn: BenchResult) -> None:
    for width in (None, 80, 60, 200):
        tables = [line for line in bench_lines(drawn, width) if line.startswith("  ")]
        assert max(map(len, tables), default=0) <= min(100, width or 100)


def test_columns_that_do_not_fit_go_below_with_the_names_again() -> None:
    lines = bench_lines(result([limit_measures([5, 15])]), 60)
    heads = [line.split() for line in lines if line.startswith("  lane ")]
    assert heads == [
        ["lane", "a", "second", "low", "to", "high", "burst"],
        ["lane", "calls", "refused", "seconds"],
    ]
    assert lines.count("limits found, calls a second") == 2
    assert [line.split()[0] for line in lines[2:4]] == [line.split()[0] for line in lines[6:8]]


def test_a_spread_without_values_is_shown_as_a_dash() -> None:
    row = bench_lines(result([measures(requests=0, seconds=0)]))[2]
    assert row.split()[3:] == ["0", "0", "-", "0", *"-----"]


def test_a_load_without_requests_has_a_note() -> None:
    busy = ClientUsage(cpu_s=1, cpu_share=1.02, rss_mb=80)
    lines = bench_lines(result([measures(requests=0, seconds=0, client=busy)]))
    assert lines[-2].startswith("this client used at most 102 % of a core")
    assert lines[-1] == "10/s a lane: nothing was measured: no request started in the measured time"
