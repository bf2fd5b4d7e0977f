"""Which Regions a discovery looks in."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.discovery.model.regions import (
    choose_regions,
    exact_regions,
    parse_regions,
    unmatched_regions,
)

NAMES = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "us-gov-west-1", "ap-south-2"]
GLOBS = ["eu-*", "us-*", "*-1", "!eu-*", "!us-east-1", "??-south-[12]"]

patterns = st.lists(st.sampled_from([*NAMES, *GLOBS]), max_size=4, unique=True).map(tuple)
enabled = st.lists(st.sampled_from(NAMES), unique=True)


@given(patterns, enabled)
def test_enabled_regions_are_chosen_by_name_and_glob(
    given_patterns: tuple[str, ...], regions: list[str]
) -> None:
    wanted = [each for each in given_patterns if not each.startswith("!")]
    excluded = [each[1:] for each in given_patterns if each.startswith("!")]
    expected = [
        region
        for region in sorted(regions)
        if (not wanted or any(fnmatch.fnmatchcase(region, each) for each in wanted))
        and not any(fnmatch.fnmatchcase(region, each) for each in excluded)
    ]
    assert choose_regions(given_patterns, regions) == expected
    unmatched = unmatched_regions(given_patterns, regions)
    assert set(unmatched) <= set(wanted)
    for pattern in wanted:
        assert (pattern in unmatched) == (not fnmatch.filter(regions, pattern))


@given(patterns)
def test_only_globs_and_exclusions_depend_on_the_enabled_regions(
    given_patterns: tuple[str, ...],
) -> None:
    are_names = bool(given_patterns) and set(given_patterns) <= set(NAMES)
    assert exact_regions(given_patterns) == (given_patterns if are_names else None)


@given(st.lists(st.sampled_from([*NAMES, *GLOBS]), min_size=1))
def test_a_list_is_read_with_each_pattern_once(texts: list[str]) -> None:
    found = parse_regions(", ".join(texts))
    assert found == tuple(dict.fromkeys(texts))
    assert parse_regions(",".join(found)) == found


@pytest.mark.parametrize("text", ["", "us-east", "us-east-1,", "US-EAST-1", "!", "eu west 1", "*;"])
def test_a_text_that_no_region_can_match_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"expected .*us-east-1|expected a Region or a glob"):
        parse_regions(text)
