"""What is known of the configuration that a target has now, from the state of its job.

The first row that fits decides.

=======================================  =======================  ============
outcome                                  before-image             known
=======================================  =======================  ============
unknown, or an invalid row               any                      nothing
with a configuration, as answered        any                      the answer
updated by a rollback that deletes it    any                      none there
updated, created                         any                      nothing
unchanged, not matched                   any                      none there
failed with ``ResourceNotFound…``        any                      none there
failed                                   read                     what was read
none: the job is pending                 read, and nothing sent   what was read
else                                                              nothing
=======================================  =======================  ============

A failed target was not changed, so it has what was read.
"""

from typing import Any

import msgspec

from bulkeic.core.change.reconcile import MISSING
from bulkeic.core.change.snapshot import ABSENT, snapshot_of
from bulkeic.core.model import Settings, Status, Target

_WRITTEN = frozenset({Status.UPDATED, Status.CREATED})
_READ = frozenset({Status.UNCHANGED, Status.NOT_MATCHED})


class KnownConfig(msgspec.Struct, frozen=True, gc=False):
    """A target with the configuration that it has.

    Attributes:
        target: the target.
        settings: snapshot of the configuration (see ``core.change.snapshot``).
    """

    target: Target
    settings: Settings


class JobEvidence(msgspec.Struct, frozen=True, gc=False):
    """What a run file knows of a target.

    Attributes:
        status: of the outcome; ``None``: the job is pending.
        error_code: of the outcome.
        config: of the outcome, API names; ``None``: there is none.
        deletes: whether the job deletes the configuration.
        was_read: whether there is a before-image.
        may_be_sent: whether a call that changes the target may have been sent since.
        before: the before-image, API names; ``None``: the target had no configuration.
    """

    status: Status | None = None
    error_code: str | None = None
    config: dict[str, Any] | None = None
    deletes: bool = False
    was_read: bool = False
    may_be_sent: bool = False
    before: dict[str, Any] | None = None


def known_settings(evidence: JobEvidence) -> Settings | None:
    """The snapshot of what a target has: ``ABSENT`` if there is none, ``None`` if it is unknown.

    See the table above.
    """
    status = evidence.status
    if status is None:
        is_known = evidence.was_read and not evidence.may_be_sent
        return snapshot_of(evidence.before) if is_known else None
    if status in {Status.UNKNOWN, Status.INVALID}:
        return None
    if evidence.config:
        return snapshot_of(evidence.config)
    if status in _WRITTEN:
        return ABSENT if evidence.deletes else None
    if status in _READ or evidence.error_code == MISSING:
        return ABSENT
    return snapshot_of(evidence.before) if evidence.was_read else None
