"""A chaos round: a seed draws a fleet, a command and what disrupts the command."""

import os
import random
import shlex
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Bulkeic, Server
from tests.e2e.fleet import ROLE
from tests.e2e.random_fleet import State, drawn_rows, drawn_state, state_of, write_rows

from .disruptions import DisruptedCommand, Disruption, has_ended, random_disruptions
from .flaky_proxy import FlakyProxy
from .run_file_state import RunFileState, changed_seqs, read_state
from .state_check import (
    NOTHING,
    ExpectedTarget,
    Observation,
    StateCheck,
    TargetKey,
    call_counts,
    outcomes_of,
    snapshot_of,
    wanted_snapshot,
)

KINDS = ("plain", "before", "plan", "waves", "rollback")
RESULTS = (None, "r.jsonl", "r.csv")
MILD = dict.fromkeys(("throttle", "conflict", "error", "cut_before", "cut_after"), 0.01)
MILD |= dict.fromkeys(("truncated", "garbage"), 0.01) | {"hang": 0.002}
HARSH = dict.fromkeys(("error", "cut_before", "cut_after", "garbage", "refuse"), 0.02)
LATENCY_S = 0.02
GIVE_UP_S = 20
MAX_STARTS = 20
ENDED = {0, 1}
FIRST = "run.db"
WITH_WORKERS = 0.3


