"""The command line: flags → options → one call of ``app``."""

import gc
import math
import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
import msgspec

from bulkeic import __version__
from bulkeic.core.destinations import parse_destination
from bulkeic.core.errors import BulkeicError, InputError

# A command imports what it needs when it is called: --help stays quick.
# ruff: noqa: PLC0415

S = TypeVar("S", bound=msgspec.Struct)
Command = Callable[..., Any]

_STATUSES = ["updated", "created", "unchanged", "failed", "invalid"]
_HEADROOM_MAX = 90
_FUNCTIONS_MAX = 10_000_000
_STDERR = 2
_USAGE_EXIT = 2
_INTERRUPTED_EXIT = 130


class _Rate(click.ParamType[Any]):
    name = "calls/s"

    def __init__(self, *words: str) -> None:
        self._words = words

    def convert(self, value: Any, param: Any, ctx: Any) -> float | str:
        """A positive number of calls a second, ``unlimited``, or another word."""
        if value == "unlimited":
            return math.inf
        if value in self._words:
            return str(value)
        try:
            rate = float(value)
        except ValueError:
            rate = math.nan
        if not 0 < rate < math.inf:
            allowed = ", ".join(("a number above 0", *self._words))
            self.fail(f"{value!r} is no rate; allowed: {allowed}, or unlimited", param, ctx)
        return rate


class _Destination(click.ParamType[Any]):
    name = "ARN"

    def __init__(self, field: str) -> None:
        self._field = field

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """A destination that Lambda accepts, or ``none``."""
        try:
            return parse_destination(value, self._field)
        except InputError as problem:
            self.fail(problem.rule, param, ctx)


class _Percent(click.ParamType[Any]):
    name = "percent"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """A part, from a text such as ``10%``."""
        if isinstance(value, float):
            return value
        try:
            percent = float(value.removesuffix("%"))
        except ValueError:
            percent = math.nan
        if not 0 <= percent <= _HEADROOM_MAX:
            self.fail(f"{value!r} is no part; allowed: 0% to {_HEADROOM_MAX}%", param, ctx)
        return percent / 100


class _Functions(click.ParamType[Any]):
    name = "number"

    def convert(self, value: Any, param: Any, ctx: Any) -> int | str:
        """A number of functions, or ``any``."""
        if value == "any":
            return "any"
        if not value.isdecimal() or not 0 < int(value) <= _FUNCTIONS_MAX:
            allowed = f"allowed: 1 to {_FUNCTIONS_MAX}, or any"
            self.fail(f"{value!r} is no number of functions; {allowed}", param, ctx)
        return int(value)


def _options(*options: Command) -> Command:
    """Several options as one decorator, in the order in which help shows them."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


class _Finite(click.FloatRange):
    """A number that is one: neither nan nor inf."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """The number, in its range."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is no number", param, ctx)
        return number


_ABOVE_0 = _Finite(0, min_open=True)

_access_options = _options(
    click.option("--profile", help="AWS profile."),
    click.option("--region", help="Region of targets that name none."),
    click.option("--endpoint-url", help="Call this instead of AWS's endpoints."),
)
_role_options = _options(
    click.option("--role-arn", metavar="ARN",
                 help="Role to assume in each account: arn:aws:iam::{account}:role/name."),
    click.option("--external-id", help="What the roles' trust policies ask for."),
    click.option("--role-session-name", default="bulkeic", show_default=True),
    click.option("--duration", "duration_s", type=click.IntRange(900, 43200), default=3600,
                 show_default=True, help="Seconds that a role's credentials last."),
    click.option("--accounts", metavar="FILE",
                 help="CSV or JSON file of accounts with their roles, profiles and Regions."),
)  # fmt: skip
_settings_options = _options(
    click.option("--maximum-retry-attempts", type=click.IntRange(0, 2)),
    click.option("--maximum-event-age-in-seconds", type=click.IntRange(60, 21600)),
    click.option("--on-success", type=_Destination("OnSuccess"), help="ARN, or none to clear."),
    click.option("--on-failure", type=_Destination("OnFailure"), help="ARN, or none to clear."),
)
_pace_options = _options(
    click.option("--rate", type=_Rate("auto"), default="10", show_default=True,
                 help="Calls a second for each account and Region, auto, or unlimited."),
    click.option("--headroom", type=_Percent(), default="10%", show_default=True,
                 help="Part of the limit that --rate auto leaves to others."),
    click.option("--burst", type=_Finite(1), help="Token bucket's size.  [default: rate]"),
    click.option("--concurrency", type=click.IntRange(1, 10_000), default=64, show_default=True,
                 help="Calls in flight at most, over all."),
    click.option("--max-attempts", type=click.IntRange(1, 1000), default=8, show_default=True,
                 help="Tries of one target."),
    click.option("--timeout", "timeout_s", type=_ABOVE_0, default=10, show_default=True,
                 help="Seconds for one call."),
    click.option("--give-up-after", "give_up_after_s", type=_ABOVE_0, default=120,
                 show_default=True, help="Stop after so many seconds without any answer."),
)  # fmt: skip
_log_options = _options(
    click.option("--log-format", type=click.Choice(["console", "json"]),
                 help="[default: console on a terminal, else json]"),
    click.option("--log-level", default="warning", show_default=True,
                 type=click.Choice(["debug", "info", "warning", "error", "critical"])),
)  # fmt: skip


