"""Terminal tables: alignment, long cells, text from outside."""

from bulkeic.output.tables import Table, fitting, lines


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
