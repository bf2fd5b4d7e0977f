"""How long a discovery will still take."""


def seconds_left(
    known_s: float | None, elapsed_s: float, *, lanes_done: int, lanes_left: int
) -> float | None:
    """Estimates the time until every lane is read.

    A lane does not say how many pages it has, so the known pages are only a lower limit. Lanes that
    are done show how long the others may take.

    Args:
        known_s: seconds for the pages that are known; ``None``: there are none.
        elapsed_s: seconds since the first page.
        lanes_done: lanes that were read to the end.
        lanes_left: the other lanes.

    Returns:
        Seconds; ``None``: nothing is left.
    """
    if known_s is None or not lanes_left:
        return None
    by_lanes_s = elapsed_s / lanes_done * lanes_left if lanes_done else 0.0
    return max(known_s, by_lanes_s)