_FAULTS = {
    "throttle": "is throttled although there is quota",
    "conflict": "meets another operation in progress",
    "refuse": "is refused for want of a permission",
    "error": "meets an internal error",
    "slow": "is answered late",
    "cut_before": "loses its connection before the change",
    "cut_after": "loses its connection after the change",
    "hang": "is never answered",
    "truncated": "gets a truncated answer",
    "garbage": "gets a page of HTML",
    "expired": "with a role's credentials is told that they have expired",
}
_fault_options = _options(
    *(
        click.option(f"--{name.replace('_', '-')}", type=_Finite(0, 1),
                     help=f"How likely a call {what}.")
        for name, what in _FAULTS.items()
    ),
)  # fmt: skip
_SECONDS = _Finite(0, 86400)
_delay_options = _options(
    click.option("--latency", "latency_s", type=_SECONDS,
                 help="Seconds that every answer takes: the median.  [default: 0]"),
    click.option("--latency-p99", "latency_p99_s", type=_SECONDS,
                 help="Seconds within which 99 of 100 answers come.  [default: as the median]"),
    click.option("--slow-by", "slow_s", type=_SECONDS,
                 help="Seconds that a call of --slow takes more.  [default: 1]"),
    click.option("--retry-after", "retry_after_s", type=_SECONDS,
                 help="Seconds in a Retry-After header of each 429.  [default: no such header]"),
    click.option("--settle", "settle_s", type=_SECONDS,
                 help="Seconds after a change in which another one meets a 409.  [default: 0]"),
    click.option("--iam-propagation", "iam_propagation_s", type=_SECONDS,
                 help="Seconds that a new destination is refused for.  [default: 0]"),
)  # fmt: skip
_access_control_options = _options(
    click.option("--secret", help="Secret of every access key.  [default: secret]"),
    click.option("--no-verify-signatures", "verify_signatures", flag_value=False, default=None,
                 help="Take callers at their word."),
    click.option("--external-id", help="ExternalId that every role wants."),
    click.option("--session-duration", "session_duration_s", type=_SECONDS,
                 help="Seconds that a role's credentials last.  [default: as asked for]"),
    click.option("--tls-cert", metavar="FILE", help="Certificate (PEM): serve HTTPS."),
    click.option("--tls-key", metavar="FILE", help="Its key (PEM).  [default: the same file]"),
)  # fmt: skip
_fleet_options = _options(
    click.option("--targets", metavar="FILE", help="Targets file whose functions exist."),
    click.option("--region", default="us-east-1", show_default=True,
                 help="Region of targets that name none."),
    click.option("--functions", metavar="N|any", type=_Functions(),
                 help="So many functions in each lane, or any at all.  "
                      "[default: any, unless --targets or --state]"),
    click.option("--accounts", type=click.IntRange(1, 10_000),
                 help="Of --functions.  [default: 1]"),
    click.option("--regions", type=click.IntRange(1, 17), help="Of --functions.  [default: 1]"),
    click.option("--configured", type=_Finite(0, 1),
                 help="Part of --functions with a configuration.  [default: 1]"),
    click.option("--state", metavar="FILE", help="Begin with a state that was saved."),
    click.option("--save-state", metavar="FILE", help="Save the state at the end."),
)  # fmt: skip


def _take(flags: dict[str, Any], kind: type[S]) -> S:
    """Some of the flags as the type whose fields they are."""
    return kind(**{name: flags.pop(name) for name in kind.__struct_fields__})


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def cli() -> None:
    """Fleet-wide updates of AWS Lambda's asynchronous-invocation policy."""


