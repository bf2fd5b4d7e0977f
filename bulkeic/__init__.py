"""Fleet-wide updates of AWS Lambda's asynchronous-invocation policy.

The command line is one caller of what is named here::

    async with Updater(rate=15) as updater:
        async for outcome in updater.update(read_jobs("targets.csv", region="us-east-1")):
            print(outcome.function_arn, outcome.status)
"""

import importlib
from typing import TYPE_CHECKING, Any

from bulkeic.version import __version__ as __version__

if TYPE_CHECKING:
    from bulkeic.app.updater import Updater, make_job, read_jobs
    from bulkeic.core.errors import AccessError, BulkeicError, InputError
    from bulkeic.core.model import Job, Lane, Outcome, Settings, Status, Target

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

_MODULES = {
    "AccessError": "bulkeic.core.errors",
    "BulkeicError": "bulkeic.core.errors",
    "InputError": "bulkeic.core.errors",
    "Job": "bulkeic.core.model",
    "Lane": "bulkeic.core.model",
    "Outcome": "bulkeic.core.model",
    "Settings": "bulkeic.core.model",
    "Status": "bulkeic.core.model",
    "Target": "bulkeic.core.model",
    "Updater": "bulkeic.app.updater",
    "make_job": "bulkeic.app.updater",
    "read_jobs": "bulkeic.app.updater",
}


def __getattr__(name: str) -> Any:
    """Imports a public name on first use, so that ``bulkeic --help`` does not wait for the SDK."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
