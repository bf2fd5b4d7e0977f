"""What a run is going to do, and the state of its waves, as lines of text."""

from collections.abc import Iterable, Mapping, Sequence

from bulkeic.core.change.snapshot import ABSENT
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.model import NOT_DONE, Lane, Settings
from bulkeic.core.pacing.forecast import Forecast
from bulkeic.core.rollout.gates import GateRecord
from bulkeic.core.rollout.waves import Wave
from bulkeic.core.summary import Summary
from bulkeic.output.formatting import counted, duration
from bulkeic.output.terminal.styles import (
    DECISION_STYLES,
    Style,
    styled,
    styled_count,
    styled_line,
    styled_list,
)

SHOWN_SETTINGS = 3
_SHOWN_GATE_LINES = 20
_SHOWN_PLACES = 3
_SHOWN_WAVES = 10


def forecast_lines(lanes: dict[Lane, int], forecast: Forecast, endpoint: str) -> list[str]:
    """How many targets a run has, where they are, and how long it will take.

    Args:
        lanes: account and Region → its jobs.
        forecast: of these jobs.
        endpoint: what is called: AWS, the sandbox or a URL.
    """
    jobs = sum(lanes.values())
    accounts = len({lane.account_id for lane in lanes})
    regions = len({lane.region for lane in lanes})
    longest = forecast.longest
    total = (
        f"{counted(jobs, 'target')} in {counted(len(lanes), 'lane')} "
        f"({counted(accounts, 'account')}, {counted(regions, 'Region')}), "
        f"about {duration(forecast.seconds)}; the longest lane is {longest.lane} with "
        f"{longest.jobs:,}; on {endpoint}"
    )
    if not forecast.limited_by_concurrency:
        return [total]
    return [total, "a higher --concurrency would be faster: the lanes do not reach their rate"]


def settings_lines(wanted: list[tuple[Settings, int]], kinds: int) -> list[str]:
    """Which settings a run writes.

    Args:
        wanted: the most frequent settings, each with the number of its targets.
        kinds: how many different settings there are.
    """
    found = [f"  {jobs:>7,} x {settings_text(settings)}" for settings, jobs in wanted]
    if kinds > len(wanted):
        found.append(f"  and {counted(kinds - len(wanted), 'other combination')} of settings")
    return found


def settings_text(settings: Settings) -> str:
    """Wanted settings in one line. Foreign texts are not escaped."""
    if settings == ABSENT:
        return "no configuration"
    numbers = (
        ("MaximumRetryAttempts", settings.maximum_retry_attempts),
        ("MaximumEventAgeInSeconds", settings.maximum_event_age_in_seconds),
    )
    pieces = [f"{name} {value}" for name, value in numbers if value is not None]
    pieces += [
        f"{name} {arn or 'none'}" for name, arn in settings.destinations() if arn is not None
    ]
    return ", ".join(pieces)


def wave_preview_lines(
    waves: Sequence[Wave], lanes: Sequence[Mapping[Lane, int]] = ()
) -> list[str]:
    """The sizes of a run's waves, and how many are done; a run without waves has no line.

    Args:
        waves: of the run.
        lanes: for each of the first waves, the number of its targets by lane; a line shows where
            they are.
    """
    if not waves:
        return []
    sizes = ", ".join(f"{wave.targets:,}" for wave in waves)
    done = sum(wave.ended_at is not None for wave in waves)
    done_text = f"; {done:,} done" if done else ""
    where = [
        f"  wave {wave.number}: {_targets_in(jobs)}"
        for wave, jobs in zip(waves[:_SHOWN_WAVES], lanes, strict=False)
        if wave.targets
    ]
    total = f"in {counted(len(waves), 'wave')} of {sizes}{done_text}; each wave is verified"
    return [total, *where]


def next_wave_text(wave: Wave, last: int, lanes: Mapping[Lane, int], time: Forecast | None) -> str:
    """The wave that follows: its size, its accounts and Regions, and how long it will take.

    Args:
        wave: it.
        last: number of the last wave.
        lanes: the number of its targets by lane.
        time: of these; ``None``: it has nothing to change.
    """
    text = f"next is wave {wave.number} of {last}: {_targets_in(lanes)}"
    return text if time is None else f"{text}, about {duration(time.seconds)}"


def _targets_in(lanes: Mapping[Lane, int]) -> str:
    """How many targets there are, and where."""
    used = [lane for lane, jobs in lanes.items() if jobs]
    accounts = _places([lane.account_id for lane in used], "account")
    regions = _places([lane.region for lane in used], "Region")
    return f"{counted(sum(lanes.values()), 'target')} in {accounts} and {regions}"


def _places(names: Iterable[str], word: str) -> str:
    """The number of different accounts or Regions, with the first of them."""
    found = list(dict.fromkeys(names))
    more = f" and {len(found) - _SHOWN_PLACES:,} more" if len(found) > _SHOWN_PLACES else ""
    return f"{counted(len(found), word)} ({', '.join(found[:_SHOWN_PLACES])}{more})"


def stopped_lines(reason: str | None) -> list[str]:
    """Why a session stopped early; ``None``: it did not."""
    return [] if reason is None else [styled_line(styled("stopped", Style.BAD), f": {reason}")]


def rollback_end_lines(rollback: Summary) -> list[str]:
    """How the rollback of a halted run ended, its next command last.

    Args:
        rollback: its numbers.
    """
    if rollback.exit_code == ExitCode.OK:
        done = "every target that the run changed has what it had before"
        return [styled_line(styled("rolled back", Style.GOOD), f": {done}")]
    failed = sum(rollback.statuses[status] for status in NOT_DONE)
    steps = (("resume", "resume with"), ("retry", "retry with"), ("report", "report with"))
    commands = [f"{text}: {rollback.next[step]}" for step, text in steps if step in rollback.next]
    left = f"{failed:,} failed, {rollback.pending:,} pending"
    warning = styled("THE ROLLBACK IS NOT COMPLETE", Style.BAD)
    return [styled_line(warning, f": {left}; run file: {rollback.run}"), *commands[:1]]


def wave_lines(waves: Iterable[Wave]) -> list[str]:
    """The state of each wave."""
    return [
        styled_line(f"  wave {wave.number}, {counted(wave.targets, 'target')}: ", _state(wave))
        for wave in waves
    ]


def gate_lines(records: Iterable[GateRecord]) -> list[str]:
    """What the gate, the alarms and the calendar have decided, with the end of a gate's output."""
    found = []
    for each in records:
        asks = f" after {counted(each.asks, 'answer')}" if each.asks > 1 else ""
        found.append(
            styled_line(
                f"  {each.title}, asked {each.asked_at}, answered {each.answered_at}: ",
                styled(each.decision.value, DECISION_STYLES[each.decision]),
                f"{asks}, {each.reason}",
            )
        )
        found += [f"    {line}" for line in each.output.splitlines()[-_SHOWN_GATE_LINES:]]
    return found


def _state(wave: Wave) -> str:
    if wave.started_at is None:
        return styled("not started", Style.WAITING)
    pieces = [f"started {wave.started_at}"]
    pieces.append(
        styled(f"done {wave.ended_at}", Style.GOOD)
        if wave.ended_at
        else styled("not done", Style.WAITING)
    )
    if wave.verified is not None:
        pieces.append(f"{wave.verified:,} verified")
        pieces.append(styled_count(wave.drifted or 0, Style.BAD, "drifted"))
    pieces += stopped_lines(wave.stopped)
    return styled_list(pieces)
