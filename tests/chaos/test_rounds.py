"""After any disruption, every target has one true outcome, or is pending until ``apply RUN``.

``BULKEIC_ROUNDS`` sets the number of rounds; ``BULKEIC_SEED`` runs a single one.
"""

import os
import sys
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Bulkeic, Server

from .flaky_proxy import flaky_proxy
from .rounds import ChaosRound

# Each of these rounds has a different command and a different kind of first disruption.
FEW = (3, 7, 14)
ROUNDS = int(os.environ.get("BULKEIC_ROUNDS", "0"))
SEED = os.environ.get("BULKEIC_SEED")
SEEDS = [int(SEED)] if SEED else range(ROUNDS) if ROUNDS else FEW
FUNCTIONS = 80 if ROUNDS or SEED else 30


@pytest.mark.parametrize("seed", SEEDS)
def test_every_target_has_one_outcome_that_is_true(
    bulkeic: Bulkeic, sandbox: Callable[..., Server], seed: int
) -> None:
    bulkeic.write("nothing.json", "{}")
    server = sandbox("--state", "nothing.json", "--rate", "unlimited", "--seed", seed)
    with flaky_proxy(server.url) as proxy:
        chaos_round = ChaosRound(bulkeic, server, proxy, seed, FUNCTIONS)
        try:
            chaos_round.run_to_end()
            problems = chaos_round.compare()
            assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems[:20])
        except BaseException:
            chaos_round.log.append(f"run_to_end it alone: make chaos BULKEIC_SEED={seed}")
            raise
        finally:
            sys.stderr.write("\n" + "; ".join(chaos_round.log))
