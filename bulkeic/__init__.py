"""Fleet-wide updates of AWS Lambda's asynchronous-invocation policy.

The commands as calls, on the event loop of the program::

    async with apply("targets.csv", run="orders.db", rate=15) as work:
        async for progress in work:
            print(progress.done, "of", progress.targets)
    print(work.result.statuses)

Jobs in, outcomes out, without a run file::

    async with Updater(rate=15) as updater:
        async for outcome in updater.update(read_jobs("targets.csv", region="us-east-1")):
            print(outcome.function_arn, outcome.status)
"""

import importlib
from typing import TYPE_CHECKING, Any

from bulkeic.version import __version__ as __version__

if TYPE_CHECKING:
    from bulkeic.app.intake.ingest import BadInputError
    from bulkeic.app.library.calls import apply, plan, rollback, verify
    from bulkeic.app.library.reports import read_outcomes, read_report
    from bulkeic.app.library.work import Work
    from bulkeic.app.library.work_progress import WorkProgress
    from bulkeic.app.updater import Updater, make_job, read_jobs
    from bulkeic.core.errors import (
        AccessError,
        BulkeicError,
        DamagedRunError,
        InputError,
        RunFileError,
        ServiceError,
        StoppedError,
        UsageError,
    )
    from bulkeic.core.model import Job, Lane, Outcome, Settings, SourceLine, Status, Target
    from bulkeic.core.report.run_report import RunReport
    from bulkeic.core.summary import Summary
    from bulkeic.discovery.discover_call import discover
    from bulkeic.discovery.model.discovery_summary import DiscoverySummary
    from bulkeic.output.report.report_json import report_json
    from bulkeic.output.report.report_markdown import report_markdown

__all__ = [
    "AccessError",
    "BadInputError",
    "BulkeicError",
    "DamagedRunError",
    "DiscoverySummary",
    "InputError",
    "Job",
    "Lane",
    "Outcome",
    "RunFileError",
    "RunReport",
    "ServiceError",
    "Settings",
    "SourceLine",
    "Status",
    "StoppedError",
    "Summary",
    "Target",
    "Updater",
    "UsageError",
    "Work",
    "WorkProgress",
    "apply",
    "discover",
    "make_job",
    "plan",
    "read_jobs",
    "read_outcomes",
    "read_report",
    "report_json",
    "report_markdown",
    "rollback",
    "verify",
]

_MODULES = {
    "bulkeic.app.library.calls": ("apply", "plan", "rollback", "verify"),
    "bulkeic.app.library.reports": ("read_outcomes", "read_report"),
    "bulkeic.app.library.work": ("Work",),
    "bulkeic.app.library.work_progress": ("WorkProgress",),
    "bulkeic.app.intake.ingest": ("BadInputError",),
    "bulkeic.app.updater": ("Updater", "make_job", "read_jobs"),
    "bulkeic.core.errors": (
        "AccessError",
        "BulkeicError",
        "DamagedRunError",
        "InputError",
        "RunFileError",
        "ServiceError",
        "StoppedError",
        "UsageError",
    ),
    "bulkeic.core.model": (
        "Job",
        "Lane",
        "Outcome",
        "Settings",
        "SourceLine",
        "Status",
        "Target",
    ),
    "bulkeic.core.report.run_report": ("RunReport",),
    "bulkeic.core.summary": ("Summary",),
    "bulkeic.discovery.discover_call": ("discover",),
    "bulkeic.discovery.model.discovery_summary": ("DiscoverySummary",),
    "bulkeic.output.report.report_json": ("report_json",),
    "bulkeic.output.report.report_markdown": ("report_markdown",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Imports a public name on first use, so that ``bulkeic --help`` does not wait for the SDK."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return [*__all__, "__version__"]
