"""A round: a fleet, a command on it, and what happens to that; all drawn by a seed."""

import os
import random
import shlex
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Bulkeic, Server
from tests.e2e.fleet import ROLE
from tests.e2e.terminal_screen import State, drawn_rows, drawn_state, state_of, write_rows

from .disruptions import Blow, Trouble, drawn_blows, has_ended
from .expected_outcomes import Ledger, changed_seqs, ledger
from .kill_point import Gate
from .state_check import NOTHING, Look, Place, Wish, Witness, counts, goal, image, outcomes_of

KINDS = ("plain", "before", "plan", "waves", "rollback")
RESULTS = (None, "r.jsonl", "r.csv")
MILD = dict.fromkeys(("throttle", "conflict", "error", "cut_before", "cut_after"), 0.01)
MILD |= dict.fromkeys(("truncated", "garbage"), 0.01) | {"hang": 0.002}
HARSH = dict.fromkeys(("error", "cut_before", "cut_after", "garbage", "refuse"), 0.02)
LATENCY_S = 0.02
GIVE_UP_S = 20
MOST_STARTS = 20
ENDED = {0, 1}
FIRST = "run.db"


class Round:
    """One round. ``said`` is what it was about, for whoever has to find out.

    Args:
        bulkeic: the command.
        server: the witness.
        gate: the way to it.
        seed: draws everything.
        functions: how many the fleet has; twice as many targets.
    """

    def __init__(
        self, bulkeic: Bulkeic, server: Server, gate: Gate, seed: int, functions: int
    ) -> None:
        self.bulkeic, self.server, self.gate = bulkeic, server, gate
        self.chance = chance = random.Random(seed)
        self.kind = KINDS[seed % len(KINDS)]
        self.results = chance.choice(RESULTS)
        self.creates = chance.random() < 0.5
        self.harsh = chance.random() < 0.25
        self.kills_export = chance.random() < 0.5
        self.looks: list[Look] = []
        self.run = "back.db" if self.kind == "rollback" else FIRST
        self.wishes = self._drawn_wishes(functions)
        self.blows = drawn_blows(random.Random(f"blows {seed}"), self.kind, seed // len(KINDS))
        self.said = [f"seed {seed}: {self.kind}, {len(self.wishes)} targets, {self.results}"]
        if self.harsh:
            self.said.append("harsh")

    def _drawn_wishes(self, functions: int) -> dict[int, Wish]:
        """Draws a fleet, and rows of which some are bad and some of no function."""
        chance = self.chance
        self.server.window("state", drawn_state(chance, functions), "PUT")
        before = state_of(self.server)
        rows = drawn_rows(chance, before)
        for row in chance.sample(rows, len(rows) // 20):
            row[4] = 7  # there are at most 2 retries
        for number in range(functions // 20):
            lane = chance.choice(list(before))
            gone = [f"gone-{number}", "", *lane.split("/"), 1, "", "", ""]
            rows.insert(chance.randrange(len(rows)), gone)
        write_rows(self.folder / "targets.csv", rows)
        return {seq: _wish(row, before) for seq, row in enumerate(rows)}

    @property
    def folder(self) -> Path:
        return self.bulkeic.folder

    @property
    def path(self) -> Path:
        """Of the run file."""
        return self.folder / self.run

    def play(self) -> None:
        """Runs the command through all that happens to it, until everything is done."""
        if self.kind == "rollback":
            self._prepare_rollback()
        self._set_faults(HARSH if self.harsh else MILD)
        words = self._first_words()
        for _ in range(MOST_STARTS):
            blow = self.blows.pop(0) if self.blows else None
            if blow is None:
                self._set_faults({} if self.harsh else MILD)
            code, said = self._live_through(words, blow)
            left = ledger(self.path)
            whole = blow is None or blow.way != "pipe"
            if code in ENDED and left is not None and not left.pending and whole:
                return
            words = self._next_words(code, said, left, whole=whole)
        raise AssertionError("it comes to no end")

    def compare(self) -> list[str]:
        """What does not agree, in the end."""
        self._set_faults({})
        ending = (self.results or ".jsonl").rpartition(".")[2]
        texts = {each: self._exported(each) for each in {"jsonl", ending}}
        witness = Witness(
            self.wishes, self.server.window("state"), counts(self.server), self.looks,
            harsh=self.harsh, rereads=self.kind == "waves",
            creates=self.creates or self.kind == "rollback",
        )  # fmt: skip
        witness.compare(outcomes_of(texts["jsonl"]))
        if self.results:
            data = (self.folder / self.results).read_bytes().decode()
            witness.compare_results(data, ending, texts[ending])
        return witness.problems

    def _exported(self, ending: str) -> str:
        """An export; one before it is killed on its way, and does no harm."""
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
        """Makes a calm run that is to be taken back; its rows are the wishes from now on."""
        done = self.bulkeic(*self._apply("targets.csv", "--run", FIRST, "--skip-invalid",
                                         "--before-image", *self._creating()))  # fmt: skip
        assert done.code == 1, done.err
        changed = changed_seqs(self.folder / FIRST)
        now = state_of(self.server)
        self.wishes = {
            seq: Wish(wish.place, _held(now, wish.place), wish.had or NOTHING)
            for seq, wish in self.wishes.items()
            if seq in changed
        }
        self.server.window("reset-stats", method="POST")

    def _set_faults(self, faults: dict[str, float]) -> None:
        self.server.window("faults", faults | {"latency_s": LATENCY_S}, "PUT")

    def _live_through(self, words: tuple[object, ...], blow: Blow | None) -> tuple[int, str]:
        """Runs a command while something happens to it: its exit code, and what it said."""
        trouble = Trouble(self.bulkeic, self.server, self.gate, self.path, self.looks)
        before = ledger(self.path)
        pending = before.pending if before else len(self.wishes)
        ended = trouble.live_through(words, blow, pending)
        self.said.append(f"{words[0]}, {blow}: {ended.code}")
        assert "Traceback" not in ended.err, ended.err
        assert "internal error, please" not in ended.err, ended.err
        allowed = (blow.codes if blow else ENDED) | ({3} if self.harsh else set[int]())
        assert ended.code in allowed, f"{ended.code}: {ended.err}"
        left = ledger(self.path)
        if words[0] == "plan" and blow is None:
            assert not any(each.changed for each in counts(self.server).values())
        if left is not None:
            self.looks.append(Look(left.known, counts(self.server), loses=ended.loses))
        else:
            assert not any(counts(self.server).values()), "called before all was loaded"
        return ended.code, ended.err

    def _first_words(self) -> tuple[object, ...]:
        if self.kind == "rollback":
            return (*self._apply(FIRST, "--run", self.run, verb="rollback"), *self._keeping())
        words = ("targets.csv", "--run", self.run, "--skip-invalid", *self._creating())
        if self.kind == "plan":
            return ("plan", *words, *self._ends())
        more = {"before": ("--before-image",), "waves": self._waves()}.get(self.kind, ())
        return (*self._apply(*words, *more), *self._keeping())

    def _next_words(
        self, code: int, said: str, left: Ledger | None, *, whole: bool
    ) -> tuple[object, ...]:
        """How the run is carried on with; where the command said how, that is done."""
        if left is None:
            self._sweep_up()
            return self._first_words()
        if code == 3 and left.pending:
            told = said.splitlines()[-1]
            assert told.startswith("carry on with: bulkeic "), said
            if whole:
                return (*shlex.split(told)[4:], "--give-up-after", GIVE_UP_S)
        if self.kind == "plan" and left.unread:
            return ("plan", self.run, *self._ends())
        more = (
            self._waves() if self.kind == "waves" and not left.waves else ("--max-failures", "100%")
        )
        return (*self._apply(self.run, *more), *self._keeping())

    def _sweep_up(self) -> None:
        """Takes away a run file that was not loaded completely, if there is one; it says so."""
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
            "--endpoint-url", self.gate.url, "--role-arn", ROLE, "--rate", "unlimited",
            "--concurrency", 8, "--timeout", 2, "--max-attempts", 2 if self.harsh else 50,
            "--log-level", "error", "--no-progress", "--give-up-after", GIVE_UP_S,
        )  # fmt: skip


def _held(state: State, place: Place) -> Any:
    lane, function, qualifier = place
    return image(state[lane].get(function, {}).get(qualifier))


def _wish(row: list[object], before: State) -> Wish:
    name, qualifier, account, region = map(str, row[:4])
    place = (f"{account}/{region}", name, qualifier or "$LATEST")
    had = _held(before, place)
    wanted = None if row[4] == 7 else goal(row[4:], had, place)
    return Wish(place, had, wanted, there=name in before[place[0]])
