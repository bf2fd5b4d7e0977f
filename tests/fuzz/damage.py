"""Hypothesis strategies that damage valid inputs."""

from hypothesis import strategies as st

# fmt: off
_PIECES = [
    b"{", b"}", b"[", b"]", b":", b",", b'"', b"'", b"`", b"(", b")", b"&", b"|", b"@", b"*", b"\\",
    b"\n", b"\r\n", b"\r", b" ", b"\t", b"\x00", b"\x1b[2J", b"\x7f", b"\xff", b"\xc3",
    b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"\xe2\x80\xa8", b"\xe2\x80\xae",
    b'"\\ud800"', b"\\u0000", b"null", b"true", b"-0", b"1e999", b"1.5", b"NaN", b"-1", b"9" * 25,
    b"9" * 5000, b"[" * 40, b'{"a":' * 40, b"[" * 3000, b'""', b'{"a":1,"a":2}',
    b'"FunctionName":', b"FunctionName", b"Region", b"AccountId", b"$LATEST", b"{account}",
    b"{region}", b"{{", b"}{", b"none", b"..", b"arn:aws:", b":function:",
    "\N{ARABIC-INDIC DIGIT ONE}".encode(), "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}".encode(),
    b";", b";;;;\r\n", b"\xfe\xff", b"PK\x03\x04", b"PAR1", b"status", b"---\n", b"{\n", b"}\n{\n",
    b"A" * 300, b"\n" * 300, b"," * 300,
]
# fmt: on
_PIECE = st.one_of(st.sampled_from(_PIECES), st.binary(max_size=4))


def _cut(whole: bytes, at: float, length: int) -> tuple[bytes, bytes]:
    place = int(len(whole) * at)
    return whole[:place], whole[place + length :]


@st.composite
def damaged(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A damaged seed; sometimes only fragments or random bytes."""
    kind = draw(st.integers(0, 9))
    if kind == 0:
        return draw(st.binary(max_size=200))
    if kind == 1:
        return b"".join(draw(st.lists(_PIECE, max_size=20)))
    whole = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.floats(0, 1))
        before, after = _cut(whole, at, draw(st.sampled_from([0, 0, 1, 1, 2, 8, 40])))
        what = draw(st.integers(0, 5))
        if what <= 2:
            whole = before + draw(_PIECE) + after
        elif what == 3:
            whole = before + after
        elif what == 4:
            whole = before + draw(st.sampled_from(seeds))[-len(after) - 1 :] + after
        else:
            again = before[-draw(st.integers(1, 60)) :]
            whole = before + again * draw(st.sampled_from([1, 2, 50])) + after
    return whole
