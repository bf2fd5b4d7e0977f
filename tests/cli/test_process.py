"""The end of the process: exit codes, and what an internal error prints."""

from collections.abc import Iterator

import click
import pytest

from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.cli import process
from bulkeic.cli.process import run_command
from bulkeic.core.errors import AccessError, StoppedError, UsageError
from bulkeic.core.exit_codes import ExitCode
from bulkeic.output.logs import configure_logs, reset_logs


@pytest.fixture(autouse=True)
def _unconfigured_logs() -> Iterator[None]:
    reset_logs()
    yield
    reset_logs()


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def command(**_: object) -> int:
        raise error

    monkeypatch.setattr(process, "cli", command)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (click.exceptions.Exit(1), ExitCode.FAILED),
        (click.UsageError("no"), ExitCode.USAGE),
        (UsageError("no"), ExitCode.USAGE),
        (AccessError("no"), ExitCode.USAGE),
        (StoppedError("no"), ExitCode.STOPPED),
        (KeyError("no"), ExitCode.STOPPED),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED),
    ],
)
def test_an_error_has_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: ExitCode
) -> None:
    fail_with(monkeypatch, error)
    assert run_command() == code


@pytest.mark.parametrize(("level", "is_shown"), [("debug", True), ("warning", False)])
def test_an_internal_error_has_a_traceback_at_level_debug(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    level: str,
    is_shown: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    configure_logs("console", level, sanitize)
    fail_with(monkeypatch, KeyError("a bug"))

    run_command()

    shown = capsys.readouterr()
    assert shown.out == ""
    assert ("Traceback" in shown.err) == is_shown
    assert shown.err.splitlines()[-1] == (
        "bulkeic: internal error, please report it with --log-level debug: KeyError('a bug')"
    )


def test_an_internal_error_before_the_logs_are_configured_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, KeyError("a bug"))

    run_command()

    shown = capsys.readouterr()
    assert (shown.out, shown.err) == (
        "", "bulkeic: internal error, please report it: KeyError('a bug')\n"
    )  # fmt: skip
