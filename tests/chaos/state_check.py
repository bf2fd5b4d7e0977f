"""What the server says of each target, beside what the command says of it."""

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

Place = tuple[str, str, str]
"""Lane, function and qualifier."""
Image = tuple[int | None, int | None, str | None, str | None]
"""Retries, age, where success goes, where failure goes."""
NOTHING: Image = (None, None, None, None)
CHANGES = tuple(f"{verb}FunctionEventInvokeConfig" for verb in ("Update", "Put", "Delete"))
NOT_FOUND = "ResourceNotFoundException"


@dataclass(frozen=True)
class Count:
    """Calls of a target, as the server counted them."""

    reads: int = 0
    writes: int = 0
    changed: int = 0
    told: int = 0


@dataclass(frozen=True)
class Wish:
    """A row, and what the server had for it.

    Attributes:
        place: its target.
        had: the configuration before; ``None``: there was none.
        goal: what is to be there afterwards; ``None``: the row is no job.
        there: whether there is such a function and qualifier.
    """

    place: Place
    had: Image | None
    goal: Image | None
    there: bool = True


@dataclass(frozen=True)
class Look:
    """What was so when a process had ended, or the network went.

    Attributes:
        known: the outcomes that were committed, by ``seq``.
        counts: what the server had counted.
        loses: whether calls in flight may not be known any more.
    """

    known: Mapping[int, tuple[Any, ...]]
    counts: Mapping[Place, Count]
    loses: bool


def image(config: Mapping[str, Any] | None) -> Image | None:
    """A configuration in Lambda's form."""
    if config is None:
        return None
    halves = config.get("DestinationConfig") or {}
    success, failure = (
        (halves.get(half) or {}).get("Destination") for half in ("OnSuccess", "OnFailure")
    )
    numbers = (config.get(f"Maximum{name}") for name in ("RetryAttempts", "EventAgeInSeconds"))
    retries, age_s = numbers
    return retries, age_s, success, failure


def goal(wanted: Sequence[object], had: Image | None, place: Place) -> Image:
    """What a row makes of a configuration: its last four cells, over what is there."""
    lane, function, _ = place
    account, region = lane.split("/")
    made: list[Any] = list(had or NOTHING)
    for index, cell in enumerate(wanted):
        if cell == "none":
            made[index] = None
        elif isinstance(cell, str) and cell:
            made[index] = cell.format(region=region, account=account, function=function)
        elif cell != "":
            made[index] = cell
    return made[0], made[1], made[2], made[3]


def counts(server: Server) -> dict[Place, Count]:
    """What the server counted of each target."""
    told = server.window("targets")
    assert told["others"] == 0
    return {
        (lane, function, qualifier): _summed(operations)
        for lane, functions in told["targets"].items()
        for function, versions in functions.items()
        for qualifier, operations in versions.items()
    }


def _summed(operations: Mapping[str, Mapping[str, int]]) -> Count:
    changes = [operations[each] for each in CHANGES if each in operations]
    calls = sum(each["calls"] for each in operations.values())
    writes = sum(each["calls"] for each in changes)
    return Count(
        calls - writes,
        writes,
        sum(each["changed"] for each in changes),
        sum(each["told"] for each in changes),
    )


