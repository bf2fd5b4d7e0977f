"""Compares what the command reports of each target with what the server holds and counted."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.e2e.conftest import Server
from tests.e2e.random_fleet import State

TargetKey = tuple[str, str, str]
"""Lane, function and qualifier."""
Snapshot = tuple[int | None, int | None, str | None, str | None]
"""MaximumRetryAttempts, MaximumEventAgeInSeconds, OnSuccess, OnFailure."""
NOTHING: Snapshot = (None, None, None, None)
CHANGES = tuple(f"{verb}FunctionEventInvokeConfig" for verb in ("Update", "Put", "Delete"))
NOT_FOUND = "ResourceNotFoundException"


@dataclass(frozen=True)
class CallCounts:
    """The server's counts of a target's calls; ``acknowledged``: changes with a full answer."""

    reads: int = 0
    writes: int = 0
    changed: int = 0
    acknowledged: int = 0


@dataclass(frozen=True)
class ExpectedTarget:
    """A row and what its target must become.

    Attributes:
        key: the target.
        before: the configuration before the run; ``None``: it had none.
        wanted: the configuration after the run; ``None``: the row is invalid.
        exists: whether the function and qualifier exist.
    """

    key: TargetKey
    before: Snapshot | None
    wanted: Snapshot | None
    exists: bool = True


@dataclass(frozen=True)
class Observation:
    """The state after a process ended, or when the network was cut.

    Attributes:
        known: the committed outcomes by ``seq``.
        call_counts: the server's counts.
        loses: whether the run file may lack answers to calls in flight.
    """

    known: Mapping[int, tuple[Any, ...]]
    call_counts: Mapping[TargetKey, CallCounts]
    loses: bool


def snapshot_of(config: Mapping[str, Any] | None) -> Snapshot | None:
    """The snapshot of a configuration in the API's form."""
    if config is None:
        return None
    halves = config.get("DestinationConfig") or {}
    success, failure = (
        (halves.get(half) or {}).get("Destination") for half in ("OnSuccess", "OnFailure")
    )
    numbers = (config.get(f"Maximum{name}") for name in ("RetryAttempts", "EventAgeInSeconds"))
    retries, age_s = numbers
    return retries, age_s, success, failure


def wanted_snapshot(cells: Sequence[object], before: Snapshot | None, key: TargetKey) -> Snapshot:
    """The configuration that results from a row's four settings."""
    lane, function, _ = key
    account, region = lane.split("/")
    made: list[Any] = list(before or NOTHING)
    for index, cell in enumerate(cells):
        if cell == "none":
            made[index] = None
        elif isinstance(cell, str) and cell:
            made[index] = cell.format(region=region, account=account, function=function)
        elif cell != "":
            made[index] = cell
    return made[0], made[1], made[2], made[3]


def call_counts(server: Server) -> dict[TargetKey, CallCounts]:
    """The server's counts of each target."""
    answer = server.window("targets")
    assert answer["others"] == 0
    return {
        (lane, function, qualifier): _summed(operations)
        for lane, functions in answer["targets"].items()
        for function, versions in functions.items()
        for qualifier, operations in versions.items()
    }


def _summed(operations: Mapping[str, Mapping[str, int]]) -> CallCounts:
    changes = [operations[each] for each in CHANGES if each in operations]
    calls = sum(each["calls"] for each in operations.values())
    writes = sum(each["calls"] for each in changes)
    return CallCounts(
        calls - writes,
        writes,
        sum(each["changed"] for each in changes),
        sum(each["acknowledged"] for each in changes),
    )


