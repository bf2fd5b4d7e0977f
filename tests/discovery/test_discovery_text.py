"""The result of a discovery, as text and as JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.model import Lane
from bulkeic.core.summary import Traffic
from bulkeic.discovery.model.discovery_summary import DiscoverySummary, discovery_exit_code
from bulkeic.discovery.model.place_tally import PlaceTally, UnreadPlace, by_account
from bulkeic.discovery.report.discovery_text import discovery_lines, unread_lines
from bulkeic.discovery.report.place_hints import place_hint
from bulkeic.output.terminal.screen import Screen

REGIONS = ["us-east-1", "eu-west-1", "ap-south-2", "eu-central-1", "us-west-2"]

lanes = st.builds(
    Lane, st.integers(0, 60).map(lambda number: f"{number:012d}"), st.sampled_from(REGIONS)
)
counts = st.tuples(st.integers(0, 5000), st.integers(0, 5000))
failures = st.tuples(
    st.integers(0, 60).map(lambda number: f"{number:012d}"),
    st.sampled_from(["", *REGIONS]),
    st.sampled_from(["AccessDenied", "ServiceException"]),
    st.text(max_size=400),
)


def tally_of(found: list[tuple[Lane, tuple[int, int]]]) -> PlaceTally:
    tally = PlaceTally()
    for lane, (functions, targets) in found:
        tally.add_lane(lane, functions, targets)
    return tally


@given(st.lists(st.tuples(lanes, counts)))
def test_every_lane_and_account_is_summed_once(found: list[tuple[Lane, tuple[int, int]]]) -> None:
    here = tally_of(found).lanes()
    assert [each.lane for each in here] == sorted({lane for lane, _ in found})
    summary = DiscoverySummary(out=None, run=None, lanes=here)
    assert summary.functions == sum(functions for _, (functions, _) in found)
    assert summary.targets == sum(targets for _, (_, targets) in found)
    accounts = by_account(here)
    assert len(accounts) == summary.accounts
    assert sum(each.regions for each in accounts) == len(here)
    assert sum(each.targets for each in accounts) == summary.targets
    assert json.loads(json.dumps(summary.to_json()))["targets"] == summary.targets


@given(st.lists(st.tuples(lanes, counts)))
def test_the_table_stays_readable(found: list[tuple[Lane, tuple[int, int]]]) -> None:
    here = tally_of(found).lanes()
    told = discovery_lines(DiscoverySummary(out=None, run=None, lanes=here))
    assert all(line.isprintable() and len(line) <= 100 for line in told)
    rows = [line.split() for line in told if line.startswith("  0")]
    filled = [each for each in here if each.functions or each.targets]
    if len(filled) < 2:
        assert rows == []
    elif len(filled) <= 20:
        assert [(row[0], row[1]) for row in rows] == [
            (each.lane.account_id, each.lane.region) for each in filled
        ]
    else:
        assert [row[0] for row in rows] == [each.account_id for each in by_account(here)]


@given(st.lists(failures))
def test_every_account_that_was_not_read_is_named_once_with_its_reason(
    failed: list[tuple[str, str, str, str]],
) -> None:
    tally = PlaceTally()
    for failure in failed:
        tally.add_failure(*failure)
    places = tally.unread()
    told = "\n".join(unread_lines(places, has_others=True))

    assert {(each.account_id, each.code) for each in places} == {
        (account, code) for account, _, code, _ in failed
    }
    assert len(places) == len({(each.account_id, each.code) for each in places})
    for place in places:
        same = [each for each in places if each.account_id == place.account_id]
        assert told.count(place.account_id) == len(same)
        whole = any(
            region == "" and (account, code) == (place.account_id, place.code)
            for account, region, code, _ in failed
        )
        assert (place.regions == ()) == whole
    assert told.replace("\n", "").isprintable()


def test_the_text_of_a_discovery() -> None:
    tally = PlaceTally()
    tally.add_lane(Lane("123456789012", "us-east-1"), functions=1200, targets=1000)
    tally.add_lane(Lane("123456789012", "us-east-1"), targets=1)
    tally.add_lane(Lane("123456789012", "eu-west-1"), functions=7)
    tally.add_lane(Lane("123456789012", "us-west-2"))
    tally.add_failure("210987654321", "", "AccessDenied", "not authorized to assume the role")
    tally.add_failure("123456789012", "me-south-1", "UnrecognizedClientException", "invalid token.")
    summary = DiscoverySummary(
        out="targets.csv", run="found.db", lanes=tally.lanes(), unread=tally.unread(), pending=1,
        traffic=Traffic(calls=26, throttles=2, retries=3, elapsed_s=2.61),
        next={"resume": "bulkeic discover --run found.db", "plan": "bulkeic plan targets.csv"},
    )  # fmt: skip
    assert discovery_lines(summary) == [
        "1,001 targets of 1,207 functions in 1 account, 3 lanes",
        "  account       Region     functions  targets",
        "  123456789012  eu-west-1          7        0",
        "  123456789012  us-east-1      1,200    1,001",
        "  nothing found in 1 more lane",
        "26 calls, 2 throttled, 3 retried; 2.6 s",
        (
            "not read: account 123456789012 in me-south-1: UnrecognizedClientException: invalid "
            "token; the Region is probably not enabled for the account; --regions '!me-south-1' "
            "leaves it out"
        ),
        "not read: account 210987654321: AccessDenied: not authorized to assume the role",
        "1 lane not read to the end",
        "targets file: targets.csv",
        "discovery file: found.db",
        "preview a change, for example with: bulkeic plan targets.csv",
        "resume with: bulkeic discover --run found.db",
    ]


def text_of(**fields: Any) -> list[str]:
    return discovery_lines(DiscoverySummary(out=None, run=None, **fields))


def test_a_discovery_that_read_nothing_says_so() -> None:
    denied = UnreadPlace("210987654321", (), "AccessDenied", "no role")
    assert text_of(lanes=())[0] == "no functions were found"
    assert text_of(lanes=(), unread=[denied])[0] == "no targets: nothing could be read"
    assert text_of(lanes=(), pending=2, exit_code=3)[0] == "nothing was read so far"


def test_targets_that_were_not_counted_are_not_shown() -> None:
    tally = tally_of([(Lane("123456789012", region), (40, 0)) for region in REGIONS[:2]])
    fields: dict[str, Any] = {"lanes": tally.lanes(), "pending": 1}
    assert (
        text_of(**fields, exit_code=3)[0]
        == "0 targets of 80 functions in 1 account, 2 lanes so far"
    )
    assert text_of(**fields, exit_code=130)[:4] == [
        "80 functions in 1 account, 2 lanes so far",
        "  account       Region     functions",
        "  123456789012  eu-west-1         40",
        "  123456789012  us-east-1         40",
    ]
    document: dict[str, Any] = DiscoverySummary(
        out=None, run=None, exit_code=130, **fields
    ).to_json()
    assert document["targets"] is None
    assert all(each["targets"] is None for each in document["found"])


USER = "User: arn:aws:sts::210987654321:assumed-role/reader/bulkeic is not authorized to perform: "
ROLE_DENIED = f"AssumeRole arn:aws:iam::210987654321:role/reader: {USER}sts:AssumeRole"
SCP_DENIED = f"{USER}lambda:ListFunctions on resource: * with an explicit deny in a service control"
NOT_ENABLED = "the Region is probably not enabled for the account"
TOKEN = "The security token included in the request is invalid."


@pytest.mark.parametrize(
    ("regions", "code", "message", "has_others", "hint"),
    [
        ((), "AccessDenied", ROLE_DENIED, True,
         "check the role's name and its trust policy; --exclude-account leaves the account out"),
        (("eu-west-1",), "AccessDenied", ROLE_DENIED, False,
         "check the role's name and its trust policy"),
        (("eu-west-1",), "AccessDeniedException", f"{USER}lambda:ListFunctions on resource: *",
         True, "docs/reference/permissions.md lists what discover needs"),
        (("eu-west-1", "us-east-1"), "AccessDeniedException", f"{SCP_DENIED} policy", True,
         "the organization does not allow it; --regions '!eu-west-1,!us-east-1' leaves them out"),
        ((), "AccessDeniedException", f"{SCP_DENIED} policy", True,
         "the organization does not allow it; --exclude-account leaves the account out"),
        (("ap-east-1",), "UnrecognizedClientException", TOKEN, True,
         f"{NOT_ENABLED}; --regions '!ap-east-1' leaves it out"),
        (("ap-east-1",), "RegionNotEnabled", "the Region is not enabled for the account", True,
         "--regions '!ap-east-1' leaves it out"),
        ((), "UnrecognizedClientException", TOKEN, True, ""),
        (("eu-west-1",), "ServiceException", "An internal error occurred.", True, ""),
    ],
)  # fmt: skip
def test_the_hint_of_a_place(
    regions: tuple[str, ...],
    code: str,
    message: str,
    *,
    has_others: bool,
    hint: str,
) -> None:
    place = UnreadPlace("210987654321", regions, code, message)
    assert place_hint(place, has_others=has_others) == hint
    (line,) = unread_lines([place], has_others=has_others)
    assert line.endswith(f"; {hint}" if hint else message)


def test_each_denied_action_is_named() -> None:
    tally = PlaceTally()
    for region, action in (
        ("eu-west-1", "lambda:ListFunctions"),
        ("us-east-1", "lambda:ListAliases"),
        ("us-east-2", "lambda:ListFunctions"),
    ):
        tally.add_failure("123456789012", region, "AccessDeniedException", f"{USER}{action}")
    assert [(place.regions, place.message) for place in tally.unread()] == [
        (("us-east-1",), f"{USER}lambda:ListAliases"),
        (("eu-west-1", "us-east-2"), f"{USER}lambda:ListFunctions"),
    ]


def test_many_places_that_were_not_read_are_grouped_by_the_reason() -> None:
    places = [UnreadPlace(f"{number:012d}", (), "AccessDenied", "no role") for number in range(40)]
    places.append(UnreadPlace("999999999999", ("eu-west-1",), "AccessDenied", "no role"))
    told = unread_lines(places, has_others=True)
    assert told[0] == "not read: 41 accounts, for example: AccessDenied: no role"
    assert told[1].split() == [f"{number:012d}" for number in range(6)]
    assert told[-1] == "  account 999999999999 in eu-west-1"
    assert len(told) == 9


def test_the_exit_code() -> None:
    assert discovery_exit_code(is_stopped=True, has_unread=True) == 3
    assert discovery_exit_code(is_stopped=False, has_unread=True) == 1
    assert discovery_exit_code(is_stopped=False, has_unread=False) == 0


def fleet_discovery() -> DiscoverySummary:
    """800 lanes were read, and 20 accounts have Regions that were not."""
    tally = PlaceTally()
    for account in range(160):
        for region in REGIONS:
            tally.add_lane(Lane(f"{account:012}", region), account, account)
            if account % 8 == 0:
                code = "AccessDenied" if account % 16 else "ServiceException"
                tally.add_failure(f"{account:012}", region, code, "a reason " * 20)
    steps = {"plan": "bulkeic plan found.csv", "resume": "bulkeic discover --run found.db"}
    return DiscoverySummary(
        out="found.csv", run="found.db", lanes=tally.lanes(), unread=tally.unread(), next=steps,
        exit_code=1,
    )  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_end_of_a_large_discovery_fits_the_screen(width: int) -> None:
    screen = Screen(width, 23)
    told = discovery_lines(fleet_discovery(), screen)
    assert screen.height_of(told) <= 23
    assert told[0].startswith("63,600 targets of 63,600 functions in 160 accounts, 800 lanes")
    unread = [line for line in told if line.startswith("not read: ")]
    assert [line.partition(",")[0] for line in unread] == [
        "not read: 10 accounts in 50 Regions: ServiceException",
        "not read: 10 accounts in 50 Regions: AccessDenied",
    ]
    assert told[-1] == "resume with: bulkeic discover --run found.db"
    assert "000000000159" in "".join(told)


def test_every_place_is_shown_in_full() -> None:
    summary = fleet_discovery()
    told = discovery_lines(summary, Screen(80, None, in_full=True))
    rows = [tuple(line.split()[:2]) for line in told if line.startswith("  000")]
    assert rows == [(each.lane.account_id, each.lane.region) for each in summary.lanes
                    if each.functions]  # fmt: skip
    assert sum(line.startswith("not read: account ") for line in told) == len(summary.unread)
