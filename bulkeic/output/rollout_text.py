"""Plans and waves as text for people."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bulkeic.core.model import Lane, Outcome
from bulkeic.core.reconcile import Action
from bulkeic.core.summary import Summary
from bulkeic.core.waves import Wave
from bulkeic.output.console import error_lines, traffic_line
from bulkeic.output.formatting import counted

_SHOWN_LANES = 20
_LEAST_LANES = 2
_WORDS = {
    Action.CHANGE: "to change",
    Action.CREATE: "to create",
    Action.DELETE: "to delete",
    Action.UNCHANGED: "unchanged",
    Action.UNCONFIGURED: "without a configuration (--create-missing makes one)",
    Action.MISSING: "missing (no such function or qualifier)",
}
_TO_DO = (Action.CHANGE, Action.CREATE, Action.DELETE)
_COLUMNS = ("change", "create", "delete", "unchanged", "none", "missing")
_ROW = "  {:<28}" + " {:>9}" * len(_COLUMNS)


def plan_lines(summary: Summary, examples: dict[str, Outcome]) -> list[str]:
    """What a plan has found, in all and by lane; the lanes with most to do first."""
    lanes: defaultdict[Lane, Counter[Action]] = defaultdict(Counter)
    total: Counter[Action] = Counter()
    for need in summary.needs:
        lanes[need.lane][need.action] += need.count
        total[need.action] += need.count
    found = [f"{total[action]:,} {_WORDS[action]}" for action in Action if total[action]]
    elapsed_s = summary.traffic.elapsed_s
    lines = [
        f"plan: {', '.join(found) or 'nothing was read'}",
        traffic_line(summary, total.total() / elapsed_s if elapsed_s > 0 else 0.0),
        *error_lines(summary, examples),
    ]
    return lines + (_plan_table(lanes) if len(lanes) >= _LEAST_LANES else [])


def _plan_table(lanes: Mapping[Lane, Counter[Action]]) -> list[str]:
    busiest = sorted(lanes, key=lambda lane: (-sum(lanes[lane][each] for each in _TO_DO), lane))
    lines = [_ROW.format("lane", *_COLUMNS)]
    lines += [
        _ROW.format(str(lane), *(f"{lanes[lane][action]:,}" for action in Action))
        for lane in busiest[:_SHOWN_LANES]
    ]
    if len(lanes) > _SHOWN_LANES:
        lines.append(f"  {counted(len(lanes) - _SHOWN_LANES, 'lane')} not shown")
    return lines


def waves_ahead(waves: Sequence[Wave]) -> list[str]:
    """In which steps a run is going to work, or to go on."""
    if not waves:
        return []
    sizes = ", ".join(f"{wave.targets:,}" for wave in waves)
    done = sum(wave.ended_at is not None for wave in waves)
    so_far = f"; {done:,} done" if done else ""
    return [f"in {counted(len(waves), 'wave')} of {sizes}{so_far}; each is read again and compared"]


def wave_lines(waves: Iterable[Wave]) -> list[str]:
    """What became of each wave."""
    return [
        f"  wave {wave.number}, {counted(wave.targets, 'target')}: {_state(wave)}" for wave in waves
    ]


def _state(wave: Wave) -> str:
    if wave.started_at is None:
        return "not begun"
    pieces = [f"begun {wave.started_at}"]
    pieces.append(f"done {wave.ended_at}" if wave.ended_at else "not done")
    if wave.verified is not None:
        pieces.append(f"{wave.verified:,} verified, {wave.drifted:,} drifted")
    if wave.stopped is not None:
        pieces.append(f"stopped: {wave.stopped}")
    return ", ".join(pieces)
