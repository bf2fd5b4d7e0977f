"""Whoever is killed, frozen or cut off, with workers nothing is lost or called too often.

``BULKEIC_ROUNDS`` sets the number of rounds; ``BULKEIC_SEED`` runs a single one.
"""

import os
import random
import sys
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Bulkeic, Server

from .dask_rounds import DaskRound
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


@pytest.mark.parametrize("seed", seeds(len(DaskRound.events)))
def test_nothing_is_lost_and_no_quota_exceeded_with_a_scheduler(
    bulkeic: Bulkeic, sandbox: Callable[..., Server], seed: int
) -> None:
    fleet = drawn_worker_fleet(random.Random(f"dask {seed}"))
    dask_round = DaskRound(bulkeic, sandbox(*fleet.quota), fleet, seed)
    with dask_round.cluster():
        check_round(dask_round)
