"""Results of benchmarks: encoded, decoded, rejected."""

import types
import typing
from enum import Enum
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkeic.bench.model.measurements import BenchResult, decode, encode
from bulkeic.core.errors import InputError
from tests.bench.example_results import measures, result, spread

VALUES: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(0, 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(max_size=8),
    type(None): st.none(),
}


def structs(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Any value of a type, except for its type marker."""
    fields = (
        each for each in msgspec.structs.fields(kind) if each.name not in {"bulkeic", "format"}
    )
    return st.builds(kind, **{each.name: of(each.type) for each in fields})


def of(kind: Any) -> st.SearchStrategy[Any]:
    if kind in VALUES:
        return VALUES[kind]
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in {types.UnionType, typing.Union}:
        return st.one_of(*map(of, inner))
    if origin is list:
        return st.lists(of(inner[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(of(inner[0]), of(inner[1]), max_size=2)
    return st.sampled_from(kind) if issubclass(kind, Enum) else structs(kind)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=structs(BenchResult))
def test_any_result_survives_encoding_and_decoding(made: BenchResult) -> None:
    assert decode(encode(made), "bench.json") == made


WRITTEN = encode(result(measures(spread(0.02))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "not a result of bulkeic bench"),
        (b"\xff\x00", "not a result of bulkeic bench"),
        (b"[]", "not a result of bulkeic bench"),
        (b"{}", "not a result of bulkeic bench"),
        (b"[" * 10_000, "not a result of bulkeic bench"),
        (WRITTEN[:20], "not a result of bulkeic bench"),
        (WRITTEN[:-20], "the result is damaged: 'Input data was truncated'"),
        (WRITTEN.replace(b'"bulkeic bench"', b'"bulkeic"'), "not a result of bulkeic bench"),
        (
            WRITTEN.replace(b'"format": 1', b'"format": 2'),
            "the result has format 2, but this bulkeic reads format 1; measure again",
        ),
        (WRITTEN.replace(b'"seed": 0', b'"seed": "x"'), "the result is damaged: 'Expected `int`"),
        (WRITTEN.replace(b'"targets"', b'"target"'), "the result is damaged: 'Object missing"),
        (
            WRITTEN.replace(b'"model": "open"', b'"model": "\\u001b[31m"'),
            'the result is damaged: "Invalid enum',
        ),
    ],
)
def test_invalid_results_are_rejected(text: bytes, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        decode(text, "bench.json")
    assert str(caught.value).startswith(f"bench.json: {expected}")
    assert str(caught.value).isprintable()
