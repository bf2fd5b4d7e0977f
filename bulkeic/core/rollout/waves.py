"""The waves of a rollout: how many targets of each lane are done by the end of each wave.

- Sizes are cumulative: the number of targets, or Regions, done by a wave's end. Percentages are
  rounded up.
- A wave's targets are spread over the lanes in proportion to what each lane has left. The rest goes
  to the lanes with the largest remainders, then to the first lanes.
- Within a lane, targets keep the order of the file, unless the file gives their waves.
- Integer arithmetic only: the same jobs get the same waves whenever a run is resumed.
"""

import itertools
import re
from collections.abc import Mapping, Sequence

import msgspec

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.model import Lane

_match_size = re.compile(r"(?P<whole>\d{1,12})(?:\.(?P<part>\d{1,9}))?(?P<percent>%)?", re.ASCII)
_EXPECTED = "expected numbers from 1 or percentages up to 100%, such as 1,10%,50%,100%"


class Size(msgspec.Struct, frozen=True):
    """A number of targets, or a percentage of all.

    Attributes:
        amount: the number; with ``per``, the numerator of a fraction.
        per: the denominator, a power of ten from 100; ``None``: ``amount`` is a number.
    """

    amount: int
    per: int | None = None

    def __str__(self) -> str:
        return str(self.amount) if self.per is None else f"{self.amount * 100 / self.per:.12g}%"

    def of(self, total: int) -> int:
        """The size as a number of targets out of ``total``; it may exceed ``total``."""
        return self.amount if self.per is None else -(-total * self.amount // self.per)

    @property
    def is_all(self) -> bool:
        """Whether it is 100%."""
        return self.amount == self.per

    def is_below(self, other: "Size") -> bool:
        """Whether it is smaller whatever the total; numbers and percentages do not compare."""
        if self.per is None or other.per is None:
            return self.per is other.per and self.amount < other.amount
        return self.amount * other.per < other.amount * self.per


class Wave(msgspec.Struct, frozen=True):
    """One wave. Times are RFC 3339, UTC.

    Attributes:
        number: from 1; some may be missing if a file gives the numbers.
        targets: number of its targets.
        started_at: ``None``: not started.
        ended_at: when its last target was done; ``None``: not ended.
        verified: number of targets that were verified afterwards; ``None``: not verified.
        drifted: number of verified targets that have drifted.
        stopped: why the run stopped during the wave or after it.
    """

    number: int
    targets: int
    started_at: str | None = None
    ended_at: str | None = None
    verified: int | None = None
    drifted: int | None = None
    stopped: str | None = None


class NewWaves(msgspec.Struct, frozen=True):
    """How the pending jobs of a run are divided into waves, before the run stores it.

    Attributes:
        waves: not started; empty: there are no new waves.
        lanes: for each wave, the number of its own jobs by lane.
        ends: for each wave, the number of each lane's jobs that are done by its end; empty: the
            rows of the jobs give the waves.
        rules: the waves file that gives them, as the run stores it; ``None``: none does.
    """

    waves: Sequence[Wave] = ()
    lanes: Sequence[Mapping[Lane, int]] = ()
    ends: Sequence[Mapping[Lane, int]] = ()
    rules: str | None = None

    @property
    def are_from_file(self) -> bool:
        """Whether a file says which targets each wave has, so that it matters where they are."""
        return bool(self.waves) and (self.rules is not None or not self.ends)

    @property
    def numbers(self) -> list[int]:
        """Of the waves."""
        return [wave.number for wave in self.waves]


def new_waves_of(
    ends: Sequence[Mapping[Lane, int]], numbers: Sequence[int] = (), rules: str | None = None
) -> NewWaves:
    """New waves.

    Args:
        ends: for each wave, the number of each lane's jobs that are done by its end.
        numbers: of the waves; empty: from 1.
        rules: see ``NewWaves``.
    """
    lanes = [
        {lane: count - before.get(lane, 0) for lane, count in end.items()}
        for before, end in itertools.pairwise([{}, *ends])
    ]
    return NewWaves(waves_of(ends, numbers), lanes, ends, rules)


def parse_size(text: str) -> Size | None:
    """Parses a size like ``10`` or ``2.5%``; ``None``: it is not a size."""
    match = _match_size.fullmatch(text)
    if match is None or (match["part"] and not match["percent"]):
        return None
    digits = match["part"] or ""
    size = Size(int(match["whole"] + digits), 100 * 10 ** len(digits) if match["percent"] else None)
    too_much = size.per is not None and size.amount > size.per
    return None if too_much or not size.amount else size


def parse_waves(text: str) -> tuple[Size, ...]:
    """Parses waves like ``1,10%,50%,100%``.

    Raises:
        InputError: an item is not a size, or is smaller than an earlier one, or the last one is not
            100%.
    """
    sizes: list[Size] = []
    latest: dict[bool, Size] = {}
    for item in text.split(","):
        size = parse_size(item.strip())
        if size is None:
            raise InputError(f"{quoted(item)} is not a wave; {_EXPECTED}")
        is_part = size.per is not None
        if size.is_below(latest.get(is_part, size)):
            raise InputError(
                f"the wave {quoted(item)} is smaller than an earlier one; expected the same or "
                "more, since each wave counts all targets done by its end"
            )
        latest[is_part] = size
        sizes.append(size)
    if not sizes[-1].is_all:
        raise InputError(
            f"the last wave is {quoted(item)}; expected 100%, so that every target is done"
        )
    return tuple(sizes)


def waves_of(jobs_by_wave: Sequence[Mapping[Lane, int]], numbers: Sequence[int] = ()) -> list[Wave]:
    """The waves of a run, not started.

    Args:
        jobs_by_wave: for each wave, the number of each lane's jobs that are done by its end.
        numbers: of the waves; empty: from 1.
    """
    ends = [0, *(sum(jobs.values()) for jobs in jobs_by_wave)]
    sizes = [end - before for before, end in itertools.pairwise(ends)]
    return list(map(Wave, numbers or range(1, len(sizes) + 1), sizes))


def cumulative_counts(sizes: Sequence[Size], total: int) -> list[int]:
    """How many of ``total`` are done by the end of each wave; waves that add none are left out."""
    ends: list[int] = []
    for size in sizes:
        end = min(size.of(total), total)
        if end > (ends[-1] if ends else 0):
            ends.append(end)
    return ends


def spread_over_lanes(jobs: Mapping[Lane, int], cumulative: Sequence[int]) -> list[dict[Lane, int]]:
    """For each wave, the number of each lane's jobs that are done by its end.

    Args:
        jobs: number of jobs by lane.
        cumulative: number of jobs that are done by the end of each wave (``cumulative_counts``).
    """
    waves: list[dict[Lane, int]] = []
    done, so_far = dict.fromkeys(jobs, 0), 0
    for end in cumulative:
        left = {lane: number - done[lane] for lane, number in jobs.items()}
        shares = _apportion(end - so_far, left)
        done = {lane: number + shares[lane] for lane, number in done.items()}
        so_far = end
        waves.append(done)
    return waves


def spread_over_regions(
    jobs: Mapping[Lane, int], sizes: Sequence[Size] | None
) -> list[dict[Lane, int]]:
    """As ``spread_over_lanes``, with waves of whole Regions, in the order of their first lanes.

    Args:
        jobs: number of jobs by lane; Regions without jobs are left out.
        sizes: of the waves, in Regions; ``None``: one Region a wave.
    """
    regions = list(dict.fromkeys(lane.region for lane, number in jobs.items() if number))
    places = {region: place for place, region in enumerate(regions)}
    ends = range(1, len(regions) + 1) if sizes is None else cumulative_counts(sizes, len(regions))
    return [
        {
            lane: number if number and places[lane.region] < end else 0
            for lane, number in jobs.items()
        }
        for end in ends
    ]


def reversed_waves(
    changed: Sequence[Mapping[Lane, int]], every: Mapping[Lane, int]
) -> list[dict[Lane, int]]:
    """The waves that roll a run back: those of the run, the last one first.

    The jobs of a rollback are in reverse order, too. Waves without changes are left out.

    Args:
        changed: for each wave of the run, the number of each lane's jobs that changed their target.
        every: the same for the whole run; changes outside of every wave come first.

    Returns:
        As ``spread_over_lanes``; empty: the run has no waves.
    """
    outside = {
        lane: number - sum(wave.get(lane, 0) for wave in changed) for lane, number in every.items()
    }
    waves: list[dict[Lane, int]] = []
    done, so_far = outside, 0
    for wave in reversed(changed):
        done = {lane: number + wave.get(lane, 0) for lane, number in done.items()}
        if sum(done.values()) > so_far:
            so_far = sum(done.values())
            waves.append(done)
    return waves


def _apportion(number: int, left: Mapping[Lane, int]) -> dict[Lane, int]:
    """Divides a number in proportion to what is left, by the largest-remainder method."""
    total = sum(left.values())
    if not total:
        return dict.fromkeys(left, 0)
    shares = {lane: number * jobs // total for lane, jobs in left.items()}
    over = number - sum(shares.values())
    by_remainder = sorted(left, key=lambda lane: -(number * left[lane] % total))
    for lane in by_remainder[:over]:
        shares[lane] += 1
    return shares
