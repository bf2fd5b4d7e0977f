"""Alarms: names and templates become alarms of lanes, and states become decisions."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.model import Lane
from bulkeic.core.rollout.alarms import (
    Alarm,
    AlarmLook,
    AlarmState,
    alarm_of,
    answer_of,
    expand_alarms,
    parse_alarm,
    refusals,
)
from bulkeic.core.rollout.gates import GateDecision
from bulkeic.core.targets.names import partition_of

EAST = Lane("123456789012", "us-east-1")
OK, RINGS, WAITS = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA

lanes = st.builds(
    Lane,
    st.from_regex(r"[0-9]{12}", fullmatch=True),
    st.sampled_from(["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"]),
)
characters = st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="{}")
names = st.text(characters, min_size=1, max_size=40).filter(lambda text: text[:4] != "arn:")
alarms = st.builds(Alarm, lanes, names)


@given(names, st.lists(lanes, unique=True))
def test_a_name_is_an_alarm_of_every_lane(name: str, found: list[Lane]) -> None:
    assert expand_alarms([parse_alarm(name)], found) == dict.fromkeys(found, (name,))


@given(names, st.lists(lanes, unique=True))
def test_a_template_is_filled_in_for_each_lane(name: str, found: list[Lane]) -> None:
    patterns = [
        parse_alarm(f"{name}-{{account}}-{{region}}"),
        parse_alarm(f"arn:{{partition}}:cloudwatch:{{region}}:{{account}}:alarm:{name}"),
    ]
    assert expand_alarms(patterns, found) == {
        lane: (f"{name}-{lane.account_id}-{lane.region}", name) for lane in found
    }


@given(alarms, st.lists(lanes, min_size=1, unique=True))
def test_an_arn_is_one_alarm_whatever_the_lanes(alarm: Alarm, found: list[Lane]) -> None:
    assert expand_alarms([parse_alarm(alarm.arn)], found) == {alarm.lane: (alarm.name,)}
    assert alarm_of(alarm.arn, found[0]) == alarm


@given(st.lists(lanes, min_size=1, unique=True))
def test_equal_alarms_are_asked_for_once(found: list[Lane]) -> None:
    central = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:{region}"
    patterns = [parse_alarm(each) for each in (central, central, "a", "a")]
    expanded = expand_alarms(patterns, found)
    assert all(len(set(each)) == len(each) for each in expanded.values())
    assert set(expanded) == {EAST, *found}
    regions = {lane.region for lane in found}
    assert set(expanded[EAST]) == regions | ({"a"} if EAST in found else set())


@pytest.mark.parametrize(
    "text",
    [
        "", "{function}", "a{", "}", "a\nb", "x" * 256, "arn:aws:cloudwatch",
        "arn:aws:sns:us-east-1:123456789012:alarm:a",
        "arn:aws:cloudwatch:us-east-1:123456789012:alarm:",
        "arn:aws:cloudwatch:mars:123456789012:alarm:a",
        "arn:aws:cloudwatch:us-east-1:12:alarm:a",
        "arn:aws-cn:cloudwatch:us-east-1:123456789012:alarm:a",
        "arn:aws:cloudwatch:cn-north-1:123456789012:alarm:a",
        "arn:aws:cloudwatch:{account}:{region}:alarm:a",
    ],
)  # fmt: skip
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_alarm(text)


def test_a_template_with_the_partition_of_other_lanes_is_refused() -> None:
    pattern = parse_alarm("arn:aws:cloudwatch:{region}:{account}:alarm:a")
    with pytest.raises(InputError, match="expected arn:aws-cn:cloudwatch:…"):
        expand_alarms([pattern], [EAST, Lane("123456789012", "cn-north-1")])


def test_a_pattern_may_contain_what_sets_its_own_lanes_apart() -> None:
    with pytest.raises(InputError, match="255 characters"):
        expand_alarms(["{region}" * 40], [EAST])


def look(*states: AlarmState | None, unreadable: int = 0) -> AlarmLook:
    found = {Alarm(EAST, f"alarm-{at}"): state for at, state in enumerate(states)}
    away = [Lane(f"{at:012d}", "eu-west-1") for at in range(unreadable)]
    return AlarmLook(found, dict.fromkeys(away, "AccessDenied: no"))


@pytest.mark.parametrize(
    ("states", "unreadable", "decision", "refused"),
    [
        ((OK,), 0, "continue", 0),
        ((OK, OK), 0, "continue", 0),
        ((RINGS,), 0, "halt", 1),
        ((OK, RINGS), 0, "halt", 1),
        ((WAITS, RINGS, None), 2, "halt", 3),
        ((OK, WAITS), 0, "hold", 0),
        ((OK, None), 0, "hold", 1),
        ((OK,), 1, "hold", 1),
        ((), 1, "hold", 1),
        ((), 0, "hold", 0),
    ],
)
def test_states_have_their_decision(
    states: tuple[AlarmState | None, ...], unreadable: int, decision: str, refused: int
) -> None:
    found = look(*states, unreadable=unreadable)
    assert answer_of(found).decision == decision
    assert len(refusals(found)) == refused


def test_only_alarms_that_are_all_ok_let_a_run_continue() -> None:
    for states in itertools.product((OK, RINGS, WAITS, None), repeat=3):
        for unreadable in (0, 1):
            answer = answer_of(look(*states, unreadable=unreadable))
            is_fine = set(states) == {OK} and not unreadable
            assert (answer.decision is GateDecision.CONTINUE) is is_fine
            assert (answer.decision is GateDecision.HALT) is (RINGS in states)


def test_the_reason_groups_alarms_and_names_one() -> None:
    one = answer_of(look(OK))
    assert one.reason == "alarm 'alarm-0' of 123456789012/us-east-1 is OK"
    assert one.name == "arn:aws:cloudwatch:us-east-1:123456789012:alarm:alarm-0"
    assert answer_of(look(OK, OK)).name == ""
    west = {Alarm(Lane("123456789012", "us-west-1"), "a"): RINGS}
    both = answer_of(AlarmLook({**look(RINGS).states, **west}, {}))
    assert both.reason == (
        "2 alarms in 2 lanes are in ALARM, for example 'alarm-0' of 123456789012/us-east-1"
    )
    assert answer_of(look(unreadable=2)).reason == (
        "the alarms of 2 lanes cannot be read, for example those of 000000000000/eu-west-1: "
        "AccessDenied: no"
    )


def test_the_reason_does_not_depend_on_the_order_of_the_answers() -> None:
    alarms = [Alarm(Lane(account, "us-east-1"), "a") for account in ("1" * 12, "2" * 12)]
    looks = [
        AlarmLook(dict.fromkeys(each, AlarmState.INSUFFICIENT_DATA), {})
        for each in (alarms, alarms[::-1])
    ]
    assert answer_of(looks[0]) == answer_of(looks[1])


@given(alarms)
def test_an_arn_has_the_partition_of_its_region(alarm: Alarm) -> None:
    assert alarm.arn.split(":")[1] == partition_of(alarm.lane.region)
