"""Configured rollout options count for new runs; a run that has begun keeps its own.

=====================================================  =========================================
configured options                                     they are ignored if
=====================================================  =========================================
``waves``, ``wave_by``, ``waves_file``                 the run has waves, or was applied without;
                                                       a plan is resumed
``wave_pause``, ``bake``, ``gate``                     the run was applied without waves
``on_halt``                                            the run cannot be rolled back, or nothing
                                                       halts it
=====================================================  =========================================

The same flag on the command line is refused then.
"""

from typing import Any, TypeVar

from msgspec.structs import replace

from bulkeic.app.options.command_options import ApplyOptions, TargetsOptions
from bulkeic.app.options.rollout_options import GateOptions
from bulkeic.app.run_files.new_waves import has_own_waves
from bulkeic.store.run_file import RunFile

T = TypeVar("T", bound=TargetsOptions)

_WAVES = {"--waves": "waves", "--wave-by": "wave_by", "--waves-file": "waves_file"}
_BETWEEN_WAVES = {"--wave-pause": "wave_pause_s", "--bake": "bake_s"}


def for_run(run: RunFile, options: T) -> T:
    """The options, without those of the configuration that give way to a run.

    Args:
        run: that the command works on.
        options: of the command.
    """
    given = options.configured
    if not given:
        return options
    has_waves = has_own_waves(run) or bool(run.waves.all())
    was_applied = any(session.doing == "apply" for session in run.sessions())
    is_apply = isinstance(options, ApplyOptions)
    changes: dict[str, Any] = {}
    if has_waves or was_applied or not is_apply:
        changes |= {field: None for flag, field in _WAVES.items() if flag in given}
    if was_applied and not has_waves:
        changes |= {field: None for flag, field in _BETWEEN_WAVES.items() if flag in given}
        changes |= {"gate": GateOptions()} if "--gate" in given else {}
    if "--on-halt" in given and not _can_roll_back(run, options, has_waves=has_waves):
        changes["on_halt"] = "stop"
    known = options.__struct_fields__
    return replace(options, **{field: value for field, value in changes.items() if field in known})


def _can_roll_back(run: RunFile, options: TargetsOptions, *, has_waves: bool) -> bool:
    """Whether something can halt a run, and whether it can be rolled back then."""
    if run.metadata.restores is not None or not isinstance(options, ApplyOptions):
        return False
    was_applied = any(session.doing == "apply" for session in run.sessions())
    budget = options.max_failures
    is_halted = has_waves or options.monitoring.alarms or (budget and not budget.size.is_all)
    keeps_images = run.metadata.keeps_before_images or has_waves
    return keeps_images and (bool(is_halted) or not was_applied)
