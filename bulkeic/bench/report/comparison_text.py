"""A comparison as text for the terminal."""

from bulkeic.bench.model.comparison import (
    ASSUMED_NOISE,
    Comparison,
    ComparisonRow,
    LoadComparison,
    Metric,
    Side,
    Verdict,
)
from bulkeic.output.formatting import counted, latency
from bulkeic.output.tables import Table
from bulkeic.output.tables import lines as table_lines

_HEAD = ("metric", "old", "new", "ratio", "noise", "verdict")
_MAX_SHOWN_RATIO = 1000
_MEANING = {
    Verdict.SAME: "nothing differs beyond the noise",
    Verdict.UNKNOWN: "nothing differs beyond the noise, but not everything could be measured",
}


def comparison_lines(comparison: Comparison) -> list[str]:
    """All lines: a table for each load, other differences, and the verdict."""
    lines = [line for load in comparison.loads for line in _load_lines(load)]
    for name, alone in (("OLD", comparison.only_old), ("NEW", comparison.only_new)):
        lines += [f"only in {name}, not compared: {load}" for load in alone]
    lines += [f"not compared: {load}" for load in comparison.not_compared]
    lines += [
        f"differs: {each.what}: {each.old or 'none'} in OLD, {each.new or 'none'} in NEW"
        for each in comparison.differences
    ]
    return [*lines, f"verdict: {comparison.verdict}: {_meaning(comparison)}"]


def ratio_text(row: ComparisonRow) -> str:
    """A ratio, for example ``1.20x``."""
    if row.ratio is None:
        return "-"
    return f"{row.ratio:.2f}x" if row.ratio < _MAX_SHOWN_RATIO else f">{_MAX_SHOWN_RATIO}x"


def noise_text(row: ComparisonRow) -> str:
    """How far a ratio may be off, for example ``±8.1%``."""
    if row.noise is None:
        return "-"
    return _noise(row.noise)


def _noise(noise: float) -> str:
    return f"±{noise:.1%}" if noise < 1 else "±>100%"


def _meaning(comparison: Comparison) -> str:
    if comparison.verdict in _MEANING:
        rows = [row for load in comparison.loads for row in load.rows if row.judged]
        widest = max((row for row in rows if row.noise), key=_width, default=None)
        noise = f" (at most {_noise(_width(widest))}, of {widest.metric})" if widest else ""
        return f"{_MEANING[comparison.verdict]}{noise}"
    pieces = [
        f"{row.metric} {ratio_text(row)} {row.verdict}"
        + (f" ({load.load})" if len(comparison.loads) > 1 else "")
        for load in comparison.loads
        for row in load.rows
        if row.judged and row.verdict in {Verdict.BETTER, Verdict.WORSE}
    ]
    return ", ".join(pieces)


def _width(row: ComparisonRow) -> float:
    return row.noise or 0.0


def _load_lines(load: LoadComparison) -> list[str]:
    old, new = load.old, load.new
    title = f"{load.load}; {counted(old.repeats, 'repeat')} of OLD, {new.repeats:,} of NEW"
    lines = table_lines(Table(title, _HEAD, [*map(_cells, load.rows)], texts=1))
    if load.assumed:
        lines.append(
            f"  one repeat shows no noise: at least {ASSUMED_NOISE:.0%} is assumed; "
            "measure with --repeat 5"
        )
    lines += [f"  differs: {each}" for each in load.differs]
    return lines + [
        line for name, side in (("OLD", old), ("NEW", new)) for line in _trouble_lines(name, side)
    ]


def _trouble_lines(name: str, side: Side) -> list[str]:
    lines = []
    if side.failed:
        lines.append(f"  {name}: {side.failed:,} of {counted(side.done, 'request')} failed")
    if side.stopped:
        lines.append(f"  {name}: {counted(side.stopped, 'repeat')} ended early")
    return lines


def _cells(row: ComparisonRow) -> tuple[str, ...]:
    return (
        row.metric,
        _value(row.metric, row.old),
        _value(row.metric, row.new),
        ratio_text(row),
        noise_text(row),
        row.verdict if row.judged else f"{row.verdict} (not judged)",
    )


def _value(metric: Metric, value: float | None) -> str:
    if value is None:
        return "-"
    if metric is Metric.THROUGHPUT:
        return f"{value:,.1f}/s"
    return f"{value:.1%}" if metric is Metric.SUCCEEDED else latency(value)
