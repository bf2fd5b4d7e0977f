"""What goes wrong with a call: decided by dice that a seed loads.

Every draw throws all dice, so that the n-th call of a seed meets the same dice whatever the
settings or the answers of the calls before it were. Each fault has its own die. Where several
strike one call, the first of this table wins:

    fault        what the client sees
    hang         nothing, ever; nothing is changed
    cut_before   the connection is cut; nothing is changed
    throttle     429
    refuse       403; nothing is changed
    error        500; nothing is changed
    conflict     409 where the call would have changed something
    cut_after    the connection is cut; the change was made
    truncated    fewer bytes than announced, then the close; the change was made
    garbage      200 with an HTML page; the change was made

`slow` is apart: it delays whatever else happens. So is `expired`, which strikes calls with the
credentials of AssumeRole alone, before any fault of the table.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from enum import Enum
from math import exp, log
from operator import attrgetter
from random import Random
from statistics import NormalDist
from typing import Any

from bulkeic.sandbox.behavior.sandbox_options import Faults


class Mishap(Enum):
    """A fault that strikes a call; its value names the probability. The order is the table's."""

    HANG = "hang"
    CUT_BEFORE = "cut_before"
    THROTTLE = "throttle"
    REFUSE = "refuse"
    ERROR = "error"
    CONFLICT = "conflict"
    CUT_AFTER = "cut_after"
    TRUNCATED = "truncated"
    GARBAGE = "garbage"


_STANDARD = NormalDist()
_P99 = _STANDARD.inv_cdf(0.99)
_MISHAPS = tuple(Mishap)
_PROBABILITIES = attrgetter(*(mishap.value for mishap in Mishap))


@dataclass(frozen=True, slots=True)
class Fate:
    """What a draw decided.

    Attributes:
        mishap: the fault that strikes, or None.
        slow_s: seconds that are added.
        expired: whether credentials of AssumeRole are said to have expired.
    """

    mishap: Mishap | None
    slow_s: float
    expired: bool = False


def draw(dice: Random, faults: Faults) -> Fate:
    """Decide what goes wrong with the next call."""
    slow_s = faults.slow_s if dice.random() < faults.slow else 0.0
    struck = None
    for mishap, probability in zip(_MISHAPS, _PROBABILITIES(faults), strict=True):
        if dice.random() < probability and struck is None:
            struck = mishap
    return Fate(struck, slow_s, dice.random() < faults.expired)


def latency_s(chance: float, faults: Faults) -> float:
    """How many seconds an answer takes for which the dice showed this number, 0 to 1."""
    if faults.latency_p99_s is None or faults.latency_p99_s == faults.latency_s or not chance:
        return faults.latency_s
    sigma = log(faults.latency_p99_s / faults.latency_s) / _P99
    return faults.latency_s * exp(sigma * _STANDARD.inv_cdf(chance))


def faults_from_json(data: Any) -> Faults:
    """Faults from decoded JSON; fields that are left out get their defaults.

    Raises:
        ValueError: not an object, an unknown field, a value that is no number or out of range.
    """
    if not isinstance(data, dict):
        raise ValueError("faults: not an object")  # noqa: TRY004 - callers know one kind of error
    known = {field.name: field.default for field in fields(Faults)}
    for name in data:
        if name not in known:
            raise unknown_field(name, known)
    check_numbers(data, {name for name, default in known.items() if default is None})
    return Faults(**data)


def check_numbers(data: Mapping[str, Any], optional: AbstractSet[str]) -> None:
    """Check that all values are numbers, or None where that is optional.

    Raises:
        ValueError: one is not.
    """
    for name, value in data.items():
        empty = value is None and name in optional
        if not empty and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError(f"{name}: {value!r} is not a number")


def unknown_field(name: str, known: Iterable[str]) -> ValueError:
    """The error that says that a field is unknown, and which known one is nearest."""
    nearest = get_close_matches(name, list(known), n=1, cutoff=0)
    return ValueError(f"{name}: unknown field; the nearest is {nearest[0]}")


def faults_to_json(faults: Faults) -> dict[str, Any]:
    """Faults as an object for JSON: what `faults_from_json` reads back."""
    return asdict(faults)
