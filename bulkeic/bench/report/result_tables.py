"""What a benchmark came to, as tables; the same ones for the terminal and for the page.

Loads are in the order in which they were first put on, and the repeats of each together.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from bulkeic.bench.model.measurements import (
    ApplyForecast,
    LaneLimit,
    LaneMeasures,
    Measures,
    Spread,
)
from bulkeic.bench.model.workload import Load, LoadModel
from bulkeic.output.formatting import counted, duration, figures, latency, share
from bulkeic.output.tables import WIDTH, Group, Table, beside, joined

BUSY_SHARE = 0.9
_SHOWN_SLOW = 5
_LEAST_LANES = 2
PARTS = ("waiting", "call", "retrying")

Column = tuple[str, Callable[[Measures], str]]
_TRAFFIC: tuple[Column, ...] = (
    ("requests", lambda it: f"{it.done:,}"),
    ("a second", lambda it: figures(it.throughput)),
    ("refused", lambda it: share(it.refused, it.calls)),
    ("failed", lambda it: f"{it.failed:,}"),
)
_SELDOM: tuple[tuple[Column, Callable[[Measures], int]], ...] = (
    (("conflicts", lambda it: f"{it.conflicts:,}"), lambda it: it.conflicts),
    (("unfinished", lambda it: f"{it.unfinished:,}"), lambda it: it.unfinished),
)
_LATENCY: tuple[Column, ...] = (
    ("p50", lambda it: _time(it.latency, it.latency.p50_s)),
    ("p90", lambda it: _time(it.latency, it.latency.p90_s)),
    ("p99", lambda it: _time(it.latency, it.latency.p99_s)),
    ("p99.9", lambda it: _time(it.latency, it.latency.p999_s)),
    ("max", lambda it: _time(it.latency, it.latency.max_s)),
)


def label(load: Load) -> str:
    """A load in few characters."""
    match load.model:
        case LoadModel.OPEN:
            return f"{load.rate:g}/s a lane"
        case LoadModel.CLOSED:
            return f"{load.concurrency:,} at once"
        case LoadModel.LIMIT:
            return "find the limit"


def by_load(measures: Iterable[Measures]) -> dict[Load, list[Measures]]:
    """The repeats of each load."""
    loads: dict[Load, list[Measures]] = {}
    for each in measures:
        loads.setdefault(each.load, []).append(each)
    return {load: sorted(them, key=lambda it: it.repeat) for load, them in loads.items()}


def title_of(measures: Measures, *, repeats: bool) -> str:
    """Which load it was, and which repeat of it where there are several."""
    name = label(measures.load)
    return f"{name}, repeat {measures.repeat + 1}" if repeats else name


def has_repeats(measures: Iterable[Measures]) -> bool:
    """Whether any load was put on more than once."""
    return any(each.repeat for each in measures)


def measures_tables(measures: Sequence[Measures], width: int = WIDTH) -> list[Table]:
    """A row for each load of each repeat: what got through, how long it took, and where.

    Args:
        measures: at least one.
        width: characters that a table may take; what is more becomes another table.
    """
    rows = rows_of(measures)
    return joined(keys_of(rows), [*_traffic_and_latency(rows), _split(rows)], width)


def summary_table(measures: Sequence[Measures]) -> Table:
    """What got through and how long it took, in one table."""
    rows = rows_of(measures)
    return beside(keys_of(rows), _traffic_and_latency(rows))


def split_table(measures: Sequence[Measures]) -> Table:
    """Where the time went."""
    rows = rows_of(measures)
    return beside(keys_of(rows), [_split(rows)])


def errors_table(measures: Iterable[Measures], most: int) -> Table | None:
    """Calls by error code, over all loads."""
    total: Counter[str] = Counter()
    for each in measures:
        total.update(each.errors)
    if not total:
        return None
    rows = [(code, f"{count:,}") for code, count in total.most_common(most)]
    return Table("errors", ("code", "calls"), rows, note=_more(len(total) - most, "error code"))


def hardest(measures: Iterable[Measures]) -> Measures | None:
    """The load that is worth looking at by lane: most refused, then slowest; ``None``: no lanes."""
    several = [each for each in measures if len(each.lanes) >= _LEAST_LANES and _goes_on(each)]
    return max(
        several,
        key=lambda it: (_refused_share(it), it.latency.p99_s),
        default=None,
    )


def worst_lanes(measures: Measures, most: int) -> list[LaneMeasures]:
    """The lanes that were refused most, then the slowest; a few of these in any case."""
    slowest = sorted(measures.lanes, key=lambda it: (-(it.p99_s or 0.0), it.lane))
    refused = sorted((lane for lane in slowest if lane.refused), key=lambda it: -_refused_share(it))
    kept = {lane.lane: lane for lane in refused[:most]}
    room = max(most - len(kept), 0)
    others = [lane for lane in slowest if lane.lane not in kept]
    always = [lane for lane in slowest[:_SHOWN_SLOW] if lane.lane not in kept]
    kept |= {lane.lane: lane for lane in (*others[:room], *always)}
    return list(kept.values())


def lanes_table(measures: Measures, most: int, title: str) -> Table:
    """The most refused and the slowest lanes of one load."""
    shown = worst_lanes(measures, most)
    rows = [
        (
            lane.lane,
            f"{lane.done:,}",
            figures(lane.throughput),
            share(lane.refused, lane.calls),
            f"{lane.failed:,}",
            *map(latency, (lane.p50_s, lane.p99_s, lane.max_s)),
        )
        for lane in shown
    ]
    return Table(
        f"lanes under the hardest load, {title}",
        ("lane", "requests", "a second", "refused", "failed", "p50", "p99", "max"),
        rows,
        note=_more(len(measures.lanes) - len(shown), "lane"),
    )


def limits(measures: Iterable[Measures], *, found: bool) -> list[tuple[str, int, LaneLimit]]:
    """Lanes with their limits, the tightest first, or those of which none was found.

    Returns:
        Name, repeat and limit; the repeats of a lane together.
    """
    lanes: dict[str, list[tuple[str, int, LaneLimit]]] = {}
    for each in measures:
        for lane in each.lanes:
            if lane.limit is not None and lane.limit.found == found:
                lanes.setdefault(lane.lane, []).append((lane.lane, each.repeat, lane.limit))
    tightest = sorted(lanes.values(), key=lambda it: (min(each[2].rate for each in it), it[0][0]))
    return [each for repeats in tightest for each in repeats]


def limits_table(measures: Sequence[Measures], most: int) -> Table | None:
    """What each lane lets through, the tightest first; ``None``: no limit was found."""
    all_found = limits(measures, found=True)
    if not all_found:
        return None
    repeats = has_repeats(measures)
    rows = [
        (lane, *((str(repeat + 1),) if repeats else ()), *_limit_cells(limit))
        for lane, repeat, limit in all_found[:most]
    ]
    numbers = ("a second", "low to high", "burst", "calls", "refused", "seconds")
    return Table(
        "limits found, calls a second",
        ("lane", *(("repeat",) if repeats else ()), *numbers),
        rows,
        keys=2 if repeats else 1,
        note=_more(len(all_found) - most, "limit" if repeats else "lane"),
    )


def forecast_table(ahead: ApplyForecast, most: int) -> Table:
    """How long ``apply`` would take, the longest lane first, and in all."""
    rows = [
        (
            lane.lane,
            f"{lane.targets:,}",
            figures(lane.rate),
            "measured" if lane.measured else "documented quota",
            duration(lane.seconds),
        )
        for lane in ahead.lanes[:most]
    ]
    targets = sum(lane.targets for lane in ahead.lanes)
    total = ("all lanes at once", f"{targets:,}", "", "", duration(ahead.seconds))
    return Table(
        f"apply {ahead.source} --rate auto: about {duration(ahead.seconds)}",
        ("lane", "targets", "a second", "the rate is", "time"),
        [*rows, total],
        note=_more(len(ahead.lanes) - most, "lane"),
    )


def _more(number: int, word: str) -> str:
    return f"{counted(number, word)} not shown" if number > 0 else ""


def _time(spread: Spread, seconds: float) -> str:
    # A histogram rounds up, but for its maximum.
    return latency(min(seconds, spread.max_s) if spread.count else None)


def rows_of(measures: Iterable[Measures]) -> list[Measures]:
    """The measures in the order of their rows."""
    return [each for them in by_load(measures).values() for each in them]


def keys_of(rows: Sequence[Measures]) -> Group:
    """The columns that say which load of which repeat each row is about."""
    heads, columns = ["load"], [[label(each.load) for each in rows]]
    if has_repeats(rows):
        heads.append("repeat")
        columns.append([str(each.repeat + 1) for each in rows])
    return Group("", heads, columns)


def _traffic_and_latency(rows: Sequence[Measures]) -> list[Group]:
    seldom = [column for column, count in _SELDOM if any(map(count, rows))]
    groups = (("throughput", (*_TRAFFIC, *seldom)), ("latency", _LATENCY))
    return [
        Group(title, [name for name, _ in columns], [[*map(cell, rows)] for _, cell in columns])
        for title, columns in groups
    ]


def _split(rows: Sequence[Measures]) -> Group:
    heads: list[str] = []
    columns: list[list[str]] = []
    for name in PARTS:
        spreads: list[Spread] = [getattr(each, name) for each in rows]
        heads += [f"{name} p50", "p99"]
        columns.append([_time(each, each.p50_s) for each in spreads])
        columns.append([_time(each, each.p99_s) for each in spreads])
    if any(each.retries for each in rows):
        heads.append("repeated")
        columns.append([f"{each.retries:,}" for each in rows])
    return Group("where it went", heads, columns)


def _goes_on(measures: Measures) -> bool:
    return measures.load.model is not LoadModel.LIMIT


def _refused_share(measures: Measures | LaneMeasures) -> float:
    return measures.refused / measures.calls if measures.calls else 0.0


def _limit_cells(limit: LaneLimit) -> tuple[str, ...]:
    return (
        figures(limit.rate),
        f"{figures(limit.low)} to {figures(limit.high)}",
        "-" if limit.burst is None else figures(limit.burst),
        f"{limit.calls:,}",
        f"{limit.refused:,}",
        figures(limit.seconds),
    )
