"""The workers of a run as text."""

from collections.abc import Sequence

from bulkeic.core.leases.worker_record import WorkerRecord, team_totals
from bulkeic.output.formatting import counted, figures
from bulkeic.output.tables import Table
from bulkeic.output.terminal.styles import Style, styled, styled_line

_SHOWN_ONE_BY_ONE = 4


def ready_text(lanes: Sequence[int]) -> str:
    """How many lanes the workers got: a few one by one, many from the least to the most.

    Args:
        lanes: of each worker; at least one worker.
    """
    least, most = min(lanes), max(lanes)
    if len(lanes) == 1:
        shown = counted(least, "lane")
    elif len(lanes) <= _SHOWN_ONE_BY_ONE:
        shown = f"{', '.join(f'{each:,}' for each in lanes[:-1])} and {counted(lanes[-1], 'lane')}"
    elif least == most:
        shown = f"{counted(most, 'lane')} each"
    else:
        shown = f"{least:,} to {counted(most, 'lane')} each"
    return f"{counted(len(lanes), 'worker')}: {shown}"


def lease_wait_text(seconds: float) -> str:
    """What a command waits for if workers of a killed session may still make calls."""
    return (
        f"the last session was killed: waiting {seconds:g} s for the leases of its workers to end"
    )


def team_lines(records: Sequence[WorkerRecord]) -> list[str]:
    """The workers of a session: one line for all, and one for each that was lost."""
    totals = team_totals(records)
    targets, calls = counted(totals.targets, "target"), counted(totals.calls, "call")
    of_all = (
        f"{counted(totals.workers, 'worker')}: {targets}, {calls}, {figures(totals.calls_per_s)}/s"
    )
    lost = [each for each in records if each.lost is not None]
    return [
        of_all if not lost else f"{of_all}, {len(lost):,} lost",
        *(
            styled_line(
                styled(f"{each.name} lost", Style.BAD),
                f": {each.lost}; last heard {each.last_heard_at}, "
                f"its {counted(each.lanes, 'lane')} moved",
            )
            for each in lost
        ),
    ]


def worker_table(records: Sequence[WorkerRecord], unit: str = "targets") -> Table:
    """The workers one by one.

    Args:
        records: of the workers.
        unit: what they have finished, for people.
    """
    head = (
        "worker", "lanes", unit, "calls", "calls/s", "throttled", "last heard (UTC)", "lost",
    )  # fmt: skip
    rows = [
        (
            each.name,
            f"{each.lanes:,}",
            f"{each.targets:,}",
            f"{each.calls:,}",
            figures(each.calls_per_s),
            f"{each.throttles:,}",
            each.last_heard_at[:19].replace("T", " "),
            each.lost or "-",
        )
        for each in records
    ]
    return Table("", head, rows, texts=1, optional=("throttled",))