@dataclass
class Witness:
    """Compares, target by target, and keeps what does not agree.

    Attributes:
        wishes: the rows by ``seq``.
        state: what the server holds.
        counts: what it counted.
        looks: what was so each time that something happened.
        harsh: whether so much goes wrong that any job may fail.
        rereads: whether targets are read again when they are done.
        creates: whether missing configurations are made.
        problems: what does not agree.
    """

    wishes: Mapping[int, Wish]
    state: State
    counts: Mapping[Place, Count]
    looks: Sequence[Look]
    harsh: bool
    rereads: bool
    creates: bool
    problems: list[str] = field(default_factory=list)

    def compare(self, outcomes: Sequence[Mapping[str, Any]]) -> None:
        """Compares exported outcomes with all that the server knows."""
        seqs = Counter(outcome["seq"] for outcome in outcomes)
        self._same("seqs of outcomes", seqs, Counter(list(self.wishes)))
        for outcome in outcomes:
            wish = self.wishes.get(outcome["seq"])
            if wish is not None:
                self._judge(wish, outcome)
        wished = {wish.place for wish in self.wishes.values()}
        self._same("targets of no row", set(self.counts) - wished, set[Place]())

    def compare_results(self, data: str, ending: str, exported: str) -> None:
        """Compares a results file with the export in its format, line by line."""
        self._same("the results' last line is whole", data[-1:], "\n")
        read = _rows if ending == "csv" else outcomes_of
        found, expected = read(data), read(exported)
        seqs = [[int(each["seq"]) for each in lines] for lines in (found, expected)]
        self._same("seqs of the results", sorted(seqs[0]), seqs[1])
        known = {int(each["seq"]): each for each in expected}
        for line in found:
            self._same(f"results of {line['seq']}", line, known.get(int(line["seq"])))

    def _judge(self, wish: Wish, outcome: Mapping[str, Any]) -> None:
        seq, status = outcome["seq"], outcome["status"]
        config = self._config(wish.place)
        now, count = image(config), self.counts.get(wish.place, Count())
        say = f"{seq} {wish.place} {status} {outcome['error_code']} {count}"
        named = (f"{outcome['account_id']}/{outcome['region']}", outcome["qualifier"])
        if wish.goal is None:
            self._same(
                f"{say}: invalid, no call", (status, count, now), ("invalid", Count(), wish.had)
            )
            return
        self._same(f"{say}: its target", named, (wish.place[0], wish.place[2]))
        self._is_in(f"{say}: allowed", status, self._allowed(wish))
        lost = sum(look.loses and seq not in look.known for look in self.looks)
        match status:
            case "updated" | "created":
                self._same(f"{say}: holds", now or NOTHING, wish.goal)
                self._holds(f"{say}: was changed", count.changed > 0)
                self._holds(f"{say}: told once, or lost {lost} times", count.told <= 1 + lost)
                self._same_config(say, outcome["config"], config)
                if status == "created" or not lost:
                    self._same(f"{say}: created", status == "created", self._creates(wish))
            case "unchanged":
                self._same(f"{say}: holds", now or NOTHING, wish.goal)
                self._same(f"{say}: untouched", (count.changed, now), (0, wish.had))
            case "failed":
                self._holds(f"{say}: not told, or lost {lost} times", count.told <= lost)
                if outcome["error_code"] == NOT_FOUND:
                    self._same(f"{say}: untouched", (count.changed, now), (0, wish.had))
                self._is_in(f"{say}: holds", now or NOTHING, {wish.had or NOTHING, wish.goal})
        self._judge_again(say, seq, outcome, count, wish.place)

    def _judge_again(
        self, say: str, seq: int, outcome: Mapping[str, Any], count: Count, place: Place
    ) -> None:
        """What was done at any look is neither called again nor told otherwise."""
        for number, look in enumerate(self.looks):
            known = look.known.get(seq)
            if known is None:
                continue
            then = look.counts.get(place, Count())
            told = (outcome["status"], outcome["request_id"], outcome["started_at"])
            self._same(f"{say}: as known at look {number}", told, known)
            self._same(f"{say}: written again after look {number}", count.writes, then.writes)
            if not self.rereads:
                self._same(f"{say}: read again after look {number}", count.reads, then.reads)

    def _allowed(self, wish: Wish) -> set[str]:
        if not wish.there:
            return {"failed"}
        fails = {"failed"} if self.harsh else set[str]()
        if wish.had is None and not self._creates(wish):
            return {"failed", "unchanged"}
        return fails | {"updated", "created", "unchanged"}

    def _creates(self, wish: Wish) -> bool:
        return wish.had is None and self.creates

    def _config(self, place: Place) -> Any:
        lane, function, qualifier = place
        return self.state.get(lane, {}).get(function, {}).get(qualifier)

    def _same_config(self, say: str, told: Any, held: Any) -> None:
        """The configuration that was told is the one that is held, with its very time."""
        self._same(f"{say}: config", image(told) or NOTHING, image(held) or NOTHING)
        if told and held:
            at = datetime.fromisoformat(told["LastModified"]).timestamp()
            self._same(f"{say}: config's time", round(at, 3), round(held["LastModified"], 3))

    def _same(self, say: str, found: object, expected: object) -> None:
        if found != expected:
            self.problems.append(f"{say}: {_short(found)}, not {_short(expected)}")

    def _holds(self, say: str, found: object) -> None:
        if not found:
            self.problems.append(f"not so: {say}")

    def _is_in(self, say: str, found: object, allowed: Iterable[object]) -> None:
        if found not in allowed:
            self.problems.append(f"{say}: {found!r} is none of {allowed!r}")


def _rows(text: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(text), strict=True))


def _short(value: object) -> str:
    return f"{value!r:.600}"


def outcomes_of(text: str) -> list[dict[str, Any]]:
    """Exported JSON Lines."""
    return [json.loads(line) for line in text.splitlines()]
