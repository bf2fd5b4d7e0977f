"""``--session-policy minimal``: role sessions that can do what a command needs, and no more.

==============================================  ==============================
a command                                       has the permissions of
==============================================  ==============================
plan                                            ``plan``
verify, rollback --plan                         ``verify``
rollback, and apply of a run that rolls back    ``rollback``
apply, the configurations may be created        ``apply --create-missing``
apply of what code declares                     ``apply --create-missing``
apply                                           ``apply``
==============================================  ==============================

``--alarm`` and ``--change-calendar`` add the actions that read them.

An apply without before-images may read, too: to keep half of the destinations, and to find out what
became of a change without a clear answer.
"""

from bulkeic.app.options.command_options import (
    ApplyOptions,
    PlanOptions,
    RollbackOptions,
    VerifyOptions,
    WorkOptions,
)
from bulkeic.core.accounts import RoleSession
from bulkeic.core.permissions import DESCRIBE_ALARMS, GET_CALENDAR_STATE, PERMISSIONS
from bulkeic.store.run_metadata import RunMetadata


def role_session(options: WorkOptions, metadata: RunMetadata) -> RoleSession:
    """How a command assumes roles.

    Args:
        options: of the command.
        metadata: of the run that it works on.
    """
    actions = PERMISSIONS[_section(options, metadata)]
    return options.access.role_session(tuple(sorted(actions + _monitoring(options))))


def _monitoring(options: WorkOptions) -> tuple[str, ...]:
    """The actions that ``--alarm`` and ``--change-calendar`` need."""
    if not isinstance(options, ApplyOptions):
        return ()
    given = options.monitoring
    return (DESCRIBE_ALARMS,) * bool(given.alarms) + (GET_CALENDAR_STATE,) * bool(given.calendar)


def _section(options: WorkOptions, metadata: RunMetadata) -> str:
    match options:
        case PlanOptions():
            return "plan"
        case VerifyOptions() | RollbackOptions(plan=True):
            return "verify"
        case RollbackOptions():
            return "rollback"
        case _ if metadata.restores is not None:
            return "rollback"
        case ApplyOptions(create_missing=True):
            return "apply --create-missing"
    puts = metadata.create_missing or metadata.exact
    return "apply --create-missing" if puts else "apply"
