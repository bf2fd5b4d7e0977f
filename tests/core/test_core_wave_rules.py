"""Waves of a waves file: each target has one wave, that of the first row that matches it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.model import Lane
from bulkeic.core.rollout.wave_rules import WaveRule, parse_wave_rule, spread_by_rules, unused_rules
from bulkeic.core.rollout.waves import new_waves_of

A, B, C = "111111111111", "111122222222", "333333333333"
REGIONS = ("us-east-1", "eu-west-1", "eu-north-1")
LANES = [Lane(account, region) for account in (A, B, C) for region in REGIONS]

RULES = [
    ({"Wave": 1, "AccountId": A}, WaveRule(1, A, "*", 2)),
    ({"Wave": "2", "AccountId": "1111*", "Region": ""}, WaveRule(2, "1111*", "*", 2)),
    ({"Wave": 1000, "Region": "eu-*"}, WaveRule(1000, "*", "eu-*", 2)),
    ({"Wave": 3, "AccountId": 7, "Region": "us-east-1"}, WaveRule(3, f"{7:012}", "us-east-1", 2)),
]
INVALID = [
    ({"AccountId": A}, "Wave: missing; every row has the number of a wave"),
    ({"Wave": "0", "AccountId": A}, "Wave: 0 is out of range; expected 1 to 1000"),
    ({"Wave": "first", "AccountId": A}, "Wave: 'first' is not an integer; expected 1 to 1000"),
    ({"Wave": 1}, "AccountId: missing; every row has an AccountId, a Region or both"),
    (
        {"Wave": 1, "AccountId": "12"},
        "AccountId: '12' is invalid; expected an account id of 12 digits or a glob, such as 1234*",
    ),
    (
        {"Wave": 1, "Region": "EU"},
        "Region: 'EU' is invalid; expected a Region or a glob, such as eu-*",
    ),
    ({"Wave": 1, "Region": ["eu-west-1"]}, "Region: ['eu-west-1'] is invalid; expected a Region"),
]


@pytest.mark.parametrize(("values", "rule"), RULES)
def test_a_row_is_a_rule(values: dict[str, Any], rule: WaveRule) -> None:
    assert parse_wave_rule(values, 2) == rule


@pytest.mark.parametrize(("values", "text"), INVALID)
def test_an_invalid_row_names_its_field_and_what_is_expected(
    values: dict[str, Any], text: str
) -> None:
    with pytest.raises(InputError) as caught:
        parse_wave_rule(values, 2)
    assert text in str(caught.value)


def test_the_first_row_that_matches_decides_and_the_rest_comes_last() -> None:
    rules = [WaveRule(7, A, "*", 2), WaveRule(2, "1111*", "eu-*", 3), WaveRule(2, C, "us-*", 4)]

    numbers, ends = spread_by_rules(dict.fromkeys(LANES, 5), rules)

    new = new_waves_of(ends, numbers)
    assert new.numbers == [2, 7, 8]
    assert [[str(lane) for lane, jobs in wave.items() if jobs] for wave in new.lanes] == [
        [f"{B}/eu-west-1", f"{B}/eu-north-1", f"{C}/us-east-1"],
        [f"{A}/{region}" for region in REGIONS],
        [f"{B}/us-east-1", f"{C}/eu-west-1", f"{C}/eu-north-1"],
    ]
    assert [wave.targets for wave in new.waves] == [15, 15, 15]


globs = st.sampled_from(["*", A, B, C, "1*", "????22222222"])
regions = st.sampled_from(["*", *REGIONS, "eu-*", "[!e]*"])
rules = st.lists(st.builds(WaveRule, st.integers(1, 6), globs, regions, st.just(2)), max_size=6)


@given(st.dictionaries(st.sampled_from(LANES), st.integers(0, 9)), rules)
def test_every_target_is_in_one_wave(jobs: dict[Lane, int], rules: list[WaveRule]) -> None:
    numbers, ends = spread_by_rules(jobs, rules)

    new = new_waves_of(ends, numbers)
    assert numbers == sorted(set(numbers))
    assert all(wave.targets for wave in new.waves)
    for lane, count in jobs.items():
        own = [number for number, wave in zip(numbers, new.lanes, strict=True) if wave[lane]]
        first = next((rule.wave for rule in rules if rule.matches(lane)), None)
        assert sum(wave[lane] for wave in new.lanes) == count
        if count:
            last = max((rule.wave for rule in rules), default=0) + 1
            assert own == [first or last]


def test_a_row_that_matches_nothing_is_found() -> None:
    typing_error = WaveRule(1, "111111111112", "*", 3)
    assert unused_rules(LANES, [WaveRule(1, A, "*", 2), typing_error]) == [typing_error]
    assert str(typing_error) == "account 111111111112, Region *"
