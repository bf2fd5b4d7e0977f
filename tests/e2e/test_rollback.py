"""A run is rolled back, however it ended: on fleets drawn by a seed.

``make trial`` does the same at length; ``BULKEIC_SEEDS`` and ``BULKEIC_FUNCTIONS`` say how long.
"""

import os
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable

import pytest

from .conftest import Bulkeic, Result, Server
from .fleet import ROLE
from .random_fleet import drawn_rows, drawn_state, state_of, write_rows
from .test_plan import ARN, DEAD, DELETE, GET, PUT, counted, held, meddle, start_fleet

Start = Callable[..., Server]

SEEDS = int(os.environ.get("BULKEIC_SEEDS", "1"))
# Where one trial will do, it is a calm one: the rounds of tests/chaos have the faults.
TRIALS = [
    (seed, faults) for seed in range(SEEDS) for faults in (False, True) if SEEDS > 1 or not faults
]
FUNCTIONS = int(os.environ.get("BULKEIC_FUNCTIONS", "100"))
KINDS: tuple[tuple[str, ...], ...] = (
    ("--before-image",),
    ("plan",),
    ("--waves", "5%,40%,100%"),
    ("plan", "--force"),
    ("--before-image", "--replace-destinations", "--where", "MaximumRetryAttempts != `1`"),
)
ENDINGS = ("killed", "halted", "killed, resumed", "halted, resumed", "killed twice")
FAULT = 0.05 if SEEDS > 1 else 0.03  # few of many calls wait for seconds, in the end
FAULTS = dict.fromkeys(("throttle", "conflict", "error", "cut_before", "cut_after"), FAULT)
HALTING = dict.fromkeys(("refuse", "error", "cut_before", "cut_after", "garbage"), 0.02)


