"""Whoever is killed or frozen, with worker processes nothing is lost, and no quota is exceeded.

``BULKEIC_ROUNDS`` sets the number of rounds; ``BULKEIC_SEED`` runs a single one.
"""

import os
import random
import sys
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Bulkeic, Server

from .worker_rounds import EVENTS, LATENCY_S, WorkerRound, drawn_worker_fleet, saved_log

ROUNDS = int(os.environ.get("BULKEIC_ROUNDS", "0"))
SEED = os.environ.get("BULKEIC_SEED")
SEEDS = [int(SEED)] if SEED else range(max(len(EVENTS), ROUNDS))

pytestmark = [
    pytest.mark.skipif(not (ROUNDS or SEED), reason="make chaos does it"),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_and_no_quota_exceeded(
    bulkeic: Bulkeic, sandbox: Callable[..., Server], seed: int
) -> None:
    fleet = drawn_worker_fleet(random.Random(seed))
    quota = ("--rate", fleet.rate, "--burst", fleet.burst, "--latency", LATENCY_S)
    worker_round = WorkerRound(bulkeic, sandbox(*quota), fleet, seed)
    try:
        worker_round.run_to_end()
        assert not worker_round.problems()
    except BaseException:
        worker_round.log.append(f"run it alone: make chaos BULKEIC_SEED={seed}")
        raise
    finally:
        sys.stderr.write("\n" + saved_log(bulkeic.folder, worker_round.log))
