"""The commands. Each imports what it needs when it is called: --help stays quick."""

from typing import Any, TypeVar

import click
import msgspec

from bulkeic import __version__
from bulkeic.cli import flags as of

# ruff: noqa: PLC0415

S = TypeVar("S", bound=msgspec.Struct)


def _take(flags: dict[str, Any], kind: type[S]) -> S:
    """Some of the flags as the type whose fields they are."""
    return kind(**{name: flags.pop(name) for name in kind.__struct_fields__})


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
def cli() -> None:
    """Fleet-wide updates of AWS Lambda's asynchronous-invocation policy."""


@cli.command()
@click.argument("source")
@of.settings_options
@of.access_options
@of.pace_options
@of.rows_options
@of.run_options
@of.log_options
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
@of.export_options
def export(**flags: Any) -> int:
    """Print a run's outcomes."""
    from bulkeic.app import views
    from bulkeic.app.options import ExportOptions

    views.export(ExportOptions(**flags))
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
    from bulkeic.app import sandbox as app
    from bulkeic.app.options import FleetFlags, SandboxFlags

    fleet, scenario = _take(flags, FleetFlags), flags.pop("scenario")
    given = {name: value for name, value in flags.items() if value is not None}
    app.serve(SandboxFlags(fleet=fleet, scenario=scenario, given=given))
    return 0
