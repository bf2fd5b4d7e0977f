"""Reports of runs, for tests of what shows them."""

from typing import Any

from bulkeic.core.caller_identity import CallerIdentity
from bulkeic.core.leases.worker_record import WorkerRecord
from bulkeic.core.model import Lane, Outcome, Settings, SourceLine, Status, Target
from bulkeic.core.report.place_counts import counts_by
from bulkeic.core.report.run_end import RunEnd, RunState, SessionRecord
from bulkeic.core.report.run_report import RunKind, RunReport, SettingsCount, error_groups
from bulkeic.core.rollout.gates import GateDecision, GateRecord
from bulkeic.core.rollout.waves import Wave
from bulkeic.core.summary import EarlierFailures, Tally, Traffic, summarize

EAST = Lane("111111111111", "us-east-1")
WEST = Lane("222222222222", "us-west-2")
_STARTED = "2026-11-26T08:00:00.000Z"


def example(text: str = "orders", code: str = "AccessDeniedException") -> Outcome:
    """A failed outcome whose texts are foreign."""
    target = Target(EAST, "orders")
    return Outcome(
        3, SourceLine(text, 5), text, target, Status.FAILED, error_code=code, error_message=text
    )


def worker(text: str, number: int, *, session: int = 1, lost: str | None = None) -> WorkerRecord:
    """A worker that made 50 calls in 10 s."""
    return WorkerRecord(
        session=session,
        worker=number,
        name=f"{text}-{number}",
        lanes=number,
        targets=20,
        calls=50,
        throttles=3,
        first_heard_at=_STARTED,
        last_heard_at="2026-11-26T08:00:10.000Z",
        lost=lost,
    )


def run_report(text: str = "orders", **fields: Any) -> RunReport:
    """The report of a run with two lanes.

    Args:
        text: every foreign text of it.
        fields: to replace.
    """
    code = text or "AccessDeniedException"
    tallies = [
        Tally(EAST, Status.UPDATED, None, 7, 2, _STARTED, "2026-11-26T08:00:09.000Z"),
        Tally(EAST, Status.FAILED, code, 2, 1),
        Tally(WEST, Status.UNKNOWN, code, 1),
        Tally(None, Status.INVALID, "InvalidRow", 1),
    ]  # fmt: skip
    lanes = {EAST: 10, WEST: 4}
    summary = summarize(
        tallies, run=f"{text}.db", targets=15, lanes=lanes, traffic=Traffic(12, 3, 0, 1, 9.5)
    )
    values: dict[str, Any] = {
        "reported_at": "2026-11-26T09:00:00.000Z",
        "version": "1.0",
        "kind": RunKind.APPLY,
        "source": text,
        "place": text,
        "created_at": "2026-11-26T08:00:00Z",
        "caller": CallerIdentity("111111111111", text),
        "restores": text,
        "rolled_back_by": text,
        "digest": text,
        "flags": {"--where": text},
        "create_missing": False,
        "end": RunEnd(RunState.STOPPED, text),
        "settings": [SettingsCount(Settings(1, 60, text), 15)],
        "settings_kinds": 1,
        "sessions": [
            SessionRecord(
                "apply", "2026-11-26T08:00:00.000Z", 9.5, text, 12, 3, 0, 1,
                version="1.0", caller_arn=text, words=["--yes", text],
            )
        ],
        "waves": [Wave(1, 5, "2026-11-26T08:00:00.000Z", None, 5, 1, text), Wave(2, 10)],
        "workers": [worker(text, 1), worker(text, 2, lost=text)],
        "gates": [
            GateRecord(1, 1, text, text, 2, GateDecision.HALT, text, f"{text}\nall is lost")
        ],
        "summary": summary,
        "lanes": counts_by(lambda lane: lane, lanes, tallies),
        "accounts": counts_by(lambda lane: lane.account_id, lanes, tallies),
        "regions": counts_by(lambda lane: lane.region, lanes, tallies),
        "errors": error_groups(summary, {code: example(text, code)}, creates_missing=False),
        "earlier": [EarlierFailures(1, "2026-11-26T08:30:00.000Z", text, 2, None, None)],
        "reversibility": "this run can be rolled back",
    }  # fmt: skip
    return RunReport(**(values | fields))
