"""Which Regions a discovery looks in.

``--regions us-east-1,eu-*`` names Regions and globs; ``!`` excludes. Only globs and exclusions need
the list of the Regions that an account has enabled.
"""

from collections.abc import Iterable

from bulkeic.core.errors import InputError
from bulkeic.core.targets.names import check_region
from bulkeic.core.targets.selection import EXCLUDES, parse_pattern, pattern_matcher

_GLOB_CHARACTERS = frozenset("*?[]")


def parse_regions(text: str) -> tuple[str, ...]:
    """The patterns of a list with commas, each once.

    Raises:
        InputError: a part is neither the name of a Region nor a glob.
    """
    return tuple(dict.fromkeys(_parse_pattern(part.strip()) for part in text.split(",")))


def exact_regions(patterns: Iterable[str]) -> tuple[str, ...] | None:
    """The Regions that patterns name.

    Returns:
        ``None``: the patterns depend on the Regions that are enabled.
    """
    names = tuple(dict.fromkeys(patterns))
    return names if names and not any(map(_is_open, names)) else None


def choose_regions(patterns: tuple[str, ...], enabled: Iterable[str]) -> list[str]:
    """The enabled Regions that match, sorted; without patterns all of them."""
    is_chosen = pattern_matcher(patterns)
    return sorted(set(filter(is_chosen, enabled)))


def unmatched_regions(patterns: tuple[str, ...], enabled: Iterable[str]) -> list[str]:
    """The patterns that match none of the enabled Regions, without those that exclude."""
    regions = list(enabled)
    wanted = [pattern for pattern in patterns if not pattern.startswith(EXCLUDES)]
    return [pattern for pattern in wanted if not any(map(pattern_matcher((pattern,)), regions))]


def _parse_pattern(text: str) -> str:
    pattern = parse_pattern(text, "region")
    if not _GLOB_CHARACTERS & set(pattern):
        try:
            check_region(pattern.removeprefix(EXCLUDES))
        except InputError as problem:
            every = "; omit the flag for all enabled Regions" if pattern.lower() == "all" else ""
            raise InputError(f"{problem.rule} or eu-*{every}") from None
    return pattern


def _is_open(pattern: str) -> bool:
    return pattern.startswith(EXCLUDES) or bool(_GLOB_CHARACTERS & set(pattern))