@dataclass
class StateCheck:
    """Compares target by target and collects the differences.

    Attributes:
        expected_targets: the rows by ``seq``.
        state: what the server holds.
        call_counts: the server's counts.
        observations: the states after each disruption.
        harsh: whether the faults are so frequent that any job may fail.
        rereads: whether the run reads targets again after it changed them.
        creates: whether the run creates missing configurations.
        problems: the differences found.
    """

    expected_targets: Mapping[int, ExpectedTarget]
    state: State
    call_counts: Mapping[TargetKey, CallCounts]
    observations: Sequence[Observation]
    harsh: bool
    rereads: bool
    creates: bool
    problems: list[str] = field(default_factory=list)

    def compare(self, outcomes: Sequence[Mapping[str, Any]]) -> None:
        """Compares exported outcomes with the server's state and counts."""
        seqs = Counter(outcome["seq"] for outcome in outcomes)
        self._check_equal("seqs of outcomes", seqs, Counter(list(self.expected_targets)))
        for outcome in outcomes:
            expected = self.expected_targets.get(outcome["seq"])
            if expected is not None:
                self._check_target(expected, outcome)
        wanted = {expected.key for expected in self.expected_targets.values()}
        self._check_equal("targets of no row", set(self.call_counts) - wanted, set[TargetKey]())

    def compare_results(self, data: str, ending: str, exported: str) -> None:
        """Compares a results file with the export in its format, line by line."""
        self._check_equal("the results' last line is whole", data[-1:], "\n")
        read = _rows if ending == "csv" else outcomes_of
        found, expected = read(data), read(exported)
        seqs = [[int(each["seq"]) for each in lines] for lines in (found, expected)]
        self._check_equal("seqs of the results", sorted(seqs[0]), seqs[1])
        known = {int(each["seq"]): each for each in expected}
        for line in found:
            self._check_equal(f"results of {line['seq']}", line, known.get(int(line["seq"])))

    def _check_target(self, expected: ExpectedTarget, outcome: Mapping[str, Any]) -> None:
        seq, status = outcome["seq"], outcome["status"]
        now = snapshot_of(self._config(expected.key))
        count = self.call_counts.get(expected.key, CallCounts())
        label = f"{seq} {expected.key} {status} {outcome['error_code']} {count}"
        named = (f"{outcome['account_id']}/{outcome['region']}", outcome["qualifier"])
        if expected.wanted is None:
            self._check_equal(
                f"{label}: invalid, no call",
                (status, count, now),
                ("invalid", CallCounts(), expected.before),
            )
            return
        self._check_equal(f"{label}: its target", named, (expected.key[0], expected.key[2]))
        self._check_in(f"{label}: allowed", status, self._allowed(expected))
        lost = sum(
            observation.loses and seq not in observation.known for observation in self.observations
        )
        match status:
            case "updated" | "created":
                self._check_changed(label, expected, outcome, count, lost)
            case "unchanged":
                self._check_equal(f"{label}: holds", now or NOTHING, expected.wanted)
                self._check_equal(f"{label}: untouched", (count.changed, now), (0, expected.before))
            case "failed":
                self._check_true(
                    f"{label}: not acknowledged, or {lost} answers lost", count.acknowledged <= lost
                )
                if outcome["error_code"] == NOT_FOUND:
                    self._check_equal(
                        f"{label}: untouched", (count.changed, now), (0, expected.before)
                    )
                self._check_in(
                    f"{label}: holds", now or NOTHING, {expected.before or NOTHING, expected.wanted}
                )
            case "unknown":
                self._check_equal(f"{label}: code", outcome["error_code"], "OutcomeUnknown")
                self._check_in(
                    f"{label}: holds", now or NOTHING, {expected.before or NOTHING, expected.wanted}
                )
        self._check_stable(label, seq, outcome, count, expected.key)

    def _check_changed(
        self,
        label: str,
        expected: ExpectedTarget,
        outcome: Mapping[str, Any],
        count: CallCounts,
        lost: int,
    ) -> None:
        """An updated or created target has what is wanted, and was changed once."""
        config, is_created = self._config(expected.key), outcome["status"] == "created"
        self._check_equal(f"{label}: holds", snapshot_of(config) or NOTHING, expected.wanted)
        self._check_true(f"{label}: was changed", count.changed > 0)
        self._check_true(
            f"{label}: acknowledged once, or {lost} answers lost", count.acknowledged <= 1 + lost
        )
        self._check_config(label, outcome["config"], config)
        if is_created or not lost:
            self._check_equal(f"{label}: created", is_created, self._creates(expected))

    def _check_stable(
        self, label: str, seq: int, outcome: Mapping[str, Any], count: CallCounts, key: TargetKey
    ) -> None:
        """A committed outcome neither changes later nor causes further calls."""
        for number, observation in enumerate(self.observations):
            known = observation.known.get(seq)
            if known is None:
                continue
            then = observation.call_counts.get(key, CallCounts())
            now = (outcome["status"], outcome["request_id"], outcome["started_at"])
            self._check_equal(f"{label}: as known at observation {number}", now, known)
            self._check_equal(
                f"{label}: written again after observation {number}", count.writes, then.writes
            )
            if not self.rereads:
                self._check_equal(
                    f"{label}: read again after observation {number}", count.reads, then.reads
                )

    def _allowed(self, expected: ExpectedTarget) -> set[str]:
        fails = {"failed", "unknown"} if self.harsh else set[str]()
        if not expected.exists:
            return fails | {"failed"}
        if expected.before is None and not self._creates(expected):
            return fails | {"failed", "unchanged"}
        return fails | {"updated", "created", "unchanged"}

    def _creates(self, expected: ExpectedTarget) -> bool:
        return expected.before is None and self.creates

    def _config(self, key: TargetKey) -> Any:
        lane, function, qualifier = key
        return self.state.get(lane, {}).get(function, {}).get(qualifier)

    def _check_config(self, label: str, reported: Any, held: Any) -> None:
        """The reported configuration equals the one that the server holds, its time included."""
        self._check_equal(
            f"{label}: config", snapshot_of(reported) or NOTHING, snapshot_of(held) or NOTHING
        )
        if reported and held:
            at = datetime.fromisoformat(reported["LastModified"]).timestamp()
            self._check_equal(
                f"{label}: config's time", round(at, 3), round(held["LastModified"], 3)
            )

    def _check_equal(self, label: str, found: object, expected: object) -> None:
        if found != expected:
            self.problems.append(f"{label}: {_short(found)}, not {_short(expected)}")

    def _check_true(self, label: str, found: object) -> None:
        if not found:
            self.problems.append(f"false: {label}")

    def _check_in(self, label: str, found: object, allowed: Iterable[object]) -> None:
        if found not in allowed:
            self.problems.append(f"{label}: {found!r} is not in {allowed!r}")


def _rows(text: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(text), strict=True))


def _short(value: object) -> str:
    return f"{value!r:.600}"


def outcomes_of(text: str) -> list[dict[str, Any]]:
    """Exported JSON Lines."""
    return [json.loads(line) for line in text.splitlines()]
