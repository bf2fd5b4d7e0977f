"""The Markdown report: foreign texts stay texts, and it stays short."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace

from bulkeic.core.change.reconcile import Action
from bulkeic.core.errors import printable
from bulkeic.core.model import Lane, Settings, Status
from bulkeic.core.report.place_counts import counts_by
from bulkeic.core.report.run_end import RunEnd, RunState
from bulkeic.core.report.run_report import ErrorGroup, RunKind, SettingsCount
from bulkeic.core.rollout.waves import Wave
from bulkeic.core.summary import ActionCount, EarlierFailures, Tally
from bulkeic.output.report.markdown import code_block, code_span, markdown_table
from bulkeic.output.report.report_markdown import report_markdown
from tests.core.example_run_reports import EAST, run_report, worker

HOSTILE = (
    "<script>alert(1)</script> @everyone #1 https://example.com [x](http://x) ![x](y) "
    "| a | b | `c` ``d`` **e** &amp; \\| \x1b[2J\r\n# head\n\n- list \u202e"
)
texts = st.text(st.characters(codec=None), max_size=60)


def parsed(markdown: str) -> Iterator[Token]:
    """Every token, those in lines included."""
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        yield token
        yield from token.children or ()


@given(texts)
@example("`")
@example(" x ")
@example("a\\|b")
@example("\\")
@example("|")
@example(HOSTILE)
def test_a_foreign_text_in_a_cell_is_one_code_span(text: str) -> None:
    table = "\n".join(markdown_table(("a", "b"), [(code_span(text), "end")]))
    tokens = list(parsed(table))
    shown = printable(text)
    codes = [token.content for token in tokens if token.type == "code_inline"]
    assert codes == ([shown] if shown.strip() else [])
    assert [token.type for token in tokens].count("td_open") == 2
    assert {token.type for token in tokens}.isdisjoint({"html_inline", "html_block", "link_open"})


@given(st.lists(texts.filter(str.strip), min_size=1, max_size=3))
@example(["```", "````sh"])
def test_foreign_lines_stay_in_their_block(lines: list[str]) -> None:
    tokens = list(parsed("\n".join(code_block(lines, "sh"))))
    assert [(token.type, token.info) for token in tokens] == [("fence", "sh")]
    assert tokens[0].content.splitlines() == [printable(line) for line in lines]


@given(texts)
@example(HOSTILE)
@example("")
def test_a_report_of_foreign_texts_has_no_markup_of_theirs(text: str) -> None:
    tokens = list(parsed(report_markdown(run_report(text)).decode()))
    assert {token.type for token in tokens}.isdisjoint(
        {"html_inline", "html_block", "link_open", "image", "blockquote_open", "list_item_open"}
    )
    assert [token.type for token in tokens].count("heading_open") == 1
    # What is not code or a cell of it has only words of ours.
    plain = [token.content for token in tokens if token.type == "text"]
    assert not [each for each in plain if set(each) & set("<@#\x1b")]


def test_a_long_text_is_cut() -> None:
    assert code_span("x" * 500) == f"`{'x' * 199}…`"
    assert code_span("x" * 200) == f"`{'x' * 200}`"


def test_a_stopped_run() -> None:
    text = report_markdown(run_report("interrupted")).decode()
    assert text.startswith("### `bulkeic apply`: stopped early\n\n**15 targets**: 7 updated, ")
    assert "| Account | Targets | Updated | Failed | Pending | Throttled |" in text
    assert "| `111111111111` | 10 | 7 | 2 | 1 | 3 |" in text
    assert "| `222222222222` | 4 | 0 | 1 | 3 | 0 |" in text
    assert "| 2 | - | - | - | 10 | - | - |" in text
    assert "12 calls in 2 lanes, 3 throttled, 10 s" in text
    wanted = "MaximumRetryAttempts 1, MaximumEventAgeInSeconds 60, OnSuccess interrupted"
    assert f"| Settings | `{wanted}` |" in text
    assert (
        "| `apply` | `2026-11-26T08:00:00.000Z` | `interrupted` | `interrupted` | `1.0` "
        "| `--yes interrupted` | 12 |"
    ) in text
    assert "| Plan digest | `interrupted` |" in text
    assert "| Rolled back by | `interrupted` |" in text
    assert (
        "| gate after wave 1 | halt | `interrupted` | `interrupted` |  | `all is lost` | 2 |"
        in text
    )


def test_what_a_run_does_not_have_is_left_out() -> None:
    plain = run_report(
        restores=None, rolled_back_by=None, digest=None, caller=None, created_at=None, flags={},
        gates=[], workers=[], end=RunEnd(RunState.DONE),
    )  # fmt: skip
    facts = report_markdown(plain).decode().partition("| Wave |")[0]
    assert "| - |" not in facts


def test_several_settings_are_counted() -> None:
    wanted = [SettingsCount(Settings(each), 9 - each) for each in (1, 2)]
    text = report_markdown(run_report(settings=wanted, settings_kinds=7)).decode()
    assert (
        "| Settings | 8 x `MaximumRetryAttempts 1`, 7 x `MaximumRetryAttempts 2`, and 5 more |"
    ) in text


def test_a_plan_shows_what_it_would_change() -> None:
    plain = run_report()
    needs = [ActionCount(EAST, Action.CHANGE, 3), ActionCount(EAST, Action.UNCHANGED, 2)]
    summary = replace(plain.summary, needs=needs, left_out=4, next={"apply": "bulkeic apply r.db"})
    plan = replace(
        plain, kind=RunKind.PLAN, summary=summary, end=RunEnd(RunState.PLANNED), waves=[]
    )
    text = report_markdown(plan).decode()
    assert "### `bulkeic plan`: planned" in text
    assert "**15 targets**: 3 to change, 2 unchanged" in text
    assert "4 targets left out by the selection" in text
    assert "```sh\nbulkeic apply r.db\n```" in text
    assert "| Wave |" not in text
    # A plan stores no throttled reads by place, so it must not count them as none.
    assert "| Account | Targets | Updated | Failed | Pending |\n" in text


@pytest.mark.parametrize("number", [11, 1000])
def test_long_lists_are_cut_and_counted(number: int) -> None:
    lanes = {Lane(f"{account:012}", f"eu-{account}"): 5 for account in range(number)}
    worst = max(lanes)
    lanes[worst] = 9
    tallies = [Tally(worst, Status.FAILED, "Code", 2)]
    report = run_report(
        waves=[Wave(each, 1) for each in range(1, number + 1)],
        errors=[ErrorGroup(f"E{each}", 1, 1, None, None) for each in range(number)],
        earlier=[EarlierFailures(each, "x", "E", 1, None, None) for each in range(number)],
        gates=list(run_report().gates) * number,
        sessions=list(run_report().sessions) * number,
        workers=[worker("w", each) for each in range(number)],
        accounts=counts_by(lambda lane: lane.account_id, lanes, tallies),
        regions=counts_by(lambda lane: lane.region, lanes, tallies),
    )
    text = report_markdown(report).decode()
    hidden = number - 10
    for word in (
        "wave", "error code", "account", "Region", "earlier error", "decision", "session", "worker",
    ):  # fmt: skip
        assert f"… and {hidden:,} more {word}{'' if hidden == 1 else 's'}" in text
    assert len(text) < 10_000
    first = text.partition(" Throttled |\n| --- | ---: | ---: | ---: | ---: |\n")[2]
    assert first.startswith(f"| `{worst.account_id}` | 9 | 2 | 7 | 0 |\n")
