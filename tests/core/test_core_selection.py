"""Which targets a selection selects, and how samples are drawn."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.model import Lane, Status
from bulkeic.core.rollout.waves import Size
from bulkeic.core.targets.selection import (
    EVERY_TARGET,
    JobState,
    Selection,
    parse_pattern,
    parse_sample,
)

LANES = [Lane(f"{number}" * 12, region) for number in (1, 2) for region in ("us-east-1", "eu-a-1")]
globs = st.lists(st.sampled_from(["a*", "*b", "a?", "[ab]*", "!ab", "!*c", "!a*"]), max_size=4)
names = st.text("abc", min_size=1, max_size=4)
sizes = st.one_of(
    st.builds(Size, st.integers(1, 60)), st.builds(Size, st.integers(1, 100), st.just(100))
)
counts = st.dictionaries(st.sampled_from(LANES), st.integers(0, 40), min_size=1)


def test_states_are_the_statuses_and_pending() -> None:
    assert [str(state) for state in JobState] == [*map(str, Status), "pending"]


@pytest.mark.parametrize(
    ("patterns", "selects", "leaves_out"),
    [
        ((), ["x", ""], []),
        (("orders-*",), ["orders-", "orders-a"], ["orders", "Orders-a", "xorders-a"]),
        (("a", "b"), ["a", "b"], ["ab", "c"]),
        (("!a*",), ["b", ""], ["a", "ab"]),
        (("a*", "!*-test"), ["a", "a-b"], ["a-test", "b"]),
        (("!*-test", "!b"), ["a"], ["a-test", "b"]),
        (("a.b",), ["a.b"], ["axb"]),
        (("[!a]x",), ["bx"], ["ax"]),
    ],
)
def test_patterns_select_and_exclude(
    patterns: tuple[str, ...], selects: list[str], leaves_out: list[str]
) -> None:
    selection = Selection(names=patterns)
    assert [name for name in selects + leaves_out if selection.matches_function(name)] == selects


@given(globs, names)
def test_a_name_needs_one_pattern_and_no_exclusion(patterns: list[str], name: str) -> None:
    wanted = [each for each in patterns if not each.startswith("!")]
    excluded = [each[1:] for each in patterns if each.startswith("!")]
    expected = (not wanted or any(fnmatchcase(name, each) for each in wanted)) and not any(
        fnmatchcase(name, each) for each in excluded
    )
    assert Selection(names=tuple(patterns)).matches_function(name) == expected


@pytest.mark.parametrize(
    ("fields", "matches"),
    [
        ({}, LANES),
        ({"accounts": ("1" * 12,)}, LANES[:2]),
        ({"accounts": ("!" + "1" * 12,)}, LANES[2:]),
        ({"regions": ("eu-*",)}, LANES[1::2]),
        ({"regions": ("eu-*",), "accounts": ("2" * 12,)}, LANES[3:]),
    ],
)
def test_lanes_are_selected_by_account_and_region(
    fields: dict[str, tuple[str, ...]], matches: list[Lane]
) -> None:
    selection = Selection(**fields)  # type: ignore[arg-type]
    assert [lane for lane in LANES if selection.matches_lane(lane)] == matches


def test_an_account_that_is_not_known_yet_matches() -> None:
    lane = Lane("", "us-east-1")
    assert Selection(accounts=("1" * 12,)).matches_lane(lane)
    assert not Selection(accounts=("1" * 12,), regions=("eu-*",)).matches_lane(lane)


def test_a_job_without_an_outcome_is_pending() -> None:
    selection = Selection(statuses=(JobState.PENDING, JobState.FAILED))
    states = (None, "failed", "updated")
    assert [one for one in states if selection.matches_outcome(one, None)] == [None, "failed"]
    assert EVERY_TARGET.matches_outcome(None, None)


@pytest.mark.parametrize(
    ("statuses", "selects"),
    [
        ((), [("failed", "A"), ("unknown", "B")]),
        (("failed",), [("failed", "A")]),
        (("unknown", "pending", "updated"), [("unknown", "B")]),
        (("invalid",), []),
    ],
)
def test_an_error_code_selects_failed_jobs(
    statuses: tuple[str, ...], selects: list[tuple[str, str]]
) -> None:
    selection = Selection(statuses=tuple(map(JobState, statuses)), error_codes=("A", "B"))
    outcomes = [
        ("failed", "A"),
        ("failed", "a"),
        ("failed", None),
        ("unknown", "B"),
        ("invalid", "A"),
        ("updated", None),
        (None, None),
    ]
    assert [each for each in outcomes if selection.matches_outcome(*each)] == selects


@given(sizes, counts)
def test_a_sample_has_its_size_and_is_spread_in_proportion(
    size: Size, matching: dict[Lane, int]
) -> None:
    found = Selection(sample=size).sample_sizes(matching)
    total = sum(matching.values())
    assert sum(found.values()) == min(size.of(total), total)
    for lane, number in matching.items():
        share = found.get(lane, 0)
        assert 0 <= share <= number
        if total:
            assert abs(share - number * sum(found.values()) / total) < 1


@given(st.integers(0, 99), names, st.one_of(st.none(), names))
def test_a_rank_depends_on_the_seed_and_the_target_alone(
    seed: int, name: str, qualifier: str | None
) -> None:
    rank = Selection(seed=seed).rank(name, qualifier)
    assert rank == Selection(seed=seed, names=("x",), limit=1).rank(name, qualifier)
    assert rank != Selection(seed=seed + 1).rank(name, qualifier)
    assert -(2**63) <= rank < 2**63


@pytest.mark.parametrize(
    ("selection", "to_resume", "to_follow"),
    [
        (Selection(names=("a",), limit=9), Selection(names=("a",), limit=9), None),
        (Selection(sample=Size(9), seed=4), Selection(sample=Size(9), seed=4), None),
        (
            Selection(statuses=(JobState.FAILED,), names=("a",)),
            Selection(statuses=(JobState.PENDING,), names=("a",)),
            Selection(names=("a",)),
        ),
        (
            Selection(statuses=(JobState.PENDING,), limit=9, sample=Size(5, 100)),
            Selection(statuses=(JobState.PENDING,), limit=3, sample=Size(5, 100)),
            Selection(),
        ),
        (
            Selection(statuses=(JobState.PENDING,), sample=Size(5, 100), seed=4),
            Selection(statuses=(JobState.PENDING,), sample=Size(3), seed=4),
            Selection(),
        ),
    ],
)
def test_later_commands_select_the_same_jobs(
    selection: Selection, to_resume: Selection, to_follow: Selection | None
) -> None:
    assert selection.to_resume(3) == to_resume
    assert selection.to_follow() == (selection if to_follow is None else to_follow)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("name", ["orders-*", "!a?", "[a-c]*", "a.b"], ["", "!", "a b", "fn:alias", "arn:aws"]),
        ("account", ["123456789012", "!123456789012"], ["1234", "!", "12345678901*"]),
        ("region", ["eu-*", "!us-east-1"], ["", "EU-*", "eu_*"]),
    ],
)
def test_patterns_that_match_nothing_are_refused(
    kind: str, good: list[str], bad: list[str]
) -> None:
    assert [parse_pattern(text, kind) for text in good] == good
    for text in bad:
        with pytest.raises(InputError, match="is invalid; expected"):
            parse_pattern(text, kind)


@pytest.mark.parametrize("text", ["0", "-1", "101%", "x", "", "1.5"])
def test_a_sample_is_a_number_or_a_percentage(text: str) -> None:
    assert (parse_sample("5"), parse_sample("5%")) == (Size(5), Size(5, 100))
    with pytest.raises(InputError, match="is not a sample; expected"):
        parse_sample(text)
