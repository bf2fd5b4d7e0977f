"""The names of the profiles in the AWS configuration, read without loading an SDK."""

import os
import re

_FILES = (
    ("AWS_CONFIG_FILE", "~/.aws/config", True),
    ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", False),
)
_MAX_BYTES = 4_000_000
# A quoted name may hold spaces. Other sections of the config file are no profiles.
_find_sections = re.compile(
    r"^\[[ \t]*(profile[ \t]+)?(?:\"([^\"\]\n]+)\"|'([^'\]\n]+)'|([^\]\n]+?))[ \t]*\]", re.MULTILINE
).findall


def configured_profiles() -> list[str]:
    """The names of all profiles, sorted. A file that cannot be read has none."""
    found: set[str] = set()
    for variable, default, has_prefix in _FILES:
        path = os.path.expanduser(os.environ.get(variable, default))  # noqa: PTH111 - as the SDK
        found.update(_profiles(_read(path), has_prefix=has_prefix))
    return sorted(found)


def _profiles(text: str, *, has_prefix: bool) -> list[str]:
    """The profiles that the sections of a file declare.

    Args:
        text: of the file.
        has_prefix: whether ``profile`` is before each name but ``default``.
    """
    return [
        double or single or bare
        for prefix, double, single, bare in _find_sections(text)
        if not has_prefix or prefix or bare == "default"
    ]


def _read(path: str) -> str:
    if not os.path.isfile(path):  # noqa: PTH113 - pathlib can raise; a pipe would block
        return ""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            return file.read(_MAX_BYTES).decode(errors="replace")
    except OSError:
        return ""
