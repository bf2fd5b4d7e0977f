"""The waves of a rollout: how many targets of each lane are done by the end of each wave.

- Sizes are cumulative: so many targets, or Regions, in all. A part is rounded up.
- A wave's targets are spread over the lanes in proportion to what each has left; what cannot be
  divided goes to the largest remainders, then to the lanes that come first.
- In a lane, targets go in the order of the file.
- All is integer arithmetic: the same jobs have the same waves whenever a run is carried on.
"""

import itertools
import re
from collections.abc import Mapping, Sequence

import msgspec

from bulkeic.core.errors import InputError, shown
from bulkeic.core.model import Lane

_match_size = re.compile(r"(?P<whole>\d{1,12})(?:\.(?P<part>\d{1,9}))?(?P<percent>%)?", re.ASCII)
_EXPECTED = "expected numbers from 1 or percentages up to 100%, such as 1,10%,50%,100%"


class Size(msgspec.Struct, frozen=True):
    """So many, or such a part of all.

    Attributes:
        amount: how many; with ``per``, the part's numerator.
        per: the part's denominator, a power of ten from 100; ``None``: ``amount`` is a number.
    """

    amount: int
    per: int | None = None

    def __str__(self) -> str:
        return str(self.amount) if self.per is None else f"{self.amount * 100 / self.per:.12g}%"

    def of(self, total: int) -> int:
        """How many that is of ``total``; a number may be more than that."""
        return self.amount if self.per is None else -(-total * self.amount // self.per)

    @property
    def is_all(self) -> bool:
        """Whether nothing is left."""
        return self.amount == self.per

    def is_below(self, other: "Size") -> bool:
        """Whether it is less in every total; a number and a part cannot be compared."""
        if self.per is None or other.per is None:
            return self.per is other.per and self.amount < other.amount
        return self.amount * other.per < other.amount * self.per


class Wave(msgspec.Struct, frozen=True):
    """One wave. Times are RFC 3339, UTC.

    Attributes:
        number: from 1.
        targets: how many it has.
        started_at: ``None``: not yet.
        ended_at: when its last target was done; ``None``: not yet.
        verified: targets that were read again afterwards; ``None``: not yet.
        drifted: how many of them were not as they had been set.
        stopped: why the run stopped in it, or behind it.
    """

    number: int
    targets: int
    started_at: str | None = None
    ended_at: str | None = None
    verified: int | None = None
    drifted: int | None = None
    stopped: str | None = None


def parse_size(text: str) -> Size | None:
    """A size from a text such as ``10`` or ``2.5%``; ``None``: it is none."""
    match = _match_size.fullmatch(text)
    if match is None or (match["part"] and not match["percent"]):
        return None
    digits = match["part"] or ""
    size = Size(int(match["whole"] + digits), 100 * 10 ** len(digits) if match["percent"] else None)
    too_much = size.per is not None and size.amount > size.per
    return None if too_much or not size.amount else size


def parse_waves(text: str) -> tuple[Size, ...]:
    """Waves from a text such as ``1,10%,50%,100%``.

    Raises:
        InputError: an item is no size, is below one before it, or the last one is not all.
    """
    sizes: list[Size] = []
    latest: dict[bool, Size] = {}
    for item in text.split(","):
        size = parse_size(item.strip())
        if size is None:
            raise InputError(f"{shown(item)} is not a wave; {_EXPECTED}")
        is_part = size.per is not None
        if size.is_below(latest.get(is_part, size)):
            raise InputError(
                f"the wave {shown(item)} is smaller than an earlier one; expected the same or "
                "more, since each wave counts all targets done by its end"
            )
        latest[is_part] = size
        sizes.append(size)
    if not sizes[-1].is_all:
        raise InputError(
            f"the last wave is {shown(item)}; expected 100%, so that every target is done"
        )
    return tuple(sizes)


def dealt(spread_out: Sequence[Mapping[Lane, int]]) -> list[Wave]:
    """The waves that jobs are dealt out to, none of them begun.

    Args:
        spread_out: for each wave, how many of each lane's jobs are done by its end.
    """
    ends = [0, *(sum(jobs.values()) for jobs in spread_out)]
    sizes = [end - before for before, end in itertools.pairwise(ends)]
    return [Wave(number, size) for number, size in enumerate(sizes, 1)]


def counts(sizes: Sequence[Size], total: int) -> list[int]:
    """How many of ``total`` are done by the end of each wave that adds any."""
    ends: list[int] = []
    for size in sizes:
        end = min(size.of(total), total)
        if end > (ends[-1] if ends else 0):
            ends.append(end)
    return ends


def spread(jobs: Mapping[Lane, int], cumulative: Sequence[int]) -> list[dict[Lane, int]]:
    """The first so many jobs of each lane that are done by the end of each wave.

    Args:
        jobs: of each lane.
        cumulative: how many are done in all by the end of each wave, as ``counts`` tells.
    """
    waves: list[dict[Lane, int]] = []
    done, so_far = dict.fromkeys(jobs, 0), 0
    for end in cumulative:
        left = {lane: number - done[lane] for lane, number in jobs.items()}
        shares = _divided(end - so_far, left)
        done = {lane: number + shares[lane] for lane, number in done.items()}
        so_far = end
        waves.append(done)
    return waves


def by_region(jobs: Mapping[Lane, int], sizes: Sequence[Size] | None) -> list[dict[Lane, int]]:
    """As ``spread``, with waves of whole Regions, in the order in which these come first.

    Args:
        jobs: of each lane; a Region without any is passed over.
        sizes: of waves, in Regions; ``None``: one Region after another.
    """
    regions = list(dict.fromkeys(lane.region for lane, number in jobs.items() if number))
    places = {region: place for place, region in enumerate(regions)}
    ends = range(1, len(regions) + 1) if sizes is None else counts(sizes, len(regions))
    return [
        {
            lane: number if number and places[lane.region] < end else 0
            for lane, number in jobs.items()
        }
        for end in ends
    ]


def _divided(number: int, left: Mapping[Lane, int]) -> dict[Lane, int]:
    """A number in proportion to what is left, by largest remainder; at most all that is left."""
    total = sum(left.values())
    if not total:
        return dict.fromkeys(left, 0)
    shares = {lane: number * jobs // total for lane, jobs in left.items()}
    over = number - sum(shares.values())
    by_remainder = sorted(left, key=lambda lane: -(number * left[lane] % total))
    for lane in by_remainder[:over]:
        shares[lane] += 1
    return shares
