"""The options of ``worker``; a field's annotation declares its flag."""

from typing import Annotated

import msgspec

from bulkeic.app.options.access_options import LogOptions
from bulkeic.app.options.scheduler_options import SchedulerOptions
from bulkeic.core.options.option_declaration import Argument, Flag, OptionGroup
from bulkeic.core.options.option_values import ValueType


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to join a scheduler."""

    address: Annotated[str, Argument(
        "ADDRESS", "The scheduler, for example tls://scheduler.internal:8786.")]  # fmt: skip
    name: Annotated[str | None, Flag(
        "--name", "Name of the worker. No other worker of the scheduler may have it.",
        OptionGroup.SCHEDULER, ValueType("NAME"), "its address")] = None  # fmt: skip
    scheduler: SchedulerOptions = SchedulerOptions()
    log: LogOptions = LogOptions()
