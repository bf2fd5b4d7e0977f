"""Terminal tables: alignment, long cells, text from outside."""

from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.output.tables import Table, fitting, lines
from bulkeic.output.terminal.screen import columns_of
from bulkeic.output.terminal.styles import Style, rendered, styled


def test_names_and_texts_are_left_aligned_and_numbers_right_aligned() -> None:
    rows = [("p50", "9", "same"), ("succeeded", "10", "better (not judged)")]
    assert lines(Table("load", ("metric", "new", "verdict"), rows, note="a note", texts=1)) == [
        "load",
        "  metric     new  verdict",
        "  p50          9  same",
        "  succeeded   10  better (not judged)",
        "  a note",
    ]


def test_a_table_without_a_title_starts_with_its_head() -> None:
    assert lines(Table("", ("lane", "targets"), [("a", "1")])) == [
        "  lane  targets",
        "  a           1",
    ]


def test_long_cells_are_cut_and_control_characters_are_escaped() -> None:
    _, head, row = lines(Table("t", ("key", "n"), [("x" * 99, "\x1b")]))
    assert row == f"  {'x' * 35}…  \\x1b"
    assert len(head) == len(row)


def test_a_table_that_is_too_wide_is_split_and_repeats_its_keys() -> None:
    table = Table("t", ("key", "one", "two"), [("k", "1" * 20, "2" * 20)], note="a note")
    first, second = fitting(table, 40)
    assert (first.head, second.head) == (["key", "one"], ["key", "two"])
    assert (first.note, second.note) == ("", "a note")
    assert fitting(table, 60) == [table._replace(head=[*table.head], rows=[*table.rows])]


LANE = "123456789012/ap-southeast-2"
ARN = "arn:aws:sqs:eu-central-1:123456789012:a-queue-for-failed-events"
numbers = st.integers(0, 10**9).map("{:,}".format)
texts = st.text(max_size=90) | st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9000))
rows_of_lanes = st.lists(st.tuples(st.just(LANE), numbers, numbers, numbers, texts), min_size=1)


@given(rows_of_lanes, st.integers(60, 200))
def test_a_table_fits_its_terminal_and_keeps_lanes_and_numbers(
    rows: list[tuple[str, ...]], width: int
) -> None:
    head = ("lane", "targets", "failed", "throttled", "example")
    table = Table("", head, rows, texts=1, optional=("throttled", "failed"))

    shown = lines(table, width)

    assert len(shown) == len(rows) + 1
    assert max(map(columns_of, shown)) <= width
    for (lane, targets, *_), line in zip(rows, shown[1:], strict=True):
        assert line.split()[:2] == [lane, targets]
    plain = lines(table._replace(optional=()), 1000)
    assert lines(table, 1000) == plain


@settings(max_examples=20)
@given(rows_of_lanes)
def test_the_least_important_column_goes_first(rows: list[tuple[str, ...]]) -> None:
    head = ("lane", "targets", "failed", "throttled", "example")
    table = Table("", head, rows, texts=1, optional=("throttled", "failed"))
    for width in range(20, 120):
        names = lines(table, width)[0].split()
        assert "failed" in names or "throttled" not in names


def test_an_arn_keeps_its_end() -> None:
    (_, row) = lines(Table("", ("lane", "arn"), [(LANE, ARN)], texts=1), 60)
    assert row == f"  {LANE}  …{ARN[-28:]}"


def test_a_styled_cell_keeps_its_style_where_it_is_cut() -> None:
    cell = styled("x" * 99, Style.BAD)
    (_, row) = lines(Table("", ("lane", "text"), [(LANE, cell)], texts=1), 60)
    assert rendered(row, in_color=True) == f"  {LANE}  \x1b[31m{'x' * 28}…\x1b[0m"
