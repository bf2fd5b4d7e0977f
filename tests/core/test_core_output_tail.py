"""The end of an output: whole within the limit, cut beyond it, always of bounded size."""

from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.texts.output_tail import OutputTail


@given(st.lists(st.text(max_size=40).map(lambda text: text.encode(errors="replace")), max_size=40))
def test_an_output_is_kept_whole_or_with_its_end(pieces: list[bytes]) -> None:
    tail, whole = OutputTail(64), b"".join(pieces)
    for piece in pieces:
        tail.add(piece)

    text = tail.cut(tail.raw_text())

    assert tail.total == len(whole)
    assert tail.is_cut is (len(whole) > 64)
    if tail.is_cut:
        note, _, end = text.partition("\n")
        assert note == f"… the last 64 of {len(whole):,} bytes:"
        assert whole.decode().endswith(end)
        assert 60 < len(end.encode()) <= 64
    else:
        assert text == whole.decode()


def test_memory_is_bounded_whatever_is_written() -> None:
    tail = OutputTail(4096)
    for _ in range(200):
        tail.add(b"x" * 65_536)
        assert len(tail.raw_text()) <= 4096 + 1024
