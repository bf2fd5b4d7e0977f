"""The timeline of a run as shapes: horizontal places in percent, so that it fits every width."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from bulkeic.core.report.timeline import Timeline, TimelineStep, unix_time
from bulkeic.core.rollout.waves import Wave
from bulkeic.output.formatting import counted, figures
from bulkeic.output.tables import Table

CALLS_HEIGHT, FAILURES_HEIGHT = 120, 40
"""Heights of the two panels in pixels."""
_LONGEST_PAUSE, _PAUSE_COLUMNS = 12, 3
_FEWEST_COLUMNS = 12
_WIDE_LABEL, _NARROW_LABEL, _NUMBER_LABEL = 22.0, 8.0, 2.5
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
_MINUTE_S = 60


class Shape(NamedTuple):
    """A rectangle. ``x`` and ``width`` are percentages, ``y`` and ``height`` pixels.

    Attributes:
        kind: class of the style.
        title: what it stands for; empty: it says nothing that another shape does not.
    """

    kind: str
    x: float
    width: float
    y: float = 0.0
    height: float = 0.0
    title: str = ""


class Label(NamedTuple):
    """A text on the timeline.

    Attributes:
        x: of its anchor, in percent.
        text: of it.
        anchor: ``start``, ``middle`` or ``end``.
        is_wide_only: whether a narrow page leaves it out.
    """

    x: float
    text: str
    anchor: str
    is_wide_only: bool = False


class TimelineDrawing(NamedTuple):
    """Everything to draw.

    Attributes:
        summary: the timeline in words.
        bands: waves and pauses, behind the rest.
        calls: bars of the upper panel.
        failures: bars of the lower panel.
        areas: one for each step, with its figures.
        wave_labels: above the panels.
        ticks: below them.
        calls_top: what the upper end of the first panel stands for.
        failures_top: the same of the second one.
        table: the same figures.
    """

    summary: str
    bands: Sequence[Shape]
    calls: Sequence[Shape]
    failures: Sequence[Shape]
    areas: Sequence[Shape]
    wave_labels: Sequence[Label]
    ticks: Sequence[Label]
    calls_top: str
    failures_top: str
    table: Table


class _Axis:
    """Places of times: steps are columns of equal width, and long pauses are short.

    Args:
        timeline: with at least one step.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._step_s = timeline.step_s
        self.starts: list[tuple[int, int]] = []
        self.pauses: list[int] = []
        column, last = 0, None
        for step in timeline.steps:
            if last is None or (step.at - last) / timeline.step_s > _LONGEST_PAUSE:
                if last is not None:
                    self.pauses.append(column + 1)
                    column += _PAUSE_COLUMNS
                self.starts.append((step.at, column))
            column = self._column(step.at)
            last = step.at
        self.columns = max(column + 1, _FEWEST_COLUMNS)

    def _column(self, at: float) -> int:
        start, column = next(each for each in reversed(self.starts) if each[0] <= at)
        return column + int((at - start) // self._step_s)

    @property
    def width(self) -> float:
        """Of a column, in percent."""
        return 100 / self.columns

    def place(self, at: float) -> float:
        """The place of a time in percent; a time in a pause is where the pause begins."""
        if at < self.starts[0][0]:
            return 0.0
        index = max(n for n, (start, _) in enumerate(self.starts) if start <= at)
        start, column = self.starts[index]
        end = self.columns
        if index + 1 < len(self.starts):
            end = self.starts[index + 1][1] - _PAUSE_COLUMNS + 1
        return min(column + (at - start) / self._step_s, end) * self.width

    def time(self, place: float) -> float:
        """The time at a column, as Unix time; a pause counts on from its beginning."""
        start, column = self.starts[0]
        for each in self.starts:
            if each[1] <= place:
                start, column = each
        return start + (place - column) * self._step_s


def timeline_drawing(timeline: Timeline, waves: Sequence[Wave]) -> TimelineDrawing | None:
    """Draws a timeline; ``None``: no target was sent.

    Args:
        timeline: of a run.
        waves: of the run, those that did not start included.
    """
    steps = timeline.steps
    if not steps:
        return None
    axis, step_s = _Axis(timeline), timeline.step_s
    most = _round_up(max(1, *(step.attempts for step in steps)) / step_s)
    most_failed = _round_up(max(1, *(step.failed for step in steps)))
    has_failures = any(step.failed for step in steps)
    bands, labels = _waves(axis, waves, step_s)
    return TimelineDrawing(
        _summary(timeline),
        [*bands, *(Shape("pause", at * axis.width, axis.width) for at in axis.pauses)],
        [bar for step in steps for bar in _call_bars(axis, step, step_s, most)],
        [
            Shape("failed", axis.place(step.at), axis.width, FAILURES_HEIGHT - height, height)
            for step in steps
            if (height := FAILURES_HEIGHT * step.failed / most_failed)
        ],
        [
            Shape("step", axis.place(step.at), axis.width, title=_step_text(step, step_s))
            for step in steps
        ],
        labels,
        _ticks(axis, step_s),
        f"{figures(most)} calls a second",
        counted(int(most_failed), "failure") if has_failures else "no failures",
        _table(timeline),
    )


def _call_bars(axis: _Axis, step: TimelineStep, step_s: int, most: float) -> list[Shape]:
    scale = CALLS_HEIGHT / (most * step_s)
    throttles = max(0, min(step.throttles, step.attempts))
    high, low = max(0, step.attempts) * scale, max(0, step.attempts - throttles) * scale
    x, width = axis.place(step.at), axis.width
    bars = [Shape("answered", x, width, CALLS_HEIGHT - low, low)] if low else []
    if throttles:
        bars.append(Shape("throttled", x, width, CALLS_HEIGHT - high, high - low))
    return bars


def _waves(axis: _Axis, waves: Sequence[Wave], step_s: int) -> tuple[list[Shape], list[Label]]:
    bands: list[Shape] = []
    labels: list[Label] = []
    for wave in waves:
        started, ended = unix_time(wave.started_at), unix_time(wave.ended_at)
        if started is None:
            continue
        begin = axis.place(started // step_s * step_s)
        end = 100.0 if ended is None else axis.place(ended)
        width = max(end - begin, axis.width / 2)
        bands.append(Shape("odd" if wave.number % 2 else "even", begin, width))
        if width >= _NUMBER_LABEL:
            text = f"wave {wave.number}" if width >= _NARROW_LABEL else f"{wave.number}"
            middle = begin + width / 2
            labels.append(Label(middle, text, "middle", is_wide_only=width < _WIDE_LABEL))
    return bands, labels


def _ticks(axis: _Axis, step_s: int) -> list[Label]:
    anchors = {0.0: "start", 1.0: "end"}
    return [
        Label(
            100 * place,
            _clock(axis.time(place * axis.columns), step_s),
            anchors.get(place, "middle"),
            is_wide_only=place in {0.25, 0.75},
        )
        for place in _TICKS
    ]


def _clock(at: float, step_s: int) -> str:
    text = "%H:%M:%S" if step_s < _MINUTE_S else "%H:%M"
    try:
        return datetime.fromtimestamp(at, UTC).strftime(text)
    except (ValueError, OverflowError):  # after the year 9999
        return ""


def _summary(timeline: Timeline) -> str:
    steps = timeline.steps
    calls, throttles, failed = (
        sum(getattr(step, name) for step in steps) for name in ("attempts", "throttles", "failed")
    )
    first, last = (datetime.fromtimestamp(steps[at].at, UTC) for at in (0, -1))
    most = max(step.attempts for step in steps) / timeline.step_s
    return (
        f"From {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC: "
        f"{counted(calls, 'call')}, at most {figures(most)} a second, {throttles:,} throttled; "
        f"{counted(failed, 'target')} failed."
    )


def _step_text(step: TimelineStep, step_s: int) -> str:
    begin = datetime.fromtimestamp(step.at, UTC)
    return (
        f"{begin:%H:%M:%S}, {step_s:,} s: {counted(step.targets, 'target')}, "
        f"{counted(step.attempts, 'call')}, {step.throttles:,} throttled, {step.failed:,} failed"
    )


def _table(timeline: Timeline) -> Table:
    rows = [
        (
            f"{datetime.fromtimestamp(step.at, UTC):%Y-%m-%d %H:%M:%S}",
            f"{step.targets:,}",
            f"{step.attempts:,}",
            f"{step.throttles:,}",
            f"{step.failed:,}",
        )
        for step in timeline.steps
    ]
    title = f"the timeline in steps of {counted(timeline.step_s, 'second')}"
    return Table(title, ("from (UTC)", "targets", "calls", "throttled", "failed"), rows)


def _round_up(value: float) -> float:
    """The next round number: the upper end of an axis.

    Args:
        value: greater than 0.
    """
    power = 1.0
    while power < value:
        power *= 10
    while power > value:
        power /= 10
    return next((step * power for step in _STEPS if step * power >= value), 10 * power)
