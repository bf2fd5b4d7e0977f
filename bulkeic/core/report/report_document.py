"""The report of a run as ``report --json`` prints it.

The JSON schema in ``docs/reference/report.schema.json`` follows from these types. Fields may be
added to a version of the schema; a field that changes or goes needs the next version.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from bulkeic.core.code.ownership import ManagedTargets, Manager, NextDeployment
from bulkeic.core.leases.worker_record import WorkerRecord
from bulkeic.core.model import Outcome, rfc3339
from bulkeic.core.report.place_counts import PlaceCounts
from bulkeic.core.report.run_end import RunState, SessionRecord
from bulkeic.core.report.run_report import ErrorGroup, RunKind, RunReport
from bulkeic.core.report.timeline import Timeline
from bulkeic.core.rollout.gates import GateRecord
from bulkeic.core.rollout.waves import Wave
from bulkeic.core.summary import EarlierFailures, Summary

SCHEMA_VERSION = 1


class CallerDocument(msgspec.Struct, frozen=True):
    """Who made the run, as STS GetCallerIdentity answered."""

    account_id: str
    arn: str


class SettingsDocument(msgspec.Struct, frozen=True):
    """Wanted settings with API names, and the number of targets that want them."""

    settings: dict[str, Any]
    targets: int


class ExampleDocument(msgspec.Struct, frozen=True):
    """The first outcome with an error code."""

    source: str
    function_name: str
    function_arn: str | None
    qualifier: str | None
    account_id: str | None
    region: str | None
    status: str
    error_message: str | None
    http_status: int | None
    request_id: str | None


class WorkerDocument(msgspec.Struct, frozen=True):
    """What a worker process has done in a session, and how it was lost."""

    session: int
    worker: int
    name: str
    lanes: int
    targets: int
    calls: int
    calls_per_s: float
    throttles: int
    first_heard_at: str
    last_heard_at: str
    lost: str | None


class ErrorDocument(msgspec.Struct, frozen=True):
    """The outcomes with one error code."""

    code: str
    count: int
    accounts: int
    hint: str | None
    example: ExampleDocument | None


class PlaceDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The targets of one place in numbers."""

    lanes: int
    targets: int
    statuses: Mapping[str, int]
    pending: int
    errors: Mapping[str, int]
    plan: Mapping[str, int]
    throttles: int
    first_at: str | None
    last_at: str | None


class LaneDocument(PlaceDocument, frozen=True, kw_only=True):
    """The targets of one account in one Region."""

    account_id: str
    region: str


class AccountDocument(PlaceDocument, frozen=True, kw_only=True):
    """The targets of one account."""

    account_id: str


class RegionDocument(PlaceDocument, frozen=True, kw_only=True):
    """The targets of one Region."""

    region: str


class TimelineStepDocument(msgspec.Struct, frozen=True):
    """The targets that were started, or read for a plan, in one step of time."""

    at: str
    targets: int
    attempts: int
    throttles: int
    failed: int


class TimelineDocument(msgspec.Struct, frozen=True):
    """The run in steps of equal length; a step without an outcome is left out."""

    step_s: int
    steps: list[TimelineStepDocument]


class OwnerNameDocument(msgspec.Struct, frozen=True):
    """A stack, or an address of Terraform, with its number of targets."""

    name: str
    targets: int


class OwnerDocument(msgspec.Struct, frozen=True):
    """The targets of one manager, and what its next deployment does to them."""

    manager: Manager
    next_deployment: NextDeployment
    targets: int
    names: int
    largest: list[OwnerNameDocument]


class ManagedDocument(msgspec.Struct, frozen=True):
    """The targets by what manages them."""

    owners: list[OwnerDocument]
    unmanaged: int
    unread: int


class ReportDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in a run."""

    schema_version: int
    bulkeic_version: str
    reported_at: str
    run: str
    kind: RunKind
    source: str
    endpoint: str
    created_at: str | None
    made_by: CallerDocument | None
    restores: str | None
    rolled_back_by: str | None
    digest: str | None
    flags: Mapping[str, str]
    create_missing: bool
    state: RunState
    stopped: str | None
    settings: list[SettingsDocument]
    settings_kinds: int
    targets: int
    statuses: dict[str, int]
    pending: int
    left_out: int
    calls: int
    throttles: int
    conflicts: int
    retries: int
    elapsed_s: float
    targets_per_s: float
    plan: dict[str, int]
    managed: ManagedDocument | None
    sessions: list[SessionRecord]
    workers: list[WorkerDocument]
    waves: list[Wave]
    gates: list[GateRecord]
    errors: list[ErrorDocument]
    earlier_failures: list[EarlierFailures]
    lanes: list[LaneDocument]
    accounts: list[AccountDocument]
    regions: list[RegionDocument]
    timeline: TimelineDocument | None
    can_be_rolled_back: bool
    reversibility: str
    next: Mapping[str, str]


def report_document(report: RunReport) -> ReportDocument:
    """The report of a run as JSON types."""
    summary, caller = report.summary, report.caller
    return ReportDocument(
        schema_version=SCHEMA_VERSION,
        bulkeic_version=report.version,
        reported_at=report.reported_at,
        run=summary.run,
        kind=report.kind,
        source=report.source,
        endpoint=report.place,
        created_at=report.created_at,
        made_by=None if caller is None else CallerDocument(caller.account_id, caller.arn),
        restores=report.restores,
        rolled_back_by=report.rolled_back_by,
        digest=report.digest,
        flags=report.flags,
        create_missing=report.create_missing,
        state=report.end.state,
        stopped=report.end.reason,
        settings=[
            SettingsDocument(each.settings.to_api(), each.targets) for each in report.settings
        ],
        settings_kinds=report.settings_kinds,
        **_numbers(summary),
        sessions=list(report.sessions),
        workers=list(map(_worker, report.workers)),
        waves=list(report.waves),
        gates=list(report.gates),
        errors=[_error(group) for group in report.errors],
        earlier_failures=list(report.earlier),
        **_places(report),
        timeline=None if report.timeline is None else _timeline(report.timeline),
        can_be_rolled_back=bool(summary.can_be_rolled_back),
        reversibility=report.reversibility,
        next=summary.next,
    )


def _numbers(summary: Summary) -> dict[str, Any]:
    return {
        "targets": summary.targets,
        "statuses": summary.statuses,
        "pending": summary.pending,
        "left_out": summary.left_out,
        **summary.total.to_json(),
        "plan": summary.plan_counts() if summary.needs else {},
        "managed": None if summary.managed is None else _managed(summary.managed),
    }


def _managed(managed: ManagedTargets) -> ManagedDocument:
    owners = [
        OwnerDocument(
            each.manager,
            each.next_deployment,
            each.targets,
            each.names,
            [OwnerNameDocument(*name) for name in each.largest],
        )
        for each in managed.owners
    ]
    return ManagedDocument(owners, managed.unmanaged, managed.unread)


def _places(report: RunReport) -> dict[str, Any]:
    return {
        "lanes": [
            LaneDocument(account_id=lane.account_id, region=lane.region, **_counts(counts))
            for lane, counts in report.lanes.items()
        ],
        "accounts": [
            AccountDocument(account_id=account, **_counts(counts))
            for account, counts in report.accounts.items()
        ],
        "regions": [
            RegionDocument(region=region, **_counts(counts))
            for region, counts in report.regions.items()
        ],
    }


def _counts(counts: PlaceCounts) -> dict[str, Any]:
    return {
        "lanes": counts.lanes,
        "targets": counts.targets,
        "statuses": counts.statuses,
        "pending": counts.pending,
        "errors": counts.errors,
        "plan": counts.needs,
        "throttles": counts.throttles,
        "first_at": counts.first_at,
        "last_at": counts.last_at,
    }


def _worker(record: WorkerRecord) -> WorkerDocument:
    return WorkerDocument(
        record.session,
        record.worker,
        record.name,
        record.lanes,
        record.targets,
        record.calls,
        round(record.calls_per_s, 3),
        record.throttles,
        record.first_heard_at,
        record.last_heard_at,
        record.lost,
    )


def _error(group: ErrorGroup) -> ErrorDocument:
    example = None if group.example is None else _example(group.example)
    return ErrorDocument(group.code, group.count, group.accounts, group.hint, example)


def _example(outcome: Outcome) -> ExampleDocument:
    return ExampleDocument(
        str(outcome.source),
        outcome.function_name,
        outcome.function_arn,
        outcome.qualifier,
        outcome.account_id,
        outcome.region,
        outcome.status.value,
        outcome.error_message,
        outcome.http_status,
        outcome.request_id,
    )


def _timeline(timeline: Timeline) -> TimelineDocument:
    return TimelineDocument(
        timeline.step_s,
        [
            TimelineStepDocument(
                rfc3339(step.at), step.targets, step.attempts, step.throttles, step.failed
            )
            for step in timeline.steps
        ],
    )
