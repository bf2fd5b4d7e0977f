"""The page of dependencies with their licenses, made of pip-licenses' JSON on stdin."""

import json
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from .test_locks import ROOT, installed

PAGE = ROOT / "docs/reference/dependencies.md"
GROUPS = ("base", "charts", "dask", "otel", "test")

SHORT_NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache License v2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Apache Software License; BSD License": "Apache-2.0, BSD",
    "Apache Software License; MIT License": "Apache-2.0, MIT",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""How packages name their license, and its short name."""

PERMISSIVE = frozenset(
    {"Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "PSF-2.0"}
)  # fmt: skip
"""Licenses that a package of the base install can have."""

FILE_LEVEL = frozenset({"MPL-2.0"})
"""More licenses that a package of an extra can have."""

_HEAD = """# Dependencies and their licenses

`make licenses` writes this page with pip-licenses, from the packages that `requirements.lock` pins.
bulkeic itself is under Apache-2.0.

- `base` is what `pip install bulkeic` brings, and what is in `bulkeic.pyz`.
  Its licenses are permissive: a test allows only {permissive}.
- `charts`, `dask` and `otel` are extras: they add packages to those of `base`.
  They may also have {file_level}, which asks that changes to the package's own files stay open.
- `test` is for contributors alone, and nothing of it is in a release.

The text of each license is inside its package.
A license is named as the package's metadata does; `BSD` does not say which variant.

| package | version | license | for |
|---|---|---|---|
"""


def needed_by() -> dict[str, list[str]]:
    """The groups that bring a package, as name → groups; ``base`` alone if it does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted: dict[str, list[str]] = {"base": project["project"]["dependencies"]}
    wanted |= project["project"]["optional-dependencies"]
    wanted["test"] = wanted["test"] + project["build-system"]["requires"]
    found: dict[str, list[str]] = {}
    for group in GROUPS:
        for name in installed(wanted[group]):
            groups = found.setdefault(name, [])
            if groups != ["base"] and not (group == "test" and groups):
                groups.append(group)
    return found


def table(packages: Iterable[Mapping[str, str]]) -> list[str]:
    """The rows of the page, sorted by name.

    Args:
        packages: as pip-licenses describes them.
    """
    by_name = {str(canonicalize_name(package["Name"])): package for package in packages}
    groups = needed_by()
    return [
        f"| {name} | {by_name[name]['Version']} | {_license(by_name[name])} | "
        f"{', '.join(groups[name])} |"
        for name in sorted(groups)
    ]


def _license(package: Mapping[str, str]) -> str:
    name = package["License"].strip()
    return SHORT_NAMES.get(name, name)


def main() -> None:
    """Writes the page."""
    rows = table(json.load(sys.stdin))
    head = _HEAD.format(
        permissive=", ".join(sorted(PERMISSIVE)), file_level=", ".join(sorted(FILE_LEVEL))
    )
    Path(PAGE).write_text(head + "".join(f"{row}\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
