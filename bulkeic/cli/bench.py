"""``bulkeic bench``: a command, and a group of those that go with it."""

import sys
from typing import Any

import click

from bulkeic.cli import flags as of
from bulkeic.cli.flag_values import filled
from bulkeic.cli.value_types import Concurrency, Parsed, Rates

# ruff: noqa: PLC0415


def _condition(text: str) -> Any:
    """A condition, by the parser of ``core``, which only ``compare`` needs."""
    from bulkeic.bench.model.fail_if import parse_condition

    return parse_condition(text)


load_options = of.options(
    click.option("--rate", "--rates", "rates", type=Rates(), default=(), metavar="N[,N…]",
                 help="Open load: so many requests a second in each lane, one after the other.  "
                      "[default: 10]"),
    click.option("--step", "step_s", type=of.ABOVE_0, metavar="SECONDS",
                 help="How long each of several --rates lasts.  [default: 30]"),
    click.option("--concurrency", type=Concurrency(), default=(), metavar="N[,N…]",
                 help="Closed load: so many requests under way; with --rate, at most so many."),
    click.option("--find-limit", is_flag=True,
                 help="Find the rate and the burst that each lane lets through."),
    click.option("--duration", "length_s", type=of.ABOVE_0, metavar="SECONDS",
                 help="How long a load is measured.  [default: 10]"),
    click.option("--requests", type=click.IntRange(1), help="Measure so many requests instead."),
    click.option("--warmup", "warmup_s", type=of.SECONDS, metavar="SECONDS",
                 help="Before it is measured.  [default: 1]"),
)  # fmt: skip
bench_options = of.options(
    click.option("--functions", type=click.IntRange(1, 100_000),
                 help="Call fn-0, fn-1 and so on, as bulkeic sandbox --functions has them."),
    click.option("--operation", type=click.Choice(["get", "update"]), default="get",
                 show_default=True, help="Read, or read and write back what each target has."),
    click.option("--repeat", type=click.IntRange(1, 1000), default=1, show_default=True,
                 help="Put all loads on so often."),
    click.option("--seed", type=int, default=0, show_default=True,
                 help="Of the order of targets and of the jitter of retries."),
    click.option("--forecast", metavar="FILE",
                 help="Tell how long apply takes for a targets file; finds the limits first."),
)  # fmt: skip
calls_options = of.options(
    of.role_duration("--role-duration"),
    click.option("--max-attempts", type=click.IntRange(1, 1000), default=8, show_default=True,
                 help="Tries of one request."),
    click.option("--timeout", "timeout_s", type=of.ABOVE_0, default=10, show_default=True,
                 help="Seconds for one call, and for what is under way at the end."),
    of.give_up_option,
    click.option("--format", type=click.Choice(["csv", "json", "jsonl"]),
                 help="Of targets files.  [default: by ending]"),
    click.option("--skip-invalid", is_flag=True,
                 help="Leave bad rows out instead of refusing all."),
)  # fmt: skip
kept_options = of.options(
    click.option("--results", metavar="FILE", help="Write all that was measured, as JSON."),
    click.option("--html", metavar="FILE", help="Write a page with charts."),
)  # fmt: skip


class _BenchGroup(click.Group):
    """A group whose own command is meant where no other is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the name of the own command in front, where none is given."""
        if not args or args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_BenchGroup)
def bench() -> None:
    """Measure an endpoint and this machine under a chosen load."""


class _OwnContext(click.Context):
    """Goes by the group's name: nobody need know that its own command has another."""

    @property
    def command_path(self) -> str:
        """What stands before the flags."""
        return "bulkeic bench"


class _OwnCommand(click.Command):
    context_class = _OwnContext


@bench.command("run", cls=_OwnCommand, hidden=True)
@click.argument("source", required=False, default="")
@load_options
@bench_options
@of.access_options
@calls_options
@kept_options
@of.yes_options
@of.place_options
@of.logging_options("error")  # throttles and failures are what is measured, and counted
def run(**flags: Any) -> int:
    """Measure an endpoint and this machine under a chosen load.

    SOURCE is a targets file whose functions are called, - for stdin, or a run file. Without
    --operation update nothing is changed. bulkeic bench compare OLD NEW compares two results.
    """
    from bulkeic.bench import bench_command as app
    from bulkeic.bench.bench_options import BenchOptions
    from bulkeic.bench.model.workload import LoadFlags

    return app.bench(filled({**flags, "words": sys.argv[1:]}, BenchOptions, load=LoadFlags))


@bench.command("compare")
@click.argument("old")
@click.argument("new")
@click.option(
    "--fail-if",
    type=Parsed("CONDITION", _condition),
    multiple=True,
    metavar="CONDITION",
    help="Exit with 1 if it holds, such as 'p99 > 1.2x'; may be repeated.",
)
@click.option(
    "--repeat", type=click.IntRange(1, 1000), help="Run commands so often, in turn.  [default: 5]"
)
@click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="With json, stdout carries the comparison.",
)
def compare(**flags: Any) -> int:
    """Compare two results, and tell what is beyond the noise.

    OLD and NEW are files of --results, or commands in quotes, such as 'bulkeic bench --sandbox
    --rate 10'.
    """
    from bulkeic.bench import compare_command

    return compare_command.compare(compare_command.CompareOptions(**flags))
