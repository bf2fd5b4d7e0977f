"""The rows that one commit stores: plain values, so that another process could make them."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.model import Job, Lane, Outcome, rfc3339
from bulkeic.store.mapping import before_image_row, outcome_row
from bulkeic.store.schema import NO_LANE


class RunRows(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Rows of one commit: texts and numbers only.

    Attributes:
        outcomes: of the table ``outcome``.
        images: of the table ``before_image``.
        marks: ``seq`` of each job that has its row there already, and whose target may now change.
        planned: number of images of targets that are only read, and need a change.
    """

    outcomes: Sequence[Sequence[Any]] = ()
    images: Sequence[Sequence[Any]] = ()
    marks: Sequence[Sequence[int]] = ()
    planned: int = 0


class RowMaker:
    """Makes the rows of a run.

    Args:
        lane_ids: the id of each lane in the run file.
        keeps_sent: whether to store the settings that were sent, even without a before-image.
    """

    def __init__(self, lane_ids: Mapping[Lane, int], *, keeps_sent: bool) -> None:
        self._lane_ids = lane_ids
        self._keeps_sent = keeps_sent

    def rows(
        self, outcomes: Sequence[Outcome], before_images: Sequence[tuple[Job, BeforeImage]]
    ) -> RunRows:
        """The rows of outcomes and of what was read of targets.

        Raises:
            UnicodeError: a text cannot be stored.
        """
        rows = [self._outcome(outcome) for outcome in outcomes]
        if not before_images:
            return RunRows(rows)
        read_at = rfc3339(time.time())
        images = [
            before_image_row(job.seq, self._lane_ids[job.target.lane], read_at, each)
            for job, each in before_images
            if each.config is not msgspec.UNSET
        ]
        marks = [(job.seq,) for job, each in before_images if each.config is msgspec.UNSET]
        planned = sum(image.is_pending for _, image in before_images)
        return RunRows(rows, images, marks, planned)

    def _outcome(self, outcome: Outcome) -> list[Any]:
        target = outcome.target
        lane_id = NO_LANE if target is None else self._lane_ids[target.lane]
        return outcome_row(
            outcome, lane_id, keeps_sent=self._keeps_sent or outcome.before is not None
        )
