"""The worker processes of a command, and what becomes of them."""

import os
from collections.abc import Sequence
from pathlib import Path

from .rollout_helpers import until

_WORKER = b"bulkeic.cluster.worker.worker_process"


def workers_of(process_id: int) -> list[int]:
    """The ids of a command's workers, in the order of their start."""
    path = Path(f"/proc/{process_id}/task/{process_id}/children")
    try:
        children = [int(word) for word in path.read_text().split()]
        return sorted(each for each in children if _is_worker(each))
    except FileNotFoundError:
        return []


def _is_worker(process_id: int) -> bool:
    return _WORKER in Path(f"/proc/{process_id}/cmdline").read_bytes()


def wait_for_workers(process_id: int, number: int) -> list[int]:
    """The ids of a command's workers, once there are so many."""
    until(lambda: len(workers_of(process_id)) == number, f"there are {number} workers")
    return workers_of(process_id)


def have_ended(process_ids: Sequence[int]) -> bool:
    """Whether none of the processes runs any more."""
    return not any(_runs(each) for each in process_ids)


def _runs(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"