class Trial:
    """A fleet, a run over it, and the state before."""

    def __init__(self, bulkeic: Bulkeic, server: Server, seed: int) -> None:
        self.chance = random.Random(seed)
        self.bulkeic, self.server = bulkeic, server
        self.notes: list[str] = []
        server.window("state", drawn_state(self.chance, FUNCTIONS), "PUT")
        self.before = state_of(server)
        rows = drawn_rows(self.chance, self.before)
        write_rows(bulkeic.folder / "targets.csv", rows)
        self.targets = len(rows)

    def words(self, *words: object) -> tuple[object, ...]:
        return (*words, "--endpoint-url", self.server.url, "--role-arn", ROLE, "--rate",
                "unlimited", "--log-level", "error")  # fmt: skip

    def run(self, *words: object) -> Result:
        return self.bulkeic(*self.words(*words, "--output", "json"))

    def killed(self, *words: object) -> None:
        """Runs a command until the server has answered that number of calls, then kills it."""
        moment = self.chance.randint(1, 2 * self.targets)
        self.server.window("reset-stats", method="POST")
        errors = self.bulkeic.folder / "killed.txt"
        with errors.open("w") as file:
            process = self.bulkeic.start(*self.words(*words), stdout=file, stderr=file)
            while process.poll() is None and self.server.stats()["calls"] < moment:
                pass
            if process.poll() is None:
                self.notes.append(f"killed at {self.server.stats()['calls']:,} calls")
                process.send_signal(9)
            assert process.wait(60) in (-9, 0, 1, 3), errors.read_text()

    def apply(self, kind: tuple[str, ...], ending: str) -> None:
        """Applies the targets as this kind of run, and ends it in this way."""
        words: tuple[object, ...] = ("targets.csv", "--create-missing", "--run", "run.db")
        if kind[0] == "plan":
            planned = self.run("plan", *words)
            assert planned.code == 0, planned.err
            words = ("run.db", *kind[1:])
        else:
            words = (*words, *kind)
        self.notes += [f"{' '.join(kind)} {ending}", f"{self.targets:,} targets"]
        if ending.startswith("halted"):
            self.server.window("faults", HALTING, "PUT")
            most = self.chance.randint(self.targets // 20, self.targets // 8)
            halted = self.run("apply", *words, "--yes", "--max-failures", most, "--max-attempts", 1)
            self.notes.append(f"halted after {halted.summary['failed']} of {most} failures")
            assert halted.code in (1, 3), halted.err
            self.server.window("faults", {}, "PUT")
        else:
            self.killed("apply", *words, "--yes")
        again = ("apply", "run.db", "--yes", *kind[1 : None if "--force" in kind else 1])
        if ending == "killed twice":
            self.killed(*again)
        if ending.endswith("resumed"):
            resumed = self.run(*again, "--max-failures", "100%")
            self.notes.append("resumed")
            assert resumed.code in (0, 1), resumed.err

    def take_back(self, *, faults: bool) -> None:
        """Rolls the run back; with faults it is killed, too, and carried on with."""
        # A writing connection would merge and delete the log that the killed process left.
        database = sqlite3.connect(f"file:{self.bulkeic.folder / 'run.db'}?mode=ro", uri=True)
        statuses = Counter(
            dict(database.execute("SELECT status, count(*) FROM outcome GROUP BY 1"))
        )
        database.close()
        self.notes += [f"updated {statuses['updated']:,}, created {statuses['created']:,}"]
        words: tuple[object, ...] = ("rollback", "run.db", "--run", "back.db", "--yes")
        if faults:
            self.server.window("faults", FAULTS, "PUT")
            self.killed(*words, "--max-attempts", 20)
            words = ("apply", "back.db", "--yes", "--max-attempts", 20)
            if not (self.bulkeic.folder / "back.db").exists():
                words = ("rollback", "run.db", "--run", "back.db", "--yes")
        result = self.run(*words)
        if result.code == 2:
            assert "there is nothing to roll back" in result.err or "no before-images" in result.err
            self.notes.append("nothing was sent")
        else:
            assert result.code == 0, result.err
            self.notes.append(f"back in {result.summary['calls']:,} calls")

    def is_as_before(self) -> bool:
        after = state_of(self.server)
        self.notes.append("state equal" if after == self.before else "STATE DIFFERS")
        return after == self.before


@pytest.mark.parametrize(("seed", "faults"), TRIALS)
def test_an_interrupted_run_is_rolled_back_to_the_exact_state_before(
    bulkeic: Bulkeic, sandbox: Start, seed: int, *, faults: bool
) -> None:
    # AWS does not document which of the two ways of Update is right.
    merging = ["--merge-destinations"] if seed % 2 else []
    server = sandbox("--rate", "unlimited", "--latency", 0.02, "--seed", seed, *merging)
    trial = Trial(bulkeic, server, 2 * seed + faults)
    ending = ENDINGS[(seed + seed // 5 + 2 * faults) % len(ENDINGS)]
    trial.notes.append(f"seed {seed}, {'with faults' if faults else 'calm'}")
    try:
        trial.apply(KINDS[(seed + faults) % len(KINDS)], ending)
        trial.take_back(faults=faults)
        assert trial.is_as_before()
    finally:
        sys.stderr.write("\n" + "; ".join(trial.notes))


BACK = f"""\
~ {ARN}change:$LATEST  (targets.csv:3)
    ~ MaximumRetryAttempts: 1 -> 2
~ {ARN}half:live  (targets.csv:4)
    - DestinationConfig.OnFailure: {DEAD}
- {ARN}bare:$LATEST  (targets.csv:5)
    - MaximumRetryAttempts: 1
"""


def test_a_planned_rollback_writes_nothing_until_applied_and_can_be_rolled_back(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = start_fleet(bulkeic, sandbox)
    ends = ("--endpoint-url", server.url)
    before = held(server)
    words = ("targets.csv", "--create-missing", "--before-image", "--run", "run.db")
    assert bulkeic("apply", *words, "--yes", *ends).code == 0
    applied = held(server)
    counted(server)

    plan = ("--plan", "--diff", "--detailed-exitcode")
    planned = bulkeic("rollback", "run.db", "--run", "back.db", *plan, *ends)

    assert planned.code == 4, planned.err
    assert planned.out == BACK
    assert "plan: 2 to change, 1 to delete" in planned.lines
    assert counted(server) == {GET: 3}
    assert held(server) == applied

    done = bulkeic("apply", "back.db", "--yes", "--results", "r.jsonl", *ends)

    assert done.code == 0, done.err
    assert counted(server) == {GET: 4, PUT: 2, DELETE: 1}  # a deletion is read again
    assert held(server) == before
    statuses = {each["function_name"]: each["status"] for each in bulkeic.outcomes("r.jsonl")}
    assert statuses == dict.fromkeys(("change", "half", "bare"), "updated")
    report = bulkeic("report", "back.db").out.splitlines()
    assert f"rolls back {bulkeic.folder / 'run.db'}" in report
    assert "3 targets: 3 updated" in report

    again = bulkeic("rollback", "back.db", "--yes", *ends)

    assert again.code == 0, again.err
    assert "3 targets: 2 updated, 1 created" in again.lines
    assert held(server) == applied


def test_targets_changed_since_the_run_are_skipped_unless_forced(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = start_fleet(bulkeic, sandbox)
    ends = ("--yes", "--endpoint-url", server.url)
    before = held(server)
    words = ("targets.csv", "--create-missing", "--before-image", "--run", "run.db")
    assert bulkeic("apply", *words, *ends).code == 0
    meddle(server, "change", {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60})
    meddle(server, "bare", None)
    theirs = held(server)["change"]

    result = bulkeic("rollback", "run.db", "--results", "r.jsonl", "--output", "json", *ends)

    assert result.code == result.summary["exit_code"] == 1, result.err
    assert result.summary["errors"] == {"ChangedSince": 1}
    outcomes = {outcome["function_name"]: outcome for outcome in bulkeic.outcomes("r.jsonl")}
    assert {name: outcome["status"] for name, outcome in outcomes.items()} == {
        "change": "failed", "half": "updated", "bare": "unchanged",
    }  # fmt: skip
    assert outcomes["change"]["error_message"] == "MaximumRetryAttempts is 0, was 1"
    assert held(server) == before | {"change": theirs}

    forced = bulkeic("rollback", "run.db", "--force", *ends)

    assert forced.code == 0, forced.err
    assert "3 targets: 1 updated, 2 unchanged" in forced.lines
    assert held(server) == before
