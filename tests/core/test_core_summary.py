"""Summaries: folds over outcomes that do not depend on their order or grouping."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.model import Lane, Status
from bulkeic.core.summary import Summary, Tally, Traffic, exit_code_of, summarize

LANES = {Lane(account, region): 50 for account in ("1" * 12, "2" * 12) for region in "ab"}
lanes = st.none() | st.sampled_from(list(LANES))
tallies = st.lists(
    st.builds(
        Tally,
        lanes,
        st.sampled_from(Status),
        st.sampled_from([None, "AccessDeniedException", "ValidationException", "Timeout"]),
        st.integers(1, 3),
    ),
    max_size=12,
)


def folded(some: list[Tally], targets: int, *, stopped: bool = False) -> Summary:
    traffic = Traffic(10, 2, 1, 3, 4.0)
    return summarize(
        some, run="r.db", targets=targets, lanes=LANES, traffic=traffic, stopped=stopped
    )


@settings(deadline=None, max_examples=100)
@given(tallies, st.integers(0, 20), st.data())
def test_order_and_grouping_change_nothing(
    some: list[Tally], pending: int, data: st.DataObject
) -> None:
    targets = sum(tally.count for tally in some) + pending
    shuffled = data.draw(st.permutations(some))
    ones = [Tally(t.lane, t.status, t.error_code, 1) for t in shuffled for _ in range(t.count)]
    kinds = Counter((one.lane, one.status, one.error_code) for one in ones)
    grouped = [Tally(*kind, count) for kind, count in kinds.items()]
    whole = folded(some, targets)
    assert folded(shuffled, targets) == whole
    assert folded(ones, targets) == whole
    assert folded(grouped, targets) == whole


@settings(deadline=None, max_examples=100)
@given(tallies, st.data())
def test_the_printed_form_does_not_depend_on_the_order_either(
    some: list[Tally], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(some))
    printed, other = (folded(each, 1000).to_json() for each in (some, shuffled))
    assert list(printed) == list(other)
    for first, second in zip(printed.values(), other.values(), strict=True):
        if isinstance(first, dict):
            assert isinstance(second, dict)
            assert list(first.items()) == list(second.items())


@settings(deadline=None, max_examples=100)
@given(tallies, st.integers(0, 20))
def test_counts_add_up(some: list[Tally], pending: int) -> None:
    done = sum(tally.count for tally in some)
    summary = folded(some, done + pending)
    assert summary.pending == pending
    assert sum(summary.statuses.values()) == done
    assert list(summary.statuses) == [status.value for status in Status]
    assert sum(summary.errors.values()) == sum(t.count for t in some if t.error_code is not None)
    counts = list(summary.errors.values())
    assert counts == sorted(counts, reverse=True)
    sent = done - summary.statuses["invalid"]
    assert summary.total.targets_per_s == pytest.approx(sent / 4.0)


@settings(deadline=None, max_examples=100)
@given(tallies, st.integers(0, 3), st.booleans())
def test_the_exit_code_follows_its_table(some: list[Tally], pending: int, stopped: bool) -> None:  # noqa: FBT001
    done = sum(tally.count for tally in some)
    bad = any(tally.status in {Status.FAILED, Status.UNKNOWN, Status.INVALID} for tally in some)
    expected = 3 if pending or stopped else 1 if bad else 0
    assert folded(some, done + pending, stopped=stopped).exit_code == expected


@pytest.mark.parametrize(
    ("statuses", "pending", "stopped", "code"),
    [
        ({}, 0, False, 0),
        ({"updated": 5, "created": 1, "unchanged": 2}, 0, False, 0),
        ({"updated": 5, "failed": 1}, 0, False, 1),
        ({"updated": 5, "unknown": 1}, 0, False, 1),
        ({"updated": 5, "invalid": 1}, 0, False, 1),
        ({"failed": 1, "invalid": 1}, 0, False, 1),
        ({"updated": 5}, 1, False, 3),
        ({"updated": 5}, 1, True, 3),
        ({"failed": 5}, 1, False, 3),
        ({"updated": 5}, 0, True, 3),
        ({"failed": 5}, 0, True, 3),
    ],
)
def test_exit_codes(statuses: dict[str, int], pending: int, stopped: bool, code: int) -> None:  # noqa: FBT001
    assert exit_code_of(Counter(statuses), pending=pending, stopped=stopped) == code


def test_no_elapsed_time_means_no_speed() -> None:
    some = [Tally(None, Status.UPDATED, None, 3)]
    summary = summarize(some, run="r.db", targets=3, lanes=LANES, traffic=Traffic())
    assert summary.total.targets_per_s == 0


def test_the_printed_form_is_flat_and_complete() -> None:
    summary = folded(
        [Tally(None, Status.FAILED, "Timeout", 2), Tally(None, Status.UPDATED, None, 1)], 4
    )
    assert summary.to_json() == {
        "run": "r.db",
        "targets": 4,
        "updated": 1,
        "created": 0,
        "unchanged": 0,
        "not_matched": 0,
        "failed": 2,
        "unknown": 0,
        "invalid": 0,
        "pending": 1,
        "left_out": 0,
        "calls": 10,
        "throttles": 2,
        "conflicts": 1,
        "retries": 3,
        "elapsed_s": 4.0,
        "targets_per_s": 0.75,
        "total": {
            "calls": 10,
            "throttles": 2,
            "conflicts": 1,
            "retries": 3,
            "elapsed_s": 4.0,
            "targets_per_s": 0.75,
        },
        "lanes": 4,
        "errors": {"Timeout": 2},
        "next": {},
        "exit_code": 3,
    }
