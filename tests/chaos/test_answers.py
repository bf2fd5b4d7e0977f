"""Behind a proxy that mixes up answers, every outcome is true and rollback restores every target.

``make chaos`` plays 50 rounds. ``BULKEIC_ROUNDS`` sets how many; ``BULKEIC_SEED`` plays one alone.
"""

import os
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.e2e.conftest import Bulkeic, Result, Server
from tests.e2e.fleet import ROLE
from tests.e2e.random_fleet import State, drawn_rows, drawn_state, state_of, write_rows

from .answer_proxy import answer_proxy
from .state_check import NOTHING, Snapshot, TargetKey, outcomes_of, snapshot_of, wanted_snapshot

FEW = 3
ROUNDS = int(os.environ.get("BULKEIC_ROUNDS", "0"))
SEED = os.environ.get("BULKEIC_SEED")
SEEDS = [int(SEED)] if SEED else range(ROUNDS or FEW)
FUNCTIONS = 60 if ROUNDS or SEED else 20
SHARE = 0.1
STARTS = 5
CHANGED = {"updated", "created"}


class Round:
    """A fleet behind a proxy that attacks; the server itself is asked directly."""

    def __init__(self, bulkeic: Bulkeic, server: Server, url: str, seed: int) -> None:
        self.bulkeic, self.server, self.url = bulkeic, server, url
        rng = random.Random(seed)
        server.window("state", drawn_state(rng, FUNCTIONS), "PUT")
        self.before = snapshots(state_of(server))
        rows = drawn_rows(rng, state_of(server))
        write_rows(bulkeic.folder / "targets.csv", rows)
        self.goals = {key_of_row(row): self._goal(row) for row in rows}

    def _goal(self, row: list[Any]) -> Snapshot:
        place = key_of_row(row)
        return wanted_snapshot(row[4:], self.before[place], place)

    def run(self, *words: object, run: str) -> None:
        """Runs a command and resumes its run until no job is pending."""
        ended = self._start(*words)
        for _ in range(STARTS):
            if ended.code in {0, 1}:
                return
            assert ended.code == 3, ended.err
            ended = self._start(words[0] if words[0] == "plan" else "apply", run)
        raise AssertionError(f"{words} does not finish: {ended.err}")

    def _start(self, *words: object) -> Result:
        yes = () if words[0] == "plan" else ("--yes", "--max-failures", "100%")
        return self.bulkeic(
            *words, *yes, "--endpoint-url", self.url, "--role-arn", ROLE, "--rate", "unlimited",
            "--concurrency", 8, "--timeout", 2, "--max-attempts", 50,
            "--log-level", "error",
        )  # fmt: skip

    def outcomes(self, run: str) -> dict[TargetKey, dict[str, Any]]:
        exported = outcomes_of(self.bulkeic("export", run).out)
        return {key_of_outcome(outcome): outcome for outcome in exported}

    def snapshots(self) -> dict[TargetKey, Snapshot | None]:
        return snapshots(state_of(self.server))


def key_of_row(row: list[Any]) -> TargetKey:
    name, qualifier, account, region = map(str, row[:4])
    return f"{account}/{region}", name, qualifier or "$LATEST"


def key_of_outcome(outcome: Mapping[str, Any]) -> TargetKey:
    name = outcome["function_arn"].split(":")[6]
    return f"{outcome['account_id']}/{outcome['region']}", name, outcome["qualifier"]


def snapshots(state: State) -> dict[TargetKey, Snapshot | None]:
    return {
        (lane, name, qualifier): snapshot_of(config)
        for lane, functions in state.items()
        for name, versions in functions.items()
        for qualifier, config in versions.items()
    }


def false_outcomes(
    outcomes: Mapping[TargetKey, Mapping[str, Any]],
    had: Mapping[TargetKey, Snapshot | None],
    holds: Mapping[TargetKey, Snapshot | None],
    goals: Mapping[TargetKey, Snapshot],
) -> list[str]:
    """The outcomes that say something else than the server's own state."""
    problems = []
    for where, outcome in outcomes.items():
        before, now, wanted = had[where] or NOTHING, holds[where] or NOTHING, goals[where]
        allowed: set[Snapshot] = {
            "updated": {wanted},
            "created": {wanted},
            "unchanged": {wanted} & {before},
            "failed": {before},
            "unknown": {before, wanted},
        }[outcome["status"]]
        said = f"{where} {outcome['status']} {outcome['error_code']}"
        if now not in allowed:
            problems.append(f"{said}: holds {now}, expected one of {allowed}")
        if outcome["before"] is not None and (snapshot_of(outcome["before"]) or NOTHING) != before:
            problems.append(f"{said}: before-image {outcome['before']}, had {before}")
        if outcome["status"] in CHANGED and (snapshot_of(outcome["config"]) or NOTHING) != now:
            problems.append(f"{said}: shows {outcome['config']}, holds {now}")
    return problems


@pytest.mark.parametrize("seed", SEEDS)
def test_no_outcome_is_false_behind_a_hostile_proxy(
    bulkeic: Bulkeic, sandbox: Callable[..., Server], seed: int
) -> None:
    bulkeic.write("nothing.json", "{}")
    server = sandbox("--state", "nothing.json", "--rate", "unlimited")
    with answer_proxy(server.url, seed, SHARE) as proxy:
        played = Round(bulkeic, server, proxy.url, seed)
        played.run("plan", "targets.csv", "--run", "run.db", "--create-missing", run="run.db")
        assert played.snapshots() == played.before

        played.run("apply", "run.db", run="run.db")
        applied, after = played.outcomes("run.db"), played.snapshots()
        assert applied.keys() == played.goals.keys()
        assert false_outcomes(applied, played.before, after, played.goals) == []

        played.run("rollback", "run.db", "--run", "back.db", run="back.db")
        restored, final = played.outcomes("back.db"), played.snapshots()
        had = {where: played.before[where] or NOTHING for where in restored}
        assert false_outcomes(restored, after, final, had) == []
        assert CHANGED & {outcome["status"] for outcome in restored.values()}
        assert sum(proxy.counts.values()) > 0
