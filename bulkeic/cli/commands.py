"""The commands. Each imports what it needs when it is called: --help stays quick."""

from typing import Any

import click

from bulkeic.cli import flags as of
from bulkeic.cli.bench import bench
from bulkeic.cli.flag_values import filled, taken
from bulkeic.version import __version__

# ruff: noqa: PLC0415


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def cli() -> None:
    """Fleet-wide updates of AWS Lambda's asynchronous-invocation policy."""


@cli.command()
@click.argument("source")
@of.settings_options
@of.replace_options
@of.change_options
@of.waves_options
@of.guard_options
@of.access_options
@of.duration_options
@of.pace_options
@of.rows_options
@of.run_options
@of.results_options
@of.yes_options
@of.place_options
@of.log_options
def apply(**flags: Any) -> int:
    """Update every target of SOURCE.

    SOURCE is a targets file (CSV, JSON or JSON Lines, maybe gzipped), - for stdin, or a run file,
    whose pending jobs it carries on with.
    """
    from bulkeic.app.commands import apply as app
    from bulkeic.app.setup.options import ApplyOptions
    from bulkeic.core.model import Settings

    return app.apply(filled(flags, ApplyOptions, settings=Settings))


@cli.command()
@click.argument("source")
@of.settings_options
@of.replace_options
@of.change_options
@of.show_options
@of.access_options
@of.duration_options
@of.pace_options
@of.rows_options
@of.run_options
@of.place_options
@of.log_options
def plan(**flags: Any) -> int:
    """Tell what apply would change, and keep it in a run file that apply carries out.

    SOURCE is a targets file, - for stdin, or a run file whose plan is carried on with.
    """
    from bulkeic.app.commands import plan as app
    from bulkeic.app.setup.options import DiffOptions, PlanOptions
    from bulkeic.core.model import Settings

    return app.plan(filled(flags, PlanOptions, settings=Settings, show=DiffOptions))


@cli.command()
@click.argument("source")
@of.settings_options
@of.replace_options
@of.access_options
@of.duration_options
@of.pace_options
@of.rows_options
@of.results_options
@of.place_options
@of.log_options
def verify(**flags: Any) -> int:
    """Compare every target of SOURCE with what is wanted.

    SOURCE is a targets file, - for stdin, or a run file. Exits with 4 if any target differs.
    """
    from bulkeic.app.commands import verify as app
    from bulkeic.app.setup.options import VerifyOptions
    from bulkeic.core.model import Settings

    return app.verify(filled(flags, VerifyOptions, settings=Settings))


@cli.command()
@click.argument("source", metavar="RUN")
@click.option("--plan", is_flag=True, help="Only tell what would be put back; apply does it.")
@of.show_options
@of.guard_options
@of.access_options
@of.duration_options
@of.pace_options
@of.run_options
@of.results_options
@of.yes_options
@of.place_options
@of.log_options
def rollback(**flags: Any) -> int:
    """Put back what the targets of RUN had before it."""
    from bulkeic.app.commands import rollback as app
    from bulkeic.app.setup.options import DiffOptions, RollbackOptions

    return app.rollback(filled(flags, RollbackOptions, show=DiffOptions))


@cli.command()
@click.argument("run", metavar="RUN")
def report(run: str) -> int:
    """Tell what became of a run."""
    from bulkeic.app.commands import report

    report.report(run)
    return 0


@cli.command()
@click.argument("run", metavar="RUN")
@of.export_options
def export(**flags: Any) -> int:
    """Print a run's outcomes."""
    from bulkeic.app.commands import export as app
    from bulkeic.app.setup.options import ExportOptions

    app.export(ExportOptions(**flags))
    return 0


@cli.command()
@of.server_options
@of.fleet_options
@of.merge_options
@of.callers_options
@of.scenario_options
@of.delay_options
@of.fault_options
def sandbox(**flags: Any) -> int:
    """Serve a Lambda control plane on loopback, to try things on.

    The first line on stdout is its URL. Ctrl-C ends it.
    """
    from bulkeic.app.commands import serve_sandbox as app
    from bulkeic.app.setup.options import FleetFlags, SandboxFlags

    fleet, scenario = taken(flags, FleetFlags), flags.pop("scenario")
    given = {name: value for name, value in flags.items() if value is not None}
    app.serve(SandboxFlags(fleet=fleet, scenario=scenario, given=given))
    return 0


cli.add_command(bench)
