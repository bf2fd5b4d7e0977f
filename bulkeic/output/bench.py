"""What a benchmark measured, as lines for people."""

from bulkeic.core.measures import Ahead, BenchResult, LaneForecast, LaneMeasures, Measures, Spread
from bulkeic.output.numbers import counted, duration, latency

_BUSY = 0.9
_SHOWN_LANES = 20


def bench_lines(result: BenchResult) -> list[str]:
    """Each load with its latency, its errors and its limits; then the forecast."""
    lines = []
    for measures in result.measures:
        lines += _load_lines(measures)
    return lines + ([] if result.forecast is None else _forecast_lines(result.forecast))


def _load_lines(measures: Measures) -> list[str]:
    client = measures.client
    head = (
        f"{measures.load}: {counted(measures.done, 'request')}, {measures.throughput:,.1f}/s; "
        f"{counted(measures.calls, 'call')}, {measures.refused:,} refused, "
        f"{measures.conflicts:,} conflicting, {measures.retries:,} repeated; "
        f"{measures.failed:,} failed, {measures.unfinished:,} unfinished"
    )
    lines = [
        head,
        f"  {'':<10}{'p50':>10}{'p90':>10}{'p99':>10}{'p99.9':>10}{'max':>10}",
    ]
    parts = ("latency", "waiting", "call", "retrying")
    lines += [_spread_line(name, getattr(measures, name)) for name in parts]
    lines += [f"  {count:>7,} {code}" for code, count in measures.errors.items()]
    lines.append(f"  client: {client.cpu_share:.0%} of a core, {client.rss_mb:,.0f} MB")
    if client.cpu_share > _BUSY:
        lines.append("  this machine was the limit, not the server")
    limits = [lane for lane in measures.lanes if lane.limit is not None or lane.stopped]
    return lines + _first([_limit_line(lane) for lane in limits])


def _first(lanes: list[str]) -> list[str]:
    more = len(lanes) - _SHOWN_LANES
    shown = lanes[:_SHOWN_LANES]
    return shown + ([f"  {counted(more, 'lane')} not shown"] if more > 0 else [])


def _spread_line(name: str, spread: Spread) -> str:
    times = (spread.p50_s, spread.p90_s, spread.p99_s, spread.p999_s, spread.max_s)
    return f"  {name:<10}" + "".join(f"{latency(each):>10}" for each in times)


def _limit_line(lane: LaneMeasures) -> str:
    limit = lane.limit
    if lane.stopped is not None or limit is None:
        return f"  {lane.lane}: stopped: {lane.stopped}"
    if not limit.found:
        return f"  {lane.lane}: no limit found; {limit.rate:,.1f}/s got through"
    burst = "" if limit.burst is None else f", burst {limit.burst:,.0f}"
    return (
        f"  {lane.lane}: {limit.rate:,.2f}/s ({limit.low:,.2f} to {limit.high:,.2f}){burst}; "
        f"{counted(limit.calls, 'call')}, {limit.refused:,} refused, {limit.seconds:.1f} s"
    )


def _forecast_lines(ahead: Ahead) -> list[str]:
    return [
        f"apply {ahead.source} --rate auto: about {duration(ahead.seconds)}",
        *_first([_forecast_line(lane) for lane in ahead.lanes]),
    ]


def _forecast_line(lane: LaneForecast) -> str:
    how = "" if lane.measured else " (Lambda's quota; not measured)"
    return (
        f"  {lane.lane}: {counted(lane.targets, 'target')} at {lane.rate:,.1f}/s{how}, "
        f"about {duration(lane.seconds)}"
    )
