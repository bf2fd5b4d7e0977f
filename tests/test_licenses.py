"""The page of dependencies names what is pinned, and nothing with a license that restricts."""

import re

from .license_table import FILE_LEVEL, PAGE, PERMISSIVE, needed_by
from .test_locks import pinned

ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in PAGE.read_text().splitlines()
    if re.match(r"\| [a-z0-9]", line) and not line.startswith("| package ")
]


def test_the_page_names_every_pinned_package_that_is_installed() -> None:
    pins = pinned("requirements.lock")
    expected = {name: (pins[name], ", ".join(groups)) for name, groups in needed_by().items()}
    assert {name: (version, groups) for name, version, _, groups in ROWS} == expected, (
        "run make licenses"
    )


def test_no_license_of_the_base_install_or_of_an_extra_restricts() -> None:
    for name, _, license_, groups in ROWS:
        allowed = PERMISSIVE if groups == "base" else PERMISSIVE | FILE_LEVEL
        named = set(re.split(r" AND | OR |, ", license_))
        assert groups == "test" or named <= allowed, (name, license_)
