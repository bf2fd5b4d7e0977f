"""Which runtimes a function may have: ``--runtime 'python3.*'``, ``--runtime '!nodejs*'``."""

import re

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.targets.selection import EXCLUDES, pattern_matcher

_match_pattern = re.compile(r"!?[a-z0-9.\-*?\[\]!]+", re.ASCII).fullmatch


def parse_runtime(text: str) -> str:
    """Checks a glob and returns it.

    Raises:
        InputError: no runtime can match it.
    """
    if not _match_pattern(text) or text == EXCLUDES:
        raise InputError(
            f"{quoted(text)} is not a runtime; expected a name or a glob, such as python3.12, "
            "nodejs* or !java*"
        )
    return text


def matches_runtime(runtime: str | None, patterns: tuple[str, ...]) -> bool:
    """Whether a runtime is selected.

    Args:
        runtime: ``None``: the function is a container image, which no glob matches.
        patterns: globs; ``!`` excludes.
    """
    if runtime is None:
        return all(pattern.startswith(EXCLUDES) for pattern in patterns)
    return pattern_matcher(patterns)(runtime)
