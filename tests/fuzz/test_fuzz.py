"""Random bytes and damaged inputs are accepted, or refused in one line.

``make fuzz`` runs hundreds of thousands of them.
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings

from .damage import damaged
from .runs import RUNS, codes
from .targets import FUZZ

EXAMPLES = int(os.environ.get("BULKEIC_EXAMPLES", "30"))
PARTS = 20
# Slow targets get fewer examples, by these factors.
SLOW = {"run": 3, "work": 40}


@pytest.mark.parametrize("name", sorted(FUZZ))
def test_any_bytes_are_accepted_or_refused_in_one_line(name: str) -> None:
    fuzz = FUZZ[name]

    @settings(
        deadline=None,
        max_examples=max(1, EXAMPLES // SLOW.get(name, 1)),
        database=None,
        derandomize=EXAMPLES < 1000,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(damaged(fuzz.seeds))
    def accepted_or_refused(data: bytes) -> None:
        fuzz.run(data)

    accepted_or_refused()


@pytest.mark.parametrize("name", sorted(FUZZ.keys() - SLOW.keys()))
def test_truncated_seeds_are_accepted_or_refused_in_one_line(name: str) -> None:
    for seed in FUZZ[name].seeds:
        for end in range(0, len(seed) + 1, 1 + len(seed) // PARTS):
            FUZZ[name].run(seed[:end])


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("planned", {"verify": 1, "plan": 1, "apply": 1}),
        ("applied", {"verify": 1, "rollback": 0, "apply": 1}),
        ("rolled back", {"verify": 4, "rollback": 0, "apply": 0}),
        ("loaded", {"verify": 1, "apply": 1}),
    ],
)
def test_the_run_files_are_valid_before_they_are_damaged(
    run: str, expected: dict[str, int]
) -> None:
    found = codes(RUNS.index(run))
    assert {name: found[name] for name in expected} == expected
    reading = ("report", "report --json", "report --html", "export")
    assert {found[name] for name in reading} == {0}
