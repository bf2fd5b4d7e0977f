"""A flag that needs no value never takes the next argument for one."""

import pytest

from bulkeic.cli.commands import APPLY
from bulkeic.cli.option_command import OptionCommand, with_bare_values


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--ui targets.csv", "--ui=0 targets.csv"),
        ("targets.csv --ui", "targets.csv --ui=0"),
        ("--ui --yes targets.csv", "--ui=0 --yes targets.csv"),
        ("--ui 8080 targets.csv", "--ui 8080 targets.csv"),
        ("--ui 99999 targets.csv", "--ui 99999 targets.csv"),
        ("--ui=8080 targets.csv", "--ui=8080 targets.csv"),
        ("--ui - --yes", "--ui=0 - --yes"),
        ("--gate --ui targets.csv", "--gate --ui targets.csv"),
        ("--ui -- --ui", "--ui=0 -- --ui"),
        ("--run", "--run"),
    ],
)
def test_the_table(words: str, expected: str) -> None:
    assert with_bare_values(words.split(), OptionCommand(APPLY).declared()) == expected.split()