@cli.command()
@click.argument("source")
@_settings_options
@_access_options
@_role_options
@_pace_options
@click.option("--format", type=click.Choice(["csv", "json", "jsonl"]), help="[default: by ending]")
@click.option("--skip-invalid", is_flag=True, help="Leave bad rows out instead of refusing all.")
@click.option("--max-targets", type=click.IntRange(0), help="Refuse to update more than that.")
@click.option("--run", metavar="FILE", help="Run file.  [default: bulkeic-runs/<UTC time>.db]")
@click.option("--results", metavar="FILE", help="Outcomes as they come: .jsonl, .csv, or -.")
@click.option("--yes", is_flag=True, help="Go ahead without asking.")
@click.option("--sandbox", is_flag=True, help="Try it on an embedded sandbox, not on AWS.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True,
              help="Final summary: text on stderr, or JSON on stdout.")  # fmt: skip
@_log_options
@click.option("--no-progress", "progress", flag_value=False, default=True, help="No progress bar.")
def apply(**flags: Any) -> int:
    """Update every target of SOURCE.

    SOURCE is a targets file (CSV, JSON or JSON Lines, maybe gzipped), - for stdin, or a run file,
    whose pending jobs it carries on with.
    """
    from bulkeic.app import apply as app
    from bulkeic.app.options import AccessOptions, ApplyOptions, LogOptions
    from bulkeic.core.model import Settings

    groups = {
        "access": _take(flags, AccessOptions),
        "settings": _take(flags, Settings),
        "log": _take(flags, LogOptions),
    }
    return app.apply(msgspec.convert({**flags, **groups}, ApplyOptions))


@cli.command()
@click.argument("run", metavar="RUN")
def report(run: str) -> int:
    """Tell what became of a run."""
    from bulkeic.app import views

    views.report(run)
    return 0


@cli.command()
@click.argument("run", metavar="RUN")
@click.option("--format", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.option("--status", "statuses", multiple=True, type=click.Choice(_STATUSES),
              help="Only these; may be given several times.")  # fmt: skip
def export(**flags: Any) -> int:
    """Print a run's outcomes."""
    from bulkeic.app import views
    from bulkeic.app.options import ExportOptions

    views.export(ExportOptions(**flags))
    return 0


@cli.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="[default: any free one]")
@click.option(
    "--rate",
    type=_Rate(),
    help="Calls a second that each account and Region lets through, or unlimited.  [default: 15]",
)
@click.option("--burst", type=_Finite(1), help="[default: 15]")
@_fleet_options
@click.option(
    "--merge-destinations",
    is_flag=True,
    default=None,
    help="An Update keeps the destination that it does not send.",
)
@_access_control_options
@click.option("--scenario", metavar="FILE", help="JSON file of such options; flags beat it.")
@click.option("--seed", type=int, help="Seed of the faults.  [default: 0]")
@_delay_options
@_fault_options
def sandbox(**flags: Any) -> int:
    """Serve a Lambda control plane on loopback, to try things on.

    The first line on stdout is its URL. Ctrl-C ends it.
    """  # fmt: skip
    from bulkeic.app import sandbox as app
    from bulkeic.app.options import FleetFlags, SandboxFlags

    fleet, scenario = _take(flags, FleetFlags), flags.pop("scenario")
    given = {name: value for name, value in flags.items() if value is not None}
    app.serve(SandboxFlags(fleet=fleet, scenario=scenario, given=given))
    return 0


def _fill_closed_streams() -> None:
    """Keeps a file that is opened later from being taken for a stream that was closed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(descriptor)
    sys.stdin = sys.stdin or os.fdopen(0, "r")
    sys.stderr = sys.stderr or os.fdopen(_STDERR, "w")


def _let_go_of_streams() -> None:
    """Keeps Python from ending with a code of its own where nobody reads any more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def tune_collector() -> None:
    """Collects seldom: few cycles are made, and a collection looks at all that is imported."""
    gc.set_threshold(50_000, 20, 20)


def main() -> None:
    """The installed command. Every error that was foreseen is one line and an exit code."""
    tune_collector()
    _fill_closed_streams()
    try:
        code = cli(standalone_mode=False)
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    except click.ClickException as error:
        error.show()
        code = _USAGE_EXIT
    except BulkeicError as error:
        click.echo(f"bulkeic: {error}", err=True)
        code = _USAGE_EXIT
    except (KeyboardInterrupt, click.Abort):
        click.echo("bulkeic: interrupted", err=True)
        code = _INTERRUPTED_EXIT
    except Exception as error:  # noqa: BLE001 - a bug is one line, too
        click.echo(f"bulkeic: internal error, please report it: {error!r}", err=True)
        code = _USAGE_EXIT
    _let_go_of_streams()
    if code == _INTERRUPTED_EXIT:
        os._exit(code)  # out now: a thread may be writing to a pipe that nobody reads
    gc.freeze()  # what is left need not be looked at once more before it goes
    sys.exit(code)
