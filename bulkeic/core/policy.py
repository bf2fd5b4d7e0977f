"""How the jobs of a run are done."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

Where = Callable[[dict[str, Any]], str | None]
"""Why a configuration (API names) is not one that is looked for; ``None``: it is."""


class Purpose(StrEnum):
    """What a pass over the targets is for."""

    APPLY = "apply"
    PLAN = "plan"
    VERIFY = "verify"

    @property
    def is_apply(self) -> bool:
        """Whether targets are changed."""
        return self is Purpose.APPLY


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How the jobs of a run are done.

    Attributes:
        restore: their settings are images that are to be put back, ``ABSENT`` by Delete.
        before_image: read each target before it is changed.
        create_missing: where a function has no configuration, make one.
        replace_destinations: a half that is not named is cleared.
        planned: what a target has to have (``Job.expected``) is what a plan saw.
        force: change it even if it has something else.
        rewrite: read each target and write back what it has, which changes nothing.
        where: change only such targets.
    """

    purpose: Purpose = Purpose.APPLY
    restore: bool = False
    before_image: bool = False
    create_missing: bool = False
    replace_destinations: bool = False
    planned: bool = False
    force: bool = False
    rewrite: bool = False
    where: Where | None = None

    def calls_each(self, *, in_waves: bool = False) -> int:
        """Calls that a job takes, as a rule; a forecast needs no more than that.

        Args:
            in_waves: whether they read before-images, and verify.
        """
        if in_waves:
            return 3
        if self.purpose is not Purpose.APPLY:
            return 1
        reads = self.before_image or self.restore or self.rewrite or self.where is not None
        return 2 if reads or (self.planned and not self.force) else 1
