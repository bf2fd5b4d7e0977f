"""Workers give a fleet the same outcomes, waves, denials and exit codes as one process.

``BULKEIC_ROUNDS`` sets the number of fleets for each story; without it, there is one of the first.
"""

import json
import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Bulkeic, Server
from .fleet import ROLE
from .random_fleet import drawn_rows, drawn_state, state_of, write_rows

Story = Callable[[Bulkeic, Server, random.Random, tuple[object, ...]], list[Any]]

KEPT = ("seq", "status", "error_code", "function_name", "qualifier", "account_id", "region",
        "settings", "before", "config")  # fmt: skip
PACE = ("--role-arn", ROLE, "--rate", "unlimited", "--concurrency", 4, "--no-progress")
FUNCTIONS = 24
ROUNDS = int(os.environ.get("BULKEIC_ROUNDS", "0"))


def shown(bulkeic: Bulkeic, run: str) -> list[dict[str, Any]]:
    """The outcomes of a run, without times and request ids."""
    found = bulkeic("export", run)
    return [_timeless(json.loads(line)) for line in found.out.splitlines()]


def _timeless(outcome: dict[str, Any]) -> dict[str, Any]:
    kept = {name: outcome.get(name) for name in KEPT}
    for config in (kept["before"], kept["config"]):
        if config:
            config.pop("LastModified", None)
    return kept


def told(lines: list[str]) -> list[str]:
    """What is printed of waves, stopped lanes and the end, but for which target was denied last."""
    words = ("wave ", "stopped: ", "halted", "rolled back")
    return sorted(
        line.partition(": AccessDeniedException")[0] for line in lines if line.startswith(words)
    )


def a_denied_lane_in_waves_and_the_way_back(
    bulkeic: Bulkeic, server: Server, rng: random.Random, more: tuple[object, ...]
) -> list[Any]:
    lane = rng.choice(list(state_of(server)))
    denied = {"lanes": {lane: {"refuse": 1}}}
    server.window("faults", denied, "PUT")
    ends = ("--endpoint-url", server.url, *PACE, *more)
    limits = ("--waves", "30%,100%", "--max-denied", 3, "--max-failures", "100%")
    done = bulkeic(
        "apply", "targets.csv", "--yes", "--run", "a.db", "--create-missing", *limits, *ends
    )
    found = [done.code, told(done.lines), shown(bulkeic, "a.db"), state_of(server)]
    server.window("faults", {}, "PUT")
    back = bulkeic("rollback", "a.db", "--yes", "--run", "b.db", *ends)
    return [*found, back.code, told(back.lines), shown(bulkeic, "b.db"), state_of(server)]


def failures_that_halt_a_run_which_is_rolled_back(
    bulkeic: Bulkeic, server: Server, _rng: random.Random, more: tuple[object, ...]
) -> list[Any]:
    ends = ("--endpoint-url", server.url, *PACE, *more)
    halts = ("--waves", "50%,100%", "--gate", "exit 1", "--on-halt", "rollback")
    limits = ("--max-failures", "100%", "--create-missing")
    done = bulkeic("apply", "targets.csv", "--yes", "--run", "a.db", *halts, *limits, *ends)
    return [done.code, told(done.lines), shown(bulkeic, "a.db"), state_of(server)]


STORIES: tuple[Story, ...] = (
    a_denied_lane_in_waves_and_the_way_back,
    failures_that_halt_a_run_which_is_rolled_back,
)


@pytest.mark.parametrize("seed", range(ROUNDS or 1))
@pytest.mark.parametrize(
    "story", STORIES if ROUNDS else STORIES[:1], ids=lambda story: story.__name__
)
def test_workers_do_what_one_process_does(
    bulkeic: Bulkeic, server: Server, story: Story, seed: int
) -> None:
    found = []
    for more in ((), ("--workers", 2)):
        rng = random.Random(f"{story.__name__} {seed}")
        server.window("state", drawn_state(rng, FUNCTIONS), "PUT")
        rows = drawn_rows(rng, state_of(server))
        rows.insert(0, ["gone", "", *next(iter(state_of(server))).split("/"), 1, "", "", ""])
        write_rows(bulkeic.folder / "targets.csv", rows)
        for old in bulkeic.folder.glob("*.db*"):
            old.unlink()
        found.append(story(bulkeic, server, rng, more))
    assert 2 not in found[0], "a command was refused"
    for one, two in zip(*found, strict=True):
        assert one == two
