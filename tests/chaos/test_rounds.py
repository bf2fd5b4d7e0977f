"""Whatever happens, every target has one outcome that is true, or is pending until ``apply RUN``.

``make chaos`` plays 50 rounds. ``BULKEIC_ROUNDS`` says how many, ``BULKEIC_SEED`` plays one alone.
"""

import os
import sys
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Bulkeic, Server

from .flaky_proxy import gate
from .rounds import Round

# Of few rounds, each has another command, and another sort of blow.
FEW = (3, 7, 14, 20, 36)
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
    with gate(server.url) as way:
        played = Round(bulkeic, server, way, seed, FUNCTIONS)
        try:
            played.play()
            problems = played.compare()
            assert not problems, f"{len(problems)} problems:\n" + "\n".join(problems[:20])
        except BaseException:
            played.said.append(f"play it alone: make chaos BULKEIC_SEED={seed}")
            raise
        finally:
            sys.stderr.write("\n" + "; ".join(played.said))
