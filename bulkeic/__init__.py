"""Fleet-wide updates of AWS Lambda's asynchronous-invocation policy.

The command line is one caller of what is named here::

    async with Updater(rate=15) as updater:
        async for outcome in updater.update(read_jobs("targets.csv", region="us-east-1")):
            print(outcome.function_arn, outcome.status)
"""

from typing import TYPE_CHECKING

from bulkeic.lazy import imported_from

if TYPE_CHECKING:
    from bulkeic.app.updater import Updater, make_job, read_jobs
    from bulkeic.core.errors import AccessError, BulkeicError, InputError
    from bulkeic.core.model import Job, Lane, Outcome, Settings, Status, Target
else:
    __getattr__ = imported_from(
        __name__,
        {
            "app.updater": ("Updater", "make_job", "read_jobs"),
            "core.errors": ("AccessError", "BulkeicError", "InputError"),
            "core.model": ("Job", "Lane", "Outcome", "Settings", "Status", "Target"),
        },
    )

__version__ = "0.1.0"

__all__ = [
    "AccessError",
    "BulkeicError",
    "InputError",
    "Job",
    "Lane",
    "Outcome",
    "Settings",
    "Status",
    "Target",
    "Updater",
    "make_job",
    "read_jobs",
]
