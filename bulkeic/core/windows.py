"""When a rollout may work: how long a wave is watched before the next one."""

from datetime import datetime


def bake_left_s(ended_at: str | None, bake_s: float | None, now: float) -> float:
    """Seconds that remain of the minimum time after a wave; 0: it is over.

    Args:
        ended_at: when the wave's last target was done, RFC 3339; ``None``: it has not ended.
        bake_s: the minimum time, seconds; ``None``: none.
        now: Unix time, seconds.
    """
    if ended_at is None or not bake_s:
        return 0.0
    over = now - datetime.fromisoformat(ended_at).timestamp()
    # A clock that was set back never makes the wait longer than asked for.
    return min(bake_s, max(0.0, bake_s - over))
