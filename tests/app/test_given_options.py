"""The keywords of the library are the flags of the commands, and are checked like them."""

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bulkeic import UsageError
from bulkeic.app.library import keywords
from bulkeic.app.library.given_options import given_options
from bulkeic.app.options.command_options import (
    ApplyOptions,
    PlanOptions,
    ReportOptions,
    RollbackOptions,
    VerifyOptions,
)
from bulkeic.core.options.option_declaration import command_options
from bulkeic.core.rollout.waves import Size
from bulkeic.discovery.discover_options import DiscoverOptions

CALLS: dict[str, tuple[type[msgspec.Struct], Any]] = {
    "plan": (PlanOptions, keywords.PlanKeywords),
    "apply": (ApplyOptions, keywords.ApplyKeywords),
    "verify": (VerifyOptions, keywords.VerifyKeywords),
    "rollback": (RollbackOptions, keywords.RollbackKeywords),
    "report": (ReportOptions, keywords.ReportKeywords),
    "discover": (DiscoverOptions, keywords.DiscoverKeywords),
}


@pytest.mark.parametrize("command", CALLS)
def test_each_flag_is_a_keyword_unless_it_is_left_out_on_purpose(command: str) -> None:
    options, typed = CALLS[command]
    flags = {option.key for option in command_options(options, command)}
    left_out = keywords.NOT_IN_LIBRARY | ({"out"} if command == "discover" else set())

    assert typed.__annotations__.keys() == flags - left_out


def applied(**given: object) -> ApplyOptions:
    return given_options(ApplyOptions, "apply", given, Path("targets.csv"))


def test_values_are_those_of_the_flags() -> None:
    assert applied(rate="unlimited").pace.rate == applied(rate=math.inf).pace.rate == math.inf
    assert applied(rate=0.123456789).pace.rate == 0.123456789
    assert applied(headroom=0.25).pace.headroom == applied(headroom="25%").pace.headroom == 0.25
    assert applied(timeout="500ms").pace.timeout_s == applied(timeout=0.5).pace.timeout_s == 0.5
    assert applied(waves=[1, "100%"]).waves == applied(waves="1,100%").waves
    assert applied(waves="1,100%").waves == (Size(1), Size(100, 100))
    assert applied(max_failures=5) == applied(max_failures="5")
    assert applied(name="a*") == applied(name=["a*"]) == applied(name=("a*",))
    assert applied(on_failure="none").settings.on_failure == ""
    assert applied(run=Path("run.db")).run == "run.db"
    until = applied(until=datetime(2026, 11, 27, 18, tzinfo=UTC)).window.until
    assert until is not None
    assert until.time == datetime(2026, 11, 27, 18, tzinfo=UTC).timestamp()
    assert applied(before_image=False).before_image is False
    assert applied(profile=None) == applied()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"rate": 0}, "rate: '0' is not a rate; expected a number above 0, auto, or unlimited"),
        ({"rate": True}, "rate: true is invalid; expected CALLS/S"),
        ({"concurrency": 0}, "concurrency: '0' is out of range; expected 1 to 10000"),
        ({"concurrency": 1.5}, "concurrency: '1.5' is not an integer; expected 1 to 10000"),
        ({"force": "yes"}, "force: 'yes' is invalid; expected True or False"),
        ({"max_targets": object}, "max_targets: "),
        ({"name": [3.5]}, "name: 3.5 is invalid; expected GLOB"),
        ({"name": ["a b"]}, "name: 'a b' is invalid; expected a function name or a glob"),
        ({"profile": Path("x")}, "profile: "),
        ({"waves": 7.5}, "waves: 7.5 is invalid; expected SIZES"),
        ({"headroom": {}}, "headroom: {} is invalid; expected PERCENT"),
        ({"run": "-"}, "run: '-' is not a file; expected the name of a file"),
        ({"run": ""}, "run: '' is not a file; expected the name of a file"),
        ({"accounts": "-"}, "accounts: '-' is not a file"),
        ({"run": "a\0b"}, "run: 'a\\x00b' is not a file"),
    ],
)
def test_an_invalid_value_is_one_line_that_names_the_keyword(
    given: dict[str, object], expected: str
) -> None:
    with pytest.raises(UsageError) as caught:
        applied(**given)

    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["rates", "yes", "output", "log_level", "workers"])
def test_an_unknown_keyword_is_refused_as_python_does(name: str) -> None:
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'"):
        applied(**{name: "x"})


def test_the_standard_streams_belong_to_the_program() -> None:
    with pytest.raises(UsageError, match="source: '-' is not a file"):
        given_options(ApplyOptions, "apply", {}, "-")
