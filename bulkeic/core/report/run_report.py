"""The report of a run: one model that text, Markdown, JSON and pages show.

It holds counts, never the targets one by one, so a run of ten million needs no more memory than its
lanes and error codes do.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from bulkeic.core.caller_identity import CallerIdentity
from bulkeic.core.leases.worker_record import WorkerRecord
from bulkeic.core.model import Lane, Outcome, Settings
from bulkeic.core.report.hints import hint_for
from bulkeic.core.report.place_counts import PlaceCounts
from bulkeic.core.report.run_end import RunEnd, SessionRecord
from bulkeic.core.report.timeline import Timeline
from bulkeic.core.rollout.gates import GateRecord
from bulkeic.core.rollout.waves import Wave
from bulkeic.core.summary import EarlierFailures, Summary


class RunKind(StrEnum):
    """What a run does."""

    APPLY = "apply"
    PLAN = "plan"
    ROLLBACK = "rollback"


class SettingsCount(msgspec.Struct, frozen=True):
    """Wanted settings, templates as given, with the number of jobs that want them."""

    settings: Settings
    targets: int


class ErrorGroup(msgspec.Struct, frozen=True):
    """The outcomes with one error code.

    Attributes:
        code: AWS's, or bulkeic's own.
        count: number of outcomes.
        accounts: number of accounts that they are in.
        example: the first of them; ``None``: the code is not among the most frequent.
        hint: what to do; ``None``: nothing is known.
        more_examples: those that follow the first, if they are asked for.
    """

    code: str
    count: int
    accounts: int
    example: Outcome | None
    hint: str | None
    more_examples: Sequence[Outcome] = ()

    @property
    def examples(self) -> list[Outcome]:
        """Every example."""
        return [] if self.example is None else [self.example, *self.more_examples]


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in a run.

    Attributes:
        reported_at: when the report was made, RFC 3339.
        version: of bulkeic, which made the report.
        kind: what the run does; a plan that was applied is an ``apply``.
        source: the targets file's name.
        place: where the calls go: AWS, the sandbox or a URL.
        created_at: when the run file was made, RFC 3339; ``None``: not recorded.
        caller: who made the run; ``None``: not recorded.
        restores: the path of the run that this run rolls back.
        rolled_back_by: the path of the run that rolled this run back when it was halted.
        digest: of a complete plan; ``None``: it is none.
        flags: that the run was made with, each as it is typed, by name.
        create_missing: whether the run creates missing configurations.
        end: how it ended.
        settings: the most common settings that the run wants.
        settings_kinds: number of different settings.
        sessions: of the run, in order.
        waves: of the run, in order; empty: it has none.
        gates: what the gate, the alarms and the calendar have decided, in order.
        summary: the run in numbers, with the next commands.
        lanes: counts by lane.
        accounts: counts by account.
        regions: counts by Region.
        errors: by code, most frequent first.
        earlier: failures that were retried, by retry and error code.
        reversibility: whether it can be rolled back, in words.
        workers: worker processes of its sessions, in order; empty: there were none.
        planned_waves: the waves that a waves file gives to a plan, in words.
        timeline: the run in time; ``None``: not asked for.
    """

    reported_at: str
    version: str
    kind: RunKind
    source: str
    place: str
    created_at: str | None
    caller: CallerIdentity | None
    restores: str | None
    rolled_back_by: str | None
    digest: str | None
    flags: Mapping[str, str]
    create_missing: bool
    end: RunEnd
    settings: Sequence[SettingsCount]
    settings_kinds: int
    sessions: Sequence[SessionRecord]
    waves: Sequence[Wave]
    gates: Sequence[GateRecord]
    summary: Summary
    lanes: Mapping[Lane, PlaceCounts]
    accounts: Mapping[str, PlaceCounts]
    regions: Mapping[str, PlaceCounts]
    errors: Sequence[ErrorGroup]
    earlier: Sequence[EarlierFailures]
    reversibility: str
    workers: Sequence[WorkerRecord] = ()
    planned_waves: Sequence[str] = ()
    timeline: Timeline | None = None

    @property
    def is_plan(self) -> bool:
        """Whether it is a plan that was not applied."""
        return self.kind is RunKind.PLAN

    @property
    def examples(self) -> dict[str, Outcome]:
        """An example of each error code that has one."""
        return {group.code: group.example for group in self.errors if group.example is not None}


def run_kind(sessions: Iterable[SessionRecord], *, planned: bool, restores: str | None) -> RunKind:
    """What a run does.

    ==============================  ========
    made by ``plan``, not applied   plan
    restores another run            rollback
    else                            apply
    ==============================  ========

    Args:
        sessions: of the run.
        planned: whether ``plan`` made it, or ``rollback --plan``.
        restores: the run that it rolls back.
    """
    if planned and not any(session.doing == "apply" for session in sessions):
        return RunKind.PLAN
    return RunKind.APPLY if restores is None else RunKind.ROLLBACK


def error_groups(
    summary: Summary,
    examples: Mapping[str, Outcome],
    *,
    creates_missing: bool,
    more_examples: Mapping[str, Sequence[Outcome]] | None = None,
) -> tuple[ErrorGroup, ...]:
    """The error codes of a run, each with an example and what to do.

    Args:
        summary: the run in numbers.
        examples: one outcome for each of the most frequent error codes.
        creates_missing: whether the run creates missing configurations.
        more_examples: those that follow the first, by error code; ``None``: not asked for.
    """
    more = more_examples or {}
    return tuple(
        ErrorGroup(
            code,
            count,
            summary.error_accounts.get(code, 0),
            example := examples.get(code),
            None if example is None else hint_for(example, creates_missing=creates_missing),
            more.get(code, ()),
        )
        for code, count in summary.errors.items()
    )
