"""Differences: their format, their colors, and no control characters from outside."""

import io
import os
import time
from pathlib import Path

import pytest

from bulkeic.core.change.snapshot import ABSENT
from bulkeic.core.model import Lane, Settings, Target
from bulkeic.output.diff import DiffPrinter

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:failed"
TOPIC = "arn:aws:sns:us-east-1:123456789012:done"
TARGET = Target(Lane("123456789012", "us-east-1"), "f")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def show(
    out: io.StringIO, before: Settings, after: Settings, target: Target = TARGET, row: str = "t:17"
) -> list[str]:
    DiffPrinter(out).show(target, row, before, after)
    assert out.getvalue().endswith("\n")
    return out.getvalue().split("\n")[:-1]


def test_a_change_shows_added_changed_and_removed_fields() -> None:
    before = Settings(2, 60, TOPIC, "")
    assert show(io.StringIO(), before, Settings(0, 60, "", QUEUE), row="targets.csv:17") == [
        f"~ {ARN}  (targets.csv:17)",
        "    ~ MaximumRetryAttempts:        2 -> 0",
        f"    - DestinationConfig.OnSuccess: {TOPIC}",
        f"    + DestinationConfig.OnFailure: {QUEUE}",
    ]


def test_values_are_aligned_within_a_target() -> None:
    assert show(io.StringIO(), Settings(1, 60, "", ""), Settings(0, None, "", "")) == [
        f"~ {ARN}  (t:17)",
        "    ~ MaximumRetryAttempts:     1 -> 0",
        "    - MaximumEventAgeInSeconds: 60",
    ]
    assert show(io.StringIO(), Settings(1), Settings(0))[1:] == [
        "    ~ MaximumRetryAttempts: 1 -> 0"
    ]


def test_created_and_deleted_configurations() -> None:
    image = Settings(0, None, "", QUEUE)
    for sign, before, after in (("+", ABSENT, image), ("-", image, ABSENT)):
        assert show(io.StringIO(), before, after) == [
            f"{sign} {ARN}  (t:17)",
            f"    {sign} MaximumRetryAttempts:        0",
            f"    {sign} DestinationConfig.OnFailure: {QUEUE}",
        ]


def test_signs_have_colors_on_a_terminal() -> None:
    assert show(Terminal(), Settings(2, 60, TOPIC, ""), Settings(0, 60, "", QUEUE)) == [
        f"\x1b[33m~\x1b[0m {ARN}  (t:17)",
        "    \x1b[33m~\x1b[0m MaximumRetryAttempts:        2 -> 0",
        f"    \x1b[31m-\x1b[0m DestinationConfig.OnSuccess: {TOPIC}",
        f"    \x1b[32m+\x1b[0m DestinationConfig.OnFailure: {QUEUE}",
    ]


@pytest.mark.parametrize(
    ("out", "environment", "colored"),
    [
        (Terminal, {}, True),
        (Terminal, {"NO_COLOR": "1"}, False),
        (Terminal, {"TERM": "dumb"}, False),
        (Terminal, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (io.StringIO, {}, False),
        (io.StringIO, {"FORCE_COLOR": "1"}, True),
    ],
)
def test_when_there_are_colors(
    out: type[io.StringIO],
    environment: dict[str, str],
    *,
    colored: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    lines = show(out(), Settings(1), Settings(2))
    assert [line.isprintable() for line in lines] == [not colored] * 2


def test_text_from_outside_is_escaped_and_not_wrapped() -> None:
    target = Target(TARGET.lane, "[red]f[/red]", "\x1b[2J")
    row = f"{'long' * 100}\n\u202e.csv:1"
    first, second = show(
        Terminal(), Settings(on_success="a\rb"), Settings(on_success="[b]"), target, row
    )
    assert ":function:[red]f[/red]:\\x1b[2J  (" in first
    assert first.endswith(f"{'long' * 100}\\n\\u202e.csv:1)")
    assert second.endswith("DestinationConfig.OnSuccess: a\\rb -> [b]")


def test_text_that_the_stream_cannot_encode_is_escaped() -> None:
    data = io.BytesIO()
    out = io.TextIOWrapper(data, encoding="ascii")
    DiffPrinter(out).show(TARGET, "zölle.csv:1", Settings(1), Settings(2))
    out.flush()
    assert b"(z\\xf6lle.csv:1)\n" in data.getvalue()


def test_it_is_printed_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    DiffPrinter().show(TARGET, "t:17", Settings(1), Settings(2))
    assert capsys.readouterr().out.startswith(f"~ {ARN}  (t:17)\n")


def test_a_hundred_thousand_targets_take_seconds() -> None:
    before, after = Settings(2, 60, TOPIC, ""), Settings(0, 120, "", QUEUE)
    with Path(os.devnull).open("w", encoding="utf-8") as out:
        printer = DiffPrinter(out)
        begun = time.process_time()
        for number in range(100_000):
            printer.show(TARGET, f"targets.csv:{number}", before, after)
        took = time.process_time() - begun
    assert took < 30  # of which it needs one or two
