"""The result of many lanes: it fits the screen, and every target is counted."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.change.reconcile import Action
from bulkeic.core.model import Lane, Outcome, SourceLine, Status
from bulkeic.core.report.place_totals import place_totals
from bulkeic.core.report.run_report import ErrorGroup, error_groups
from bulkeic.core.summary import ActionCount, Summary, Tally, Traffic, summarize
from bulkeic.output.summary_text import plan_lines, summary_lines
from bulkeic.output.terminal.screen import Screen
from bulkeic.output.terminal.total_text import total_lines

MESSAGE = "User: arn:aws:iam::1:user/me is not authorized to perform: lambda:GetFunction " * 3


def many_lanes(accounts: int, codes: int, needs: list[ActionCount] | None = None) -> Summary:
    """Every account has four lanes of ten targets; some fail with one code or another."""
    lanes = {
        Lane(f"{account:012}", f"xx-test-{region}"): 10
        for account in range(accounts)
        for region in range(4)
    }
    tallies = [
        Tally(lane, Status.FAILED, f"AccessDenied{at % codes}", 1 + at % 7, at % 3)
        for at, lane in enumerate(lanes)
        if codes and at % 5 == 0
    ]
    summary = summarize(
        tallies, run="r.db", targets=10 * len(lanes), lanes=lanes, traffic=Traffic(9, 9, 9, 9, 9.0)
    )
    return summary if needs is None else _planned(summary, lanes)


def _planned(summary: Summary, lanes: dict[Lane, int]) -> Summary:
    needs = [ActionCount(lane, action, 1) for lane in lanes for action in Action]
    return Summary(**{name: getattr(summary, name) for name in summary.__struct_fields__} | {
        "needs": needs
    })  # fmt: skip


def errors_of(summary: Summary) -> tuple[ErrorGroup, ...]:
    examples = {
        code: Outcome(
            0, SourceLine("targets.csv", 17), "orders", None, Status.FAILED,
            error_code=code, error_message=MESSAGE,
        )
        for code in summary.errors
    }  # fmt: skip
    return error_groups(summary, examples, creates_missing=False)


@settings(max_examples=20)
@given(st.integers(6, 60), st.integers(0, 12), st.integers(60, 200), st.integers(13, 60))
def test_the_result_fits_the_screen(accounts: int, codes: int, width: int, rows: int) -> None:
    screen = Screen(width, rows)
    for summary, make in (
        (many_lanes(accounts, codes), summary_lines),
        (many_lanes(accounts, codes, []), plan_lines),
    ):
        lines = make(summary, errors_of(summary), screen)
        assert screen.height_of(lines) <= rows
        told = "\n".join(lines)
        assert "account" in told
        assert ("AccessDenied" in told) is bool(codes)


def test_every_account_is_shown_or_counted() -> None:
    summary = many_lanes(30, 3)
    word, places = place_totals(summary.lanes)
    assert word == "account"
    assert [place.failed for place in places] == sorted(
        (place.failed for place in places), reverse=True
    )
    assert sum(place.targets for place in places) == summary.targets
    for screen in (Screen(), Screen(80, 7), Screen(in_full=True)):
        head, *rows = total_lines(summary.lanes, screen)
        assert head.split() == ["account", "lanes", "targets", "failed", "pending", "throttled"]
        shown = [row.split() for row in rows if "more account" not in row]
        more = rows[len(shown) :]
        hidden = 30 - len(shown)
        assert bool(more) == bool(hidden)
        failed = sum(place.failed for place in places[len(shown) :])
        assert not more or more[0].startswith(f"  {hidden} more accounts: {failed:,} failed, ")


def test_one_account_is_shown_by_region() -> None:
    lanes = {Lane("1" * 12, f"xx-test-{region}"): 1 for region in range(25)}
    summary = summarize([], run="r.db", targets=25, lanes=lanes, traffic=Traffic())
    assert total_lines(summary.lanes, Screen())[0].split()[0] == "Region"


@pytest.mark.parametrize("screen", [Screen(), Screen(200, 50)])
def test_a_plan_shows_only_what_its_targets_need(screen: Screen) -> None:
    lanes = {Lane(f"{account:012}", "us-east-1"): 1 for account in range(25)}
    summary = summarize([], run="r.db", targets=25, lanes=lanes, traffic=Traffic())
    needs = [
        ActionCount(lane, Action.MISSING if at == 7 else Action.CHANGE, 1)
        for at, lane in enumerate(lanes)
    ]
    fields = {name: getattr(summary, name) for name in summary.__struct_fields__}
    lines = plan_lines(Summary(**fields | {"needs": needs}), (), screen)
    assert lines[2].split() == ["account", "failed", "change", "missing"]
    assert lines[3].split() == ["000000000007", "0", "0", "1"]
    assert Counter(line.split()[-1] for line in lines[4:-1]) == Counter({"0": len(lines) - 5})
