"""Discoveries of listings whose markers never end, or are not accepted any longer."""

import itertools

import pytest

from .conftest import Bulkeic
from .listing_server import listing_server, page
from .test_discover_trouble import discover_from, names_of


@pytest.mark.parametrize("names", [(), ("a",)], ids=["empty", "the same"])
def test_pages_without_anything_new_end(bulkeic: Bulkeic, names: tuple[str, ...]) -> None:
    numbers = itertools.count()

    with listing_server(lambda *_: page(*names, marker=str(next(numbers)))) as server:
        result = discover_from(bulkeic, server)

    assert result.code == 1, result.err
    assert names_of(result) == list(names)
    (line,) = (line for line in result.lines if line.startswith("not read: "))
    assert "EndlessPages: ListFunctions: 100 pages in a row brought nothing new" in line
    assert len(server.asked) <= 400


def test_a_marker_that_is_no_longer_accepted_starts_the_listing_again(bulkeic: Bulkeic) -> None:
    broken = 500, {"__type": "ServiceException", "message": "An internal error occurred."}
    refused = 400, {
        "__type": "InvalidParameterValueException", "message": "The pagination marker is invalid.",
    }  # fmt: skip
    pages = {"": page("a", "b", marker="old"), "old": broken}

    with listing_server(lambda _path, marker: pages[marker]) as server:
        flags = ("--run", "found.db", "--max-attempts", 1)
        first = discover_from(bulkeic, server, *flags)
        pages |= {"old": refused, "": page("a", "b", marker="new"), "new": page("c")}
        del server.asked[:]
        second = discover_from(bulkeic, server, *flags)
        asked = list(server.asked)

        pages |= {"": page("a", marker="old")}
        third = discover_from(bulkeic, server)

    assert (first.code, names_of(first)) == (1, ["a", "b"])
    assert second.code == 0, second.err
    assert names_of(second) == ["a", "b", "c"]
    assert asked == [("", "old"), ("", ""), ("", "new")]
    # A marker that was given just now is not refused because it is old.
    assert (third.code, names_of(third)) == (1, ["a"])
    assert "InvalidParameterValueException" in third.err
