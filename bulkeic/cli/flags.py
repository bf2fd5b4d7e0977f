"""Groups of options, each a decorator; commands that share a group share its flags."""

import functools
from collections.abc import Callable
from typing import Any

import click

from bulkeic.cli.value_types import Finite, Functions, Parsed, Percent, Rate, Seconds
from bulkeic.core.destinations import parse_destination
from bulkeic.core.failure_budget import parse_failure_budget
from bulkeic.core.redaction import parse_endpoint
from bulkeic.core.waves import parse_waves

Command = Callable[..., Any]

FAULTS = {
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
"""The sandbox's faults that have a likelihood, each with what becomes of a call."""

_STATUSES = ["updated", "created", "unchanged", "failed", "invalid"]
ABOVE_0 = Seconds(0, min_open=True)
SECONDS = Seconds(0, 86400)


def _destination(field: str) -> Parsed:
    return Parsed("ARN", functools.partial(parse_destination, field=field))


def options(*options: Command) -> Command:
    """Several options as one decorator, in the order in which help shows them."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def role_duration(flag: str) -> Command:
    """How long the credentials of roles last, under a name of the command's own."""
    return click.option(
        flag,
        "duration_s",
        type=click.IntRange(900, 43200),
        default=3600,
        show_default=True,
        help="Seconds that a role's credentials last.",
    )


give_up_option = click.option(
    "--give-up-after", "give_up_after_s", type=ABOVE_0, default=120, show_default=True,
    help="Stop after so many seconds without any answer.",
)  # fmt: skip
access_options = options(
    click.option("--profile", help="AWS profile."),
    click.option("--region", help="Region of targets that name none."),
    click.option("--endpoint-url", metavar="URL", type=Parsed("URL", parse_endpoint),
                 help="Call this instead of AWS's endpoints."),
    click.option("--role-arn", metavar="ARN",
                 help="Role to assume in each account: arn:aws:iam::{account}:role/name."),
    click.option("--external-id", help="What the roles' trust policies ask for."),
    click.option("--role-session-name", default="bulkeic", show_default=True),
    click.option("--accounts", metavar="FILE",
                 help="CSV or JSON file of accounts with their roles, profiles and Regions."),
)  # fmt: skip
duration_options = options(role_duration("--duration"))
settings_options = options(
    click.option("--maximum-retry-attempts", type=click.IntRange(0, 2)),
    click.option("--maximum-event-age-in-seconds", type=click.IntRange(60, 21600)),
    click.option("--on-success", type=_destination("OnSuccess"), help="ARN, or none to clear."),
    click.option("--on-failure", type=_destination("OnFailure"), help="ARN, or none to clear."),
)
pace_options = options(
    click.option("--rate", type=Rate("auto"), default="10", show_default=True,
                 help="Calls a second for each account and Region, auto, or unlimited."),
    click.option("--headroom", type=Percent(), default="10%", show_default=True,
                 help="Part of the limit that --rate auto leaves to others."),
    click.option("--burst", type=Finite(1), help="Token bucket's size.  [default: rate]"),
    click.option("--concurrency", type=click.IntRange(1, 10_000), default=64, show_default=True,
                 help="Calls in flight at most, over all."),
    click.option("--max-attempts", type=click.IntRange(1, 1000), default=8, show_default=True,
                 help="Tries of one target."),
    click.option("--timeout", "timeout_s", type=ABOVE_0, default=10, show_default=True,
                 help="Seconds for one call."),
    give_up_option,
    click.option("--max-denied", type=click.IntRange(0), default=20, show_default=True,
                 help="Stop an account and Region that denies so many targets in a row; 0: never."),
)  # fmt: skip
rows_options = options(
    click.option("--format", type=click.Choice(["csv", "json", "jsonl"]),
                 help="[default: by ending]"),
    click.option("--skip-invalid", is_flag=True,
                 help="Leave bad rows out instead of refusing all."),
    click.option("--max-targets", type=click.IntRange(0), help="Refuse to update more than that."),
)  # fmt: skip
replace_options = options(
    click.option("--replace-destinations", is_flag=True,
                 help="Clear the destination that is not named, instead of keeping it."),
)  # fmt: skip
change_options = options(
    click.option("--create-missing", is_flag=True,
                 help="Where a function has no configuration, make one."),
    click.option("--where", metavar="EXPRESSION",
                 help="JMESPath: change only targets whose configuration matches."),
)  # fmt: skip
waves_options = options(
    click.option("--before-image", is_flag=True,
                 help="Keep what each target had, for rollback; it is read first."),
    click.option("--waves", type=Parsed("sizes", parse_waves),
                 help="Go in steps, so many in all by the end of each: 1,10%,50%,100%."),
    click.option("--wave-by", type=click.Choice(["lane", "region"]),
                 help="Spread waves over the lanes, or take Regions whole.  [default: lane]"),
    click.option("--wave-pause", "wave_pause_s", type=SECONDS, metavar="SECONDS",
                 help="Wait between waves.  [default: ask on a terminal]"),
)  # fmt: skip
guard_options = options(
    click.option("--max-failures", type=Parsed("N|P%", parse_failure_budget),
                 help="Stop when so many targets, or such a part of them, have failed."),
    click.option("--force", is_flag=True,
                 help="Change targets that somebody else has changed meanwhile, too."),
)  # fmt: skip
show_options = options(
    click.option("--diff", is_flag=True, help="Print each change on stdout."),
    click.option("--detailed-exitcode", is_flag=True, help="Exit with 4 if anything is to change."),
)  # fmt: skip
run_options = options(
    click.option("--run", metavar="FILE",
                 help="Run file.  [default: bulkeic-runs/<UTC time>.db]"),
)  # fmt: skip
results_options = options(
    click.option("--results", metavar="FILE", help="Outcomes as they come: .jsonl, .csv, or -."),
)  # fmt: skip
yes_options = options(
    click.option("--yes", is_flag=True, help="Go ahead without asking."),
)  # fmt: skip
place_options = options(
    click.option("--sandbox", is_flag=True, help="Try it on an embedded sandbox, not on AWS."),
    click.option("--output", type=click.Choice(["text", "json"]), default="text",
                 show_default=True, help="Final summary: text on stderr, or JSON on stdout."),
)  # fmt: skip


def logging_options(level: str) -> Command:
    """What is logged and drawn.

    Args:
        level: that is shown where the user names none.
    """
    return options(
        click.option("--log-format", type=click.Choice(["console", "json"]),
                     help="[default: console on a terminal, else json]"),
        click.option("--log-level", default=level, show_default=True,
                     type=click.Choice(["debug", "info", "warning", "error", "critical"])),
        click.option("--no-progress", "progress", flag_value=False, default=True,
                     help="No progress bar."),
    )  # fmt: skip


log_options = logging_options("warning")
export_options = options(
    click.option("--format", type=click.Choice(["jsonl", "csv"]), default="jsonl",
                 show_default=True),
    click.option("--status", "statuses", multiple=True, type=click.Choice(_STATUSES),
                 help="Only these; may be given several times."),
)  # fmt: skip

server_options = options(
    click.option("--host", help="Address to listen on.  [default: 127.0.0.1]"),
    click.option("--port", type=click.IntRange(0, 65535), help="[default: any free one]"),
    click.option("--rate", type=Rate(),
                 help="Calls a second that each account and Region lets through, or unlimited.  "
                      "[default: 15]"),
    click.option("--burst", type=Finite(1), help="[default: 15]"),
)  # fmt: skip
fleet_options = options(
    click.option("--targets", metavar="FILE", help="Targets file whose functions exist."),
    click.option("--region", default="us-east-1", show_default=True,
                 help="Region of targets that name none."),
    click.option("--functions", metavar="N|any", type=Functions(),
                 help="So many functions in each lane, or any at all.  "
                      "[default: any, unless --targets or --state]"),
    click.option("--accounts", type=click.IntRange(1, 10_000),
                 help="Of --functions.  [default: 1]"),
    click.option("--regions", type=click.IntRange(1, 17), help="Of --functions.  [default: 1]"),
    click.option("--configured", type=Finite(0, 1),
                 help="Part of --functions with a configuration.  [default: 1]"),
    click.option("--state", metavar="FILE", help="Begin with a state that was saved."),
    click.option("--save-state", metavar="FILE", help="Save the state at the end."),
)  # fmt: skip
merge_options = options(
    click.option("--merge-destinations", is_flag=True, default=None,
                 help="An Update keeps the destination that it does not send."),
)  # fmt: skip
callers_options = options(
    click.option("--secret", help="Secret of every access key.  [default: secret]"),
    click.option("--no-verify-signatures", "verify_signatures", flag_value=False, default=None,
                 help="Take callers at their word."),
    click.option("--external-id", help="ExternalId that every role wants."),
    click.option("--session-duration", "session_duration_s", type=SECONDS,
                 help="Seconds that a role's credentials last.  [default: as asked for]"),
    click.option("--tls-cert", metavar="FILE", help="Certificate (PEM): serve HTTPS."),
    click.option("--tls-key", metavar="FILE", help="Its key (PEM).  [default: the same file]"),
)  # fmt: skip
scenario_options = options(
    click.option("--scenario", metavar="FILE",
                 help="JSON file of such options; flags beat it."),
    click.option("--seed", type=int, help="Seed of the faults.  [default: 0]"),
)  # fmt: skip
delay_options = options(
    click.option("--latency", "latency_s", type=SECONDS,
                 help="Seconds that every answer takes: the median.  [default: 0]"),
    click.option("--latency-p99", "latency_p99_s", type=SECONDS,
                 help="Seconds within which 99 of 100 answers come.  [default: as the median]"),
    click.option("--slow-by", "slow_s", type=SECONDS,
                 help="Seconds that a call of --slow takes more.  [default: 1]"),
    click.option("--retry-after", "retry_after_s", type=SECONDS,
                 help="Seconds in a Retry-After header of each 429.  [default: no such header]"),
    click.option("--settle", "settle_s", type=SECONDS,
                 help="Seconds after a change in which another one meets a 409.  [default: 0]"),
    click.option("--iam-propagation", "iam_propagation_s", type=SECONDS,
                 help="Seconds that a new destination is refused for.  [default: 0]"),
)  # fmt: skip
fault_options = options(
    *(
        click.option(f"--{name.replace('_', '-')}", type=Finite(0, 1),
                     help=f"How likely a call {what}.")
        for name, what in FAULTS.items()
    ),
)  # fmt: skip
