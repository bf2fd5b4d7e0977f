"""Reads the report of a run from its run file."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bulkeic.app.report.error_examples import read_errors
from bulkeic.app.run_files.expected_plan import known_digest
from bulkeic.app.run_files.new_waves import planned_wave_lines
from bulkeic.app.run_files.next_commands import NextCommands
from bulkeic.app.run_files.reversibility import reversibility_text
from bulkeic.app.run_files.run_flags import decode_flags
from bulkeic.core.model import Lane, rfc3339
from bulkeic.core.report.place_counts import counts_by
from bulkeic.core.report.run_end import run_end
from bulkeic.core.report.run_report import (
    RunKind,
    RunReport,
    SettingsCount,
    run_kind,
)
from bulkeic.core.summary import ActionCount, Tally
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_metadata import NOT_RECORDED
from bulkeic.version import __version__

_SHOWN_SETTINGS = 20
_SHOWN_EXAMPLES = 50


def read_report(
    run: RunFile, now: float, *, with_timeline: bool = False, in_full: bool = False
) -> RunReport:
    """Reads the report of a run, or of its selected jobs. Works while the run is in progress.

    Args:
        run: the run file.
        now: Unix time in seconds.
        with_timeline: also read the run in time, which reads every outcome once more.
        in_full: also read several examples of every error code.

    Raises:
        RunFileError: it cannot be read.
    """
    metadata, sessions = run.metadata, tuple(run.sessions())
    kind = run_kind(sessions, planned=metadata.planned, restores=metadata.restores)
    is_plan = kind is RunKind.PLAN
    tallies = run.counts.tallies()
    needs = run.counts.needs() if is_plan else []
    summary = run.summary(tallies=tallies)
    commands = NextCommands.stored(run).after(summary)
    commands.pop("report", None)
    summary = msgspec.structs.replace(summary, needs=needs, next=commands)
    has_unread = is_plan and bool(run.jobs.lanes(JobFilter.UNREAD))
    settings, kinds = run.counts.common_settings(_SHOWN_SETTINGS)
    return RunReport(
        reported_at=rfc3339(now),
        version=__version__,
        kind=kind,
        source=metadata.source,
        place=metadata.place or NOT_RECORDED,
        created_at=metadata.created_at,
        caller=metadata.caller,
        restores=metadata.restores,
        rolled_back_by=metadata.rolled_back_by,
        digest=known_digest(run),
        flags=decode_flags(metadata.made_with),
        create_missing=metadata.create_missing,
        end=run_end(sessions, summary, is_plan=is_plan, has_unread=has_unread),
        settings=[SettingsCount(*each) for each in settings],
        settings_kinds=kinds,
        sessions=sessions,
        waves=run.waves.all(),
        gates=run.gates.all(),
        workers=run.workers.all(),
        summary=summary,
        **_places(run.counts.lanes(), tallies, needs),
        errors=read_errors(run, summary, in_full=in_full, codes=_SHOWN_EXAMPLES),
        earlier=tuple(run.reopening.earlier_failures()),
        reversibility=reversibility_text(run),
        planned_waves=planned_wave_lines(run) if is_plan else (),
        timeline=run.counts.timeline(tallies) if with_timeline else None,
    )


def _places(
    lanes: Mapping[Lane, int], tallies: Sequence[Tally], needs: Sequence[ActionCount]
) -> dict[str, Any]:
    """The counts by place, by name of the field."""
    return {
        "lanes": counts_by(lambda lane: lane, lanes, tallies, needs),
        "accounts": counts_by(lambda lane: lane.account_id, lanes, tallies, needs),
        "regions": counts_by(lambda lane: lane.region, lanes, tallies, needs),
    }