class ChaosRound:
    """One round.

    Args:
        bulkeic: the command.
        server: the sandbox that it calls.
        proxy: the proxy in front of the sandbox.
        seed: draws everything.
        functions: number of functions in the fleet; it has about twice as many targets.

    Attributes:
        log: what happened, to investigate a failure.
    """

    def __init__(
        self, bulkeic: Bulkeic, server: Server, proxy: FlakyProxy, seed: int, functions: int
    ) -> None:
        self.bulkeic, self.server, self.proxy = bulkeic, server, proxy
        self.rng = rng = random.Random(seed)
        self.kind = KINDS[seed % len(KINDS)]
        self.results = rng.choice(RESULTS)
        self.creates = rng.random() < 0.5
        self.harsh = rng.random() < 0.25
        self.kills_export = rng.random() < 0.5
        self.observations: list[Observation] = []
        self.run = "back.db" if self.kind == "rollback" else FIRST
        self.expected_targets = self._random_targets(functions)
        # Drawn apart: a seed keeps its fleet, its command and its disruptions.
        has_workers = random.Random(f"workers {seed}").random() < WITH_WORKERS
        self.workers = ("--workers", 2) if has_workers else ()
        self.disruptions = random_disruptions(
            random.Random(f"disruptions {seed}"), self.kind, seed // len(KINDS)
        )
        self.log = [
            f"seed {seed}: {self.kind}, {len(self.expected_targets)} targets, {self.results}"
        ]
        if self.harsh:
            self.log.append("harsh")
        if self.workers:
            self.log.append("workers")

    def _random_targets(self, functions: int) -> dict[int, ExpectedTarget]:
        """Draws a fleet and its rows; some rows are invalid, some name a missing function."""
        rng = self.rng
        self.server.window("state", drawn_state(rng, functions), "PUT")
        before = state_of(self.server)
        rows = drawn_rows(rng, before)
        for row in rng.sample(rows, len(rows) // 20):
            row[4] = 7  # the maximum is 2 retries
        for number in range(functions // 20):
            lane = rng.choice(list(before))
            gone = [f"gone-{number}", "", *lane.split("/"), 1, "", "", ""]
            rows.insert(rng.randrange(len(rows)), gone)
        write_rows(self.folder / "targets.csv", rows)
        return {seq: _expected_target(row, before) for seq, row in enumerate(rows)}

    @property
    def folder(self) -> Path:
        return self.bulkeic.folder

    @property
    def path(self) -> Path:
        """Path of the run file."""
        return self.folder / self.run

    def run_to_end(self) -> None:
        """Runs and resumes the command through all disruptions until no job is pending."""
        if self.kind == "rollback":
            self._prepare_rollback()
        self._set_faults(HARSH if self.harsh else MILD)
        words = self._first_words()
        for _ in range(MAX_STARTS):
            disruption = self.disruptions.pop(0) if self.disruptions else None
            if disruption is None:
                self._set_faults({} if self.harsh else MILD)
            code, err = self._run(words, disruption)
            left = read_state(self.path)
            whole = disruption is None or disruption.kind != "pipe"
            if code in ENDED and left is not None and not left.pending and whole:
                return
            words = self._next_words(code, err, left, whole=whole)
        raise AssertionError(f"jobs are pending after {MAX_STARTS} starts")

    def compare(self) -> list[str]:
        """Compares outcomes, results and the server's state at the end: the differences."""
        self._set_faults({})
        ending = (self.results or ".jsonl").rpartition(".")[2]
        texts = {each: self._exported(each) for each in {"jsonl", ending}}
        check = StateCheck(
            self.expected_targets, self.server.window("state"), call_counts(self.server),
            self.observations,
            harsh=self.harsh, rereads=self.kind == "waves",
            creates=self.creates or self.kind == "rollback",
        )  # fmt: skip
        check.compare(outcomes_of(texts["jsonl"]))
        if self.results:
            data = (self.folder / self.results).read_bytes().decode()
            check.compare_results(data, ending, texts[ending])
        return check.problems

    def _exported(self, ending: str) -> str:
        """Exports the run; sometimes kills another export first, which must change nothing."""
        words = ("export", self.run, "--format", ending)
        if ending == "jsonl" and self.kills_export:
            with (self.folder / "cut.jsonl").open("w") as file:
                process = self.bulkeic.start(*words, stdout=file, stderr=subprocess.STDOUT)
                while not os.fstat(file.fileno()).st_size and not has_ended(process):
                    pass
                process.kill()
                assert process.wait(20) in {-9, 0}
        return self.bulkeic(*words).out

    def _prepare_rollback(self) -> None:
        """Makes an undisrupted run to roll back; expects what its targets had before."""
        done = self.bulkeic(*self._apply("targets.csv", "--run", FIRST, "--skip-invalid",
                                         *self._creating()))  # fmt: skip
        assert done.code == 1, done.err
        changed = changed_seqs(self.folder / FIRST)
        now = state_of(self.server)
        self.expected_targets = {
            seq: ExpectedTarget(each.key, _held(now, each.key), each.before or NOTHING)
            for seq, each in self.expected_targets.items()
            if seq in changed
        }
        self.server.window("reset-stats", method="POST")

    def _set_faults(self, faults: dict[str, float]) -> None:
        self.server.window("faults", faults | {"latency_s": LATENCY_S}, "PUT")

    def _run(self, words: tuple[object, ...], disruption: Disruption | None) -> tuple[int, str]:
        """Runs a command and disrupts it: its exit code and stderr."""
        command = DisruptedCommand(
            self.bulkeic, self.server, self.proxy, self.path, self.observations
        )
        before = read_state(self.path)
        pending = before.pending if before else len(self.expected_targets)
        ended = command.run(words, disruption, pending)
        self.log.append(f"{words[0]}, {disruption}: {ended.code}")
        assert "Traceback" not in ended.err, ended.err
        assert "internal error, please" not in ended.err, ended.err
        allowed = (disruption.codes if disruption else ENDED) | ({3} if self.harsh else set[int]())
        assert ended.code in allowed, f"{ended.code}: {ended.err}"
        left = read_state(self.path)
        if words[0] == "plan" and disruption is None:
            assert not any(each.changed for each in call_counts(self.server).values())
        if left is not None:
            self.observations.append(
                Observation(left.known, call_counts(self.server), loses=ended.loses)
            )
        else:
            assert not any(call_counts(self.server).values()), (
                "called Lambda before the file was loaded"
            )
        return ended.code, ended.err

    def _first_words(self) -> tuple[object, ...]:
        if self.kind == "rollback":
            return (*self._apply(FIRST, "--run", self.run, verb="rollback"), *self._keeping())
        words = ("targets.csv", "--run", self.run, "--skip-invalid", *self._creating())
        if self.kind == "plan":
            return ("plan", *words, *self._ends())
        more = {"plain": ("--no-before-image",), "waves": self._waves()}.get(self.kind, ())
        return (*self._apply(*words, *more), *self._keeping())

    def _next_words(
        self, code: int, err: str, left: RunFileState | None, *, whole: bool
    ) -> tuple[object, ...]:
        """The command that resumes the run: the one that the last line names, if it names one."""
        if left is None:
            self._delete_unloaded_run()
            return self._first_words()
        if code == 3 and left.pending:
            last = err.splitlines()[-1]
            assert last.startswith("resume with: bulkeic "), err
            if whole:
                return (*shlex.split(last.partition("bulkeic ")[2]), "--give-up-after", GIVE_UP_S)
        if self.kind == "plan" and left.unread:
            return ("plan", self.run, *self._ends())
        more = (
            self._waves() if self.kind == "waves" and not left.waves else ("--max-failures", "100%")
        )
        return (*self._apply(self.run, *more), *self._keeping())

    def _delete_unloaded_run(self) -> None:
        """Deletes a run file that is not loaded completely, if there is one; bulkeic refuses it."""
        if not self.path.exists():
            return
        refused = self.bulkeic(*self._apply(self.run))
        assert refused.code == 2, refused.err
        assert len(refused.lines) == 1, refused.err
        self.path.unlink()

    def _apply(self, *words: object, verb: str = "apply") -> tuple[object, ...]:
        return (verb, *words, "--yes", *self._ends())

    def _waves(self) -> tuple[object, ...]:
        return ("--waves", "3,30%,100%", "--max-failures", "100%")

    def _creating(self) -> tuple[object, ...]:
        return ("--create-missing",) if self.creates else ()

    def _keeping(self) -> tuple[object, ...]:
        return ("--results", self.results) if self.results else ()

    def _ends(self) -> tuple[object, ...]:
        return (
            "--endpoint-url", self.proxy.url, "--role-arn", ROLE, "--rate", "unlimited",
            "--concurrency", 8, "--timeout", 2, "--max-attempts", 2 if self.harsh else 50,
            "--log-level", "error", "--no-progress", "--give-up-after", GIVE_UP_S, *self.workers,
        )  # fmt: skip


def _held(state: State, key: TargetKey) -> Any:
    lane, function, qualifier = key
    return snapshot_of(state[lane].get(function, {}).get(qualifier))


def _expected_target(row: list[object], before: State) -> ExpectedTarget:
    name, qualifier, account, region = map(str, row[:4])
    key = (f"{account}/{region}", name, qualifier or "$LATEST")
    held = _held(before, key)
    wanted = None if row[4] == 7 else wanted_snapshot(row[4:], held, key)
    return ExpectedTarget(key, held, wanted, exists=name in before[key[0]])
