"""When each request of an open load is due."""

import math
from collections.abc import Iterator, Sequence

_MAX_BLOCKS = 1000


class ArrivalSchedule:
    """Spaces the requests of an open load evenly, one lane after another.

    Args:
        rate: requests a second in each lane.
        lanes: number of lanes.
    """

    def __init__(self, rate: float, lanes: int) -> None:
        self.rate = rate * lanes
        self._lanes = lanes

    def due(self, number: int) -> float:
        """Seconds from the start until a request is due; the first request is number 0."""
        return number / self.rate

    def count(self, elapsed_s: float) -> int:
        """Number of requests that are due after this many seconds."""
        if elapsed_s < 0:
            return 0
        number = math.floor(elapsed_s * self.rate) + 1
        # The product above and the quotient in `due` may round differently.
        while self.due(number) <= elapsed_s:
            number += 1
        while number and self.due(number - 1) > elapsed_s:
            number -= 1
        return number

    def blocks(self, first: int, end: int) -> Iterator[tuple[int, Sequence[int]]]:
        """Groups requests by lane and by about the same due time.

        Args:
            first: number of the first request.
            end: number after the last request.

        Yields:
            The index of a lane, and numbers of its requests.
        """
        for lane in range(self._lanes):
            numbers = range(first + (lane - first) % self._lanes, end, self._lanes)
            size = max(1, len(numbers) // _MAX_BLOCKS)
            for start in range(0, len(numbers), size):
                yield lane, numbers[start : start + size]
