"""Which accounts and Regions belong to which wave: the rows of a waves file.

====================================  =======================
a target's account and Region         its wave is that of
====================================  =======================
match one row                         that row
match several rows                    the first of them
match no row                          a last wave of its own
====================================  =======================

Waves go in the order of their numbers, which may leave some out. A wave without targets is none.
"""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bulkeic.core.accounts import parse_account_id
from bulkeic.core.errors import InputError, quoted
from bulkeic.core.model import Lane
from bulkeic.core.targets.fields import Fields
from bulkeic.core.targets.nested_settings import UNSET
from bulkeic.core.targets.rows import parse_wave

WAVE_FIELDS = Fields(("Wave", "AccountId", "Region"), identifying=("Wave",))
"""The fields of a waves file."""

MOST_RULES = 10_000
_match_account_glob = re.compile(r"[0-9*?\[\]!-]+", re.ASCII).fullmatch
_match_region_glob = re.compile(r"[a-z0-9*?\[\]!-]+", re.ASCII).fullmatch


class WaveRule(msgspec.Struct, frozen=True, array_like=True):
    """A row of a waves file.

    Attributes:
        wave: its number, from 1.
        account: an account id or a glob.
        region: a Region or a glob.
        line: number of the row's line.
    """

    wave: int
    account: str
    region: str
    line: int

    def matches(self, lane: Lane) -> bool:
        """Whether targets of a lane belong to the wave, unless an earlier row says otherwise."""
        return _matches(self.account, lane.account_id) and _matches(self.region, lane.region)

    def __str__(self) -> str:
        return f"account {self.account}, Region {self.region}"


def decode_wave_rules(rules: str) -> Sequence[WaveRule]:
    """The rows of a waves file, as a run stores them.

    Args:
        rules: JSON.

    Raises:
        msgspec.DecodeError: they are something else.
    """
    return msgspec.json.decode(rules, type=list[WaveRule])


def parse_wave_rule(values: Mapping[str, Any], line: int) -> WaveRule:
    """Parses a row of a waves file.

    Args:
        values: by the names of ``WAVE_FIELDS``.
        line: number of the row's line.

    Raises:
        InputError: the row's first problem, without file and line.
    """
    if values.get("Wave") in UNSET:
        raise InputError("missing; every row has the number of a wave", field="Wave")
    wave = parse_wave(values["Wave"])
    account, region = _account(values.get("AccountId")), _region(values.get("Region"))
    if account is None and region is None:
        raise InputError("missing; every row has an AccountId, a Region or both", field="AccountId")
    return WaveRule(wave, account or "*", region or "*", line)


def _matches(glob: str, text: str) -> bool:
    if glob in {"*", text}:
        return True
    return not glob.isalnum() and fnmatch.fnmatchcase(text, glob)


def _account(value: Any) -> str | None:
    if isinstance(value, str) and not value.isdecimal() and _match_account_glob(value):
        return value
    try:
        return parse_account_id(value)
    except InputError:
        rule = f"{quoted(value)} is invalid; expected an account id of 12 digits or a glob, such as"
        raise InputError(f"{rule} 1234*", field="AccountId") from None


def _region(value: Any) -> str | None:
    if value in UNSET:
        return None
    if isinstance(value, str) and _match_region_glob(value):
        return value
    rule = f"{quoted(value)} is invalid; expected a Region or a glob, such as eu-*"
    raise InputError(rule, field="Region")


def spread_by_rules(
    jobs: Mapping[Lane, int], rules: Sequence[WaveRule]
) -> tuple[list[int], list[dict[Lane, int]]]:
    """The numbers of the waves, and for each the number of each lane's jobs done by its end.

    Args:
        jobs: number of jobs by lane.
        rules: rows of a waves file, in the order of the file.
    """
    last = max((rule.wave for rule in rules), default=0) + 1
    waves = {
        lane: next((rule.wave for rule in rules if rule.matches(lane)), last)
        for lane, number in jobs.items()
        if number
    }
    numbers = sorted(set(waves.values()))
    return numbers, [
        {lane: count if waves.get(lane, last) <= number else 0 for lane, count in jobs.items()}
        for number in numbers
    ]


def unused_rules(lanes: Sequence[Lane], rules: Sequence[WaveRule]) -> list[WaveRule]:
    """The rules that no lane matches, maybe because of a typing error."""
    return [rule for rule in rules if not any(map(rule.matches, lanes))]
