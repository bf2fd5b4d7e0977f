"""Fleet-wide updates of AWS Lambda's asynchronous-invocation policy.

The command line is one caller of what is named here::

    async with Updater(rate=15) as updater:
        async for outcome in updater.update(read_jobs("targets.csv", region="us-east-1")):
            print(outcome.function_arn, outcome.status)
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bulkeic.app.updater import Updater, make_job, read_jobs
    from bulkeic.core.errors import AccessError, BulkeicError, InputError
    from bulkeic.core.model import Job, Lane, Outcome, Settings, Status, Target

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

_HOMES = {
    "bulkeic.app.updater": ("Updater", "make_job", "read_jobs"),
    "bulkeic.core.errors": ("AccessError", "BulkeicError", "InputError"),
    "bulkeic.core.model": ("Job", "Lane", "Outcome", "Settings", "Status", "Target"),
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for: ``bulkeic --help`` needs none of them."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
