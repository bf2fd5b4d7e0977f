"""Which of a source's targets a command works on.

A target is selected if all kinds of patterns that are given select it:

====================  ====================================================
patterns of one kind  select
====================  ====================================================
none                  every target
only with ``!``       every target that matches none of them
others                what matches one of them, and none of those with ``!``
====================  ====================================================

Then a sample is drawn, and then the first targets are taken, in the order of the file. A sample
depends on its seed and on the targets alone: not on their order, and not on their outcomes.
"""

import fnmatch
import functools
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

import msgspec

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.model import NOT_DONE, Lane, Status
from bulkeic.core.rollout.waves import Size, cumulative_counts, parse_size, spread_over_lanes

EXCLUDES = "!"
_KINDS = {
    "name": (
        r"!?[a-zA-Z0-9\-_.*?\[\]!]+",
        "a function name or a glob, such as orders-* or !*-test",
    ),
    "account": (r"!?[0-9]{12}", "an account id of 12 digits, or ! and one"),
    "region": (r"!?[a-z0-9\-*?\[\]!]+", "a Region or a glob, such as eu-* or !us-east-1"),
}
_RANK_BYTES = 8


class JobState(StrEnum):
    """What a job has come to: the status of its outcome, or ``pending`` without one."""

    UPDATED = Status.UPDATED.value
    CREATED = Status.CREATED.value
    UNCHANGED = Status.UNCHANGED.value
    NOT_MATCHED = Status.NOT_MATCHED.value
    FAILED = Status.FAILED.value
    UNKNOWN = Status.UNKNOWN.value
    INVALID = Status.INVALID.value
    PENDING = "pending"


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Selects targets.

    Attributes:
        names: patterns of function names.
        accounts: account ids.
        regions: patterns of Regions.
        statuses: states of the jobs of a run.
        error_codes: error codes of the failed jobs of a run; no other job has one.
        sample: number or share of the targets that match all of these, spread over lanes.
        seed: of the sample.
        limit: most targets.
        skip_managed: leaves out the targets that a tool manages, as far as it is known.
        only_managed: leaves out the others.
    """

    names: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    statuses: tuple[JobState, ...] = ()
    error_codes: tuple[str, ...] = ()
    sample: Size | None = None
    seed: int = 0
    limit: int | None = None
    skip_managed: bool = False
    only_managed: bool = False

    @property
    def needs_owners(self) -> bool:
        """Whether a target is selected or not depends on what manages it."""
        return self.skip_managed or self.only_managed

    @property
    def owner_flag(self) -> str | None:
        """The flag for which owners must be known; ``None``: there is none."""
        flag = "--skip-managed" if self.skip_managed else "--only-managed"
        return flag if self.needs_owners else None

    def is_everything(self) -> bool:
        """Whether it selects every target."""
        return self == Selection(seed=self.seed)

    def needs_all_targets(self) -> bool:
        """Whether a target is selected or not depends on other targets."""
        return self.sample is not None or self.limit is not None

    def matches_lane(self, lane: Lane) -> bool:
        """Whether targets of a lane are selected; an account that is not known yet matches."""
        account_id = lane.account_id
        return pattern_matcher(self.regions)(lane.region) and (
            not account_id or pattern_matcher(self.accounts)(account_id)
        )

    def matches_function(self, function: str) -> bool:
        """Whether a function name is selected, without the account and the Region."""
        return pattern_matcher(self.names)(function)

    def matches_outcome(self, status: str | None, error_code: str | None) -> bool:
        """Whether the outcome of a job is selected.

        Args:
            status: ``None``: the job is pending.
            error_code: of the outcome.
        """
        if self.error_codes and not (status in NOT_DONE and error_code in self.error_codes):
            return False
        return not self.statuses or (status or JobState.PENDING) in self.statuses

    def sample_sizes(self, matching: Mapping[Lane, int]) -> Mapping[Lane, int]:
        """How many of each lane's matching targets are in the sample.

        Args:
            matching: the number of each lane's targets that match.
        """
        if self.sample is None:
            return matching
        ends = cumulative_counts([self.sample], sum(matching.values()))
        in_order = {lane: matching[lane] for lane in sorted(matching)}
        return spread_over_lanes(in_order, ends)[0] if ends else {}

    def rank(self, function: str, qualifier: str | None) -> int:
        """A target's place in its lane's sample, which takes the smallest ones: 64 bits, signed."""
        text = f"{self.seed}\n{function}\n{qualifier or ''}".encode(errors="replace")
        digest = hashlib.blake2b(text, digest_size=_RANK_BYTES).digest()
        return int.from_bytes(digest, "big", signed=True)

    def to_resume(self, left: int) -> "Selection":
        """The selection of what is left, once some of the selected jobs are done.

        Without statuses it is the same selection: it does not depend on outcomes.

        Args:
            left: number of selected jobs that are pending.
        """
        if not self.statuses:
            return self
        pending = (JobState.PENDING,)
        if self.limit is not None:
            return msgspec.structs.replace(self, statuses=pending, limit=max(1, left))
        sample = None if self.sample is None else Size(max(1, left))
        return msgspec.structs.replace(self, statuses=pending, sample=sample)

    def to_follow(self) -> "Selection":
        """The selection for another command on the same jobs, whose states have changed."""
        if not self.statuses:
            return self
        return msgspec.structs.replace(
            self, statuses=(), error_codes=(), sample=None, seed=0, limit=None
        )


EVERY_TARGET = Selection()


def parse_pattern(text: str, kind: str) -> str:
    """Checks a pattern and returns it.

    Args:
        text: as the user gave it.
        kind: ``name``, ``account`` or ``region``.

    Raises:
        InputError: nothing can match it.
    """
    allowed, expected = _KINDS[kind]
    if re.fullmatch(allowed, text, re.ASCII) and text != EXCLUDES:
        return text
    raise InputError(f"{quoted(text)} is invalid; expected {expected}")


def parse_sample(text: str) -> Size:
    """The size of a sample: a number of targets, or a percentage.

    Raises:
        InputError: it is neither.
    """
    size = parse_size(text)
    if size is None:
        raise InputError(
            f"{quoted(text)} is not a sample; expected a number from 1 or a percentage up to 100%, "
            "such as 50 or 5%"
        )
    return size


@functools.lru_cache(64)
def pattern_matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """What says whether a text matches patterns."""
    wanted = [pattern for pattern in patterns if not pattern.startswith(EXCLUDES)]
    excluded = [pattern[len(EXCLUDES) :] for pattern in patterns if pattern.startswith(EXCLUDES)]
    is_wanted, is_excluded = _any_of(wanted), _any_of(excluded)
    if not patterns:
        return lambda _: True
    if not wanted:
        return lambda text: is_excluded(text) is None
    return lambda text: is_wanted(text) is not None and is_excluded(text) is None


def _any_of(globs: Sequence[str]) -> Callable[[str], re.Match[str] | None]:
    """Matches a text that one of the globs matches; none of no globs."""
    return re.compile("|".join(map(fnmatch.translate, globs)) or r"(?!)").match
