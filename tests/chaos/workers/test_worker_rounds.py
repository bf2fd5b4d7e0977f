"""Whoever is killed or frozen, with worker processes nothing is lost, and no quota is exceeded.

``BULKEIC_ROUNDS`` sets the number of rounds; ``BULKEIC_SEED`` runs a single one.
"""

import os
import random
import sys
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Bulkeic, Server

from .team_rounds import check_round, drawn_worker_fleet, seeds
from .worker_rounds import WorkerRound

pytestmark = [
    pytest.mark.skipif(
        not os.environ.keys() & {"BULKEIC_ROUNDS", "BULKEIC_SEED"}, reason="make chaos does it"
    ),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]


@pytest.mark.parametrize("seed", seeds(len(WorkerRound.events)))
def test_nothing_is_lost_and_no_quota_exceeded(
    bulkeic: Bulkeic, sandbox: Callable[..., Server], seed: int
) -> None:
    fleet = drawn_worker_fleet(random.Random(seed))
    check_round(WorkerRound(bulkeic, sandbox(*fleet.quota), fleet, seed))
