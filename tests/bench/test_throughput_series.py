"""Seconds: each is seconds once, in order, and all that ended is in one of them."""

from hypothesis import given
from hypothesis import strategies as st

from bulkeic.bench.model.measurements import Second
from bulkeic.bench.run.throughput_series import ThroughputSeries

BEGIN = 1000.0


def test_every_second_is_reported_once_also_without_requests() -> None:
    seconds: list[Second] = []
    timeline = ThroughputSeries(BEGIN, seconds.append)

    timeline.record_call(BEGIN - 0.1, throttled=True)
    timeline.record_request(0.5, BEGIN - 0.1, failed=True)
    timeline.record_call(BEGIN + 0.1, throttled=True)
    timeline.record_call(BEGIN + 0.2, throttled=False)
    timeline.record_request(0.2, BEGIN + 0.2, failed=False)
    assert seconds == []
    timeline.close_until(BEGIN + 1)
    assert seconds == [
        Second(second=0, done=1, calls=2, refused=1, failed=0, p50_s=0.2, p99_s=0.2, max_s=0.2)
    ]
    for latency_s in (0.3, 0.1, 0.2):
        timeline.record_request(latency_s, BEGIN + 3.5, failed=latency_s == 0.1)
    timeline.end()

    assert seconds[1:3] == [
        Second(second=number, done=0, calls=0, refused=0, failed=0) for number in (1, 2)
    ]
    assert seconds[3:] == [
        Second(second=3, done=3, calls=0, refused=0, failed=1, p50_s=0.2, p99_s=0.3, max_s=0.3)
    ]
    assert timeline.seconds == seconds


def test_a_started_second_without_requests_is_not_reported() -> None:
    seconds: list[Second] = []
    timeline = ThroughputSeries(BEGIN, seconds.append)
    timeline.close_until(BEGIN + 2.9)
    timeline.end()
    assert [each.second for each in seconds] == [0, 1]


events = st.lists(
    st.tuples(
        st.integers(-16, 160).map(lambda eighths: eighths / 8),
        st.sampled_from(["call", "request", "tick"]),
        st.booleans(),
    ),
    max_size=40,
)


@given(events=events)
def test_each_request_counts_in_the_second_in_which_it_ends(
    events: list[tuple[float, str, bool]],
) -> None:
    seconds: list[Second] = []
    timeline = ThroughputSeries(BEGIN, seconds.append)
    for at, kind, flag in sorted(events):
        if kind == "call":
            timeline.record_call(BEGIN + at, throttled=flag)
        elif kind == "request":
            timeline.record_request(at, BEGIN + at, failed=flag)
        else:
            timeline.close_until(BEGIN + at)
    timeline.end()

    assert [each.second for each in seconds] == list(range(len(seconds)))
    for each in seconds:
        within = [event for event in events if event[0] // 1 == each.second]
        calls = [flag for _, kind, flag in within if kind == "call"]
        requests = [(at, flag) for at, kind, flag in within if kind == "request"]
        assert (each.calls, each.refused) == (len(calls), sum(calls))
        assert (each.done, each.failed) == (len(requests), sum(flag for _, flag in requests))
        assert each.max_s == max((at for at, _ in requests), default=None)
    counted = sum(each.calls + each.done for each in seconds)
    assert counted == sum(kind != "tick" for at, kind, _ in events if at >= 0)
