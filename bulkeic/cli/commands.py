"""Every command, declared once. What a command needs is imported when it runs."""

import click

from bulkeic.cli.command_declaration import CommandDeclaration
from bulkeic.cli.option_command import OptionCommand
from bulkeic.version import __version__

_OPTIONS = "bulkeic.app.options.command_options"
_COMMANDS = "bulkeic.app.commands"
_BENCH_OPTIONS = "bulkeic.bench.bench_options"
_WORKERS = "bulkeic.cluster.command.worker_source:open_workers"

DISCOVER = CommandDeclaration(
    name="discover",
    options="bulkeic.discovery.discover_options:DiscoverOptions",
    run="bulkeic.discovery.discover_command:discover",
    workers="bulkeic.cluster.command.worker_source:open_page_readers",
    resumes="run",
    summary="List functions as a targets file.",
    description="Looks in your own account, or in the accounts of a file or an organization, and "
    "writes a targets file for plan and apply. Changes nothing. --run FILE resumes a discovery "
    "that stopped.",
    examples=(
        ("List the functions of an account in all its Regions:",
         "bulkeic discover --out targets.csv"),
        ("List the functions of an organization:",
         "bulkeic discover --organization --role-arn 'arn:aws:iam::{account}:role/Reader'"),
        ("List the functions of a team that no tool manages, with their current settings:",
         "bulkeic discover --tag team=payments --managed-by none --with-config"),
        ("Resume a discovery:", "bulkeic discover --run found.discovery --out targets.csv"),
    ),
    page="discover",
)  # fmt: skip
PLAN = CommandDeclaration(
    name="plan",
    options=f"{_OPTIONS}:PlanOptions",
    run=f"{_COMMANDS}.plan:plan",
    workers=_WORKERS,
    resumes="source",
    summary="Preview the changes and save them as a plan.",
    description="Reads every target and writes nothing to AWS. A run file as SOURCE resumes "
    "its plan. Perform the plan with apply. The JSON of --output counts what the targets need.",
    examples=(
        ("Preview every change:", "bulkeic plan targets.csv --run plan.db --diff"),
        ("Perform the plan:", "bulkeic apply plan.db"),
        ("Fail a pipeline if there is anything to change:",
         "bulkeic plan targets.csv --detailed-exitcode"),
    ),
    page="rollout",
)  # fmt: skip
APPLY = CommandDeclaration(
    name="apply",
    options=f"{_OPTIONS}:ApplyOptions",
    run=f"{_COMMANDS}.apply:apply",
    workers=_WORKERS,
    resumes="source",
    summary="Update every target.",
    description="Reads a targets file (CSV, JSON or JSON Lines, also gzipped). A run file as "
    "SOURCE resumes its run, or applies its plan.",
    examples=(
        ("Rehearse on the embedded sandbox:", "bulkeic apply targets.csv --sandbox"),
        ("Set the number of retries everywhere, in waves:",
         "bulkeic apply targets.csv --maximum-retry-attempts 1 --waves 1,10%,100%"),
        ("Resume a run that stopped early:", "bulkeic apply run.db"),
        ("Apply some targets of a plan:", "bulkeic apply run.db --name 'orders-*' --sample 5%"),
        ("Apply what failed again:", "bulkeic apply run.db --retry-failed"),
    ),
    page="rollout",
)  # fmt: skip
VERIFY = CommandDeclaration(
    name="verify",
    options=f"{_OPTIONS}:VerifyOptions",
    run=f"{_COMMANDS}.verify:verify",
    workers=_WORKERS,
    resumes="source",
    summary="Compare every target with the wanted settings.",
    description="Writes nothing to AWS. Exits with 4 if a target differs.",
    examples=(
        ("Check that a run is still in effect:", "bulkeic verify run.db"),
        ("Check targets, and save what differs:",
         "bulkeic verify targets.csv --results drift.jsonl"),
        ("Check a run in CI:", "bulkeic verify run.db --junit drift.xml"),
    ),
    page="rollout",
)  # fmt: skip
ROLLBACK = CommandDeclaration(
    name="rollback",
    options=f"{_OPTIONS}:RollbackOptions",
    run=f"{_COMMANDS}.rollback:rollback",
    workers=_WORKERS,
    summary="Restore what the targets had before a run.",
    description="Needs the before-images of the run, which apply stores unless "
    "--no-before-image is given. Targets that changed since the run are left alone.",
    examples=(
        ("Preview the rollback:", "bulkeic rollback run.db --plan --diff"),
        ("Roll back:", "bulkeic rollback run.db"),
    ),
    page="rollout",
)
REPORT = CommandDeclaration(
    name="report",
    options=f"{_OPTIONS}:ReportOptions",
    run=f"{_COMMANDS}.report:report",
    summary="Show what happened in a run.",
    description="Prints on stdout the sessions and waves of the run, its counts, an example of "
    "each error, and the commands that resume it and roll it back. Works while the run is in "
    "progress, too.",
    examples=(
        ("Show a run:", "bulkeic report run.db"),
        ("Write a page to open in a browser:", "bulkeic report run.db --html report.html"),
        ("Write a report for a pull request:", "bulkeic report run.db --markdown report.md"),
        ("Print everything for a program:", "bulkeic report run.db --json"),
        ("Show the latest run:", 'bulkeic report "$(ls -t bulkeic-runs/*.db | head -1)"'),
    ),
    page="report",
)  # fmt: skip
EXPORT = CommandDeclaration(
    name="export",
    options=f"{_OPTIONS}:ExportOptions",
    run=f"{_COMMANDS}.export:export",
    summary="Print outcomes or targets of a run, or export code.",
    description="Prints on stdout, in the order of the targets file: every outcome, or with "
    "--format targets every target. Pending jobs have no outcome and need --status pending. "
    "For Terraform and CloudFormation, --format writes the known configurations as code.",
    examples=(
        ("Print every outcome:", "bulkeic export run.db"),
        ("Save the failed targets as CSV:",
         "bulkeic export run.db --status failed --format csv > failed.csv"),
        ("Make a targets file of the targets that failed:",
         "bulkeic export run.db --status failed --format targets --out again.csv"),
        ("Print why targets were denied:",
         "bulkeic export run.db --error-code AccessDeniedException"),
        ("Bring the configurations of the targets under Terraform:",
         "bulkeic export run.db --format terraform --out event_invoke_configs.tf"),
    ),
    page="outcomes",
)  # fmt: skip
SANDBOX = CommandDeclaration(
    name="sandbox",
    options="bulkeic.app.options.sandbox_flags:SandboxFlags",
    run=f"{_COMMANDS}.serve_sandbox:serve",
    summary="Serve a local Lambda control plane to rehearse on.",
    description="The first line on stdout is its URL. Ctrl-C stops it.",
    examples=(
        ("Serve every function name:", "bulkeic sandbox --port 8080"),
        ("Serve 1000 functions in 3 accounts, and fail 1% of the calls:",
         "bulkeic sandbox --functions 1000 --accounts 3 --error 0.01"),
    ),
    page="sandbox",
)  # fmt: skip
WORKER = CommandDeclaration(
    name="worker",
    options="bulkeic.cluster.worker_options:WorkerOptions",
    run="bulkeic.cluster.worker.dask_worker:serve",
    summary="Make calls for commands on another machine.",
    description="Joins a Dask scheduler, and makes the calls of the commands that use it "
    "(--workers ADDRESS), with the worker's own credentials. Needs bulkeic[dask]. SIGINT or "
    "SIGTERM ends it.\n\n"
    "Exit codes: 0 if a signal ended it, 2 if it could not join, 3 if it lost the scheduler.",
    examples=(
        ("Serve commands through a scheduler:",
         "bulkeic worker tls://HOST:8786 --tls-ca-file ca.pem --tls-cert w.pem --tls-key w.key"),
        ("Try it on one machine:", "bulkeic worker tcp://127.0.0.1:8786 --insecure"),
    ),
    page="workers",
)  # fmt: skip
BENCH = CommandDeclaration(
    name="bench",
    options=f"{_BENCH_OPTIONS}:BenchOptions",
    run="bulkeic.bench.bench_command:bench",
    resumes="source",
    summary="Measure an endpoint and this machine under a chosen load.",
    description="Changes nothing: even --operation update writes back what each target has. "
    "bulkeic bench compare compares two results.\n\n"
    "Exit codes: 0 if at least one request of each load succeeded, 1 if not, 2 if nothing was "
    "sent, 3 if it stopped early or could not write a file, 130 if interrupted twice.",
    examples=(
        ("Measure this machine against an embedded sandbox:",
         "bulkeic bench --sandbox --rate 100"),
        ("Find the limits of the lanes in a targets file:",
         "bulkeic bench targets.csv --find-limit"),
        ("Compare concurrencies, with charts:",
         "bulkeic bench --sandbox --concurrency 1,8,64 --html bench.html"),
    ),
    page="bench",
)  # fmt: skip
BENCH_COMPARE = CommandDeclaration(
    name="bench compare",
    options=f"{_BENCH_OPTIONS}:CompareOptions",
    run="bulkeic.bench.compare_command:compare",
    summary="Compare two benchmark results and show what is beyond the noise.",
    description="",
    examples=(
        ("Compare two results:", "bulkeic bench compare old.json new.json --fail-if 'p99 > 1.2x'"),
        ("Run two commands in turn and compare them:",
         "bulkeic bench compare 'bulkeic bench --sandbox' 'bulkeic bench --sandbox --seed 1'"),
    ),
    page="bench-compare",
)  # fmt: skip
COMPLETION = CommandDeclaration(
    name="completion",
    options="bulkeic.cli.completion.completion_command:CompletionOptions",
    run="bulkeic.cli.completion.completion_command:print_script",
    summary="Print the completion script of a shell.",
    description="The script completes commands, flags and values: profiles, Regions, run files, "
    "formats and files. It makes no call.",
    examples=(
        ("Load it in bash, from ~/.bashrc:", 'eval "$(bulkeic completion bash)"'),
        ("Load it in zsh, from ~/.zshrc after compinit:", 'eval "$(bulkeic completion zsh)"'),
        ("Load it in fish, from now on:",
         "bulkeic completion fish > ~/.config/fish/completions/bulkeic.fish"),
    ),
    page="install",
)  # fmt: skip
DOCS = CommandDeclaration(
    name="docs",
    options="bulkeic.documentation.docs_command:DocsOptions",
    run="bulkeic.documentation.docs_command:show_docs",
    summary="Show the documentation of this version, offline.",
    description="Lists the pages, or shows one: on a terminal in your pager, elsewhere as "
    "Markdown.",
    examples=(
        ("List the pages:", "bulkeic docs"),
        ("Show a page:", "bulkeic docs rollout"),
        ("Find what the pages say about a word:", "bulkeic docs --search before-image"),
    ),
)  # fmt: skip
CONFIG_SHOW = CommandDeclaration(
    name="config show",
    options="bulkeic.cli.configuration.config_show:ConfigShowOptions",
    run="bulkeic.cli.configuration.config_show:show",
    summary="Show the configured options and where each comes from.",
    description="Reads bulkeic.toml of the project, then your own, and the variables whose names "
    "begin with BULKEIC_. With COMMAND, also shows the defaults of its other options. Put a "
    "COMMAND of two words in quotes.",
    examples=(
        ("Show what is configured:", "bulkeic config show"),
        ("Show every option of apply, with a profile:",
         "bulkeic config show apply --config-profile prod"),
    ),
)  # fmt: skip

GETTING_STARTED = (
    ("# Write a targets file:",
     "printf 'FunctionName,MaximumRetryAttempts\\norders,1\\n' > targets.csv"),
    ("# Rehearse on an embedded sandbox; no AWS account is touched:",
     "bulkeic apply targets.csv --sandbox"),
    ("# Preview the changes in your account, then apply them:",
     "bulkeic plan targets.csv --run run.db --diff", "bulkeic apply run.db"),
    ("# Roll them back:", "bulkeic rollback run.db"),
)  # fmt: skip
"""What to type first: a comment, and the commands below it."""


class RootGroup(click.Group):
    """The ``bulkeic`` command: help says what to type first."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The commands in the order of a rollout."""
        return list(self.commands)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes what bulkeic is, and how to start."""
        super().format_help_text(ctx, formatter)
        with formatter.section("Getting started"):
            for lines in GETTING_STARTED:
                for line in lines:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes where there is more help."""
        formatter.write_paragraph()
        formatter.write_text("bulkeic COMMAND --help shows the options of a command with examples.")


class BenchGroup(click.Group):
    """``bench`` itself, and the commands below it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Inserts the hidden name of ``bench`` itself, unless another command is given."""
        if not args or args[0] not in self.commands:
            args = [BENCH.name, *args]
        return super().parse_args(ctx, args)


class BenchContext(click.Context):
    """Shows ``bulkeic bench`` without the hidden name behind it."""

    @property
    def command_path(self) -> str:
        """The words before the flags."""
        return "bulkeic bench"


class BenchCommand(OptionCommand):
    """``bench`` itself."""

    context_class = BenchContext


class UnconfiguredCommand(OptionCommand):
    """A command about bulkeic itself: no configuration gives its options."""

    is_configurable = False


def _config_group() -> click.Group:
    group = click.Group("config", help="Show the configuration.")
    group.add_command(UnconfiguredCommand(CONFIG_SHOW))
    return group


def _bench_group() -> BenchGroup:
    group = BenchGroup(BENCH.name, short_help=BENCH.summary)
    itself = BenchCommand(BENCH)
    itself.hidden = True
    group.add_command(itself)
    group.add_command(OptionCommand(BENCH_COMPARE))
    return group


@click.group(
    cls=RootGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__)
def cli() -> None:
    """Update the event-invoke configuration (retries, event age, destinations) of many AWS Lambda
    functions, in many accounts and Regions.
    """  # noqa: D205 - it is a text of --help


for _declaration in (DISCOVER, PLAN, APPLY, VERIFY, ROLLBACK, REPORT, EXPORT):
    cli.add_command(OptionCommand(_declaration))
cli.add_command(_bench_group())
cli.add_command(OptionCommand(SANDBOX))
cli.add_command(OptionCommand(WORKER))
cli.add_command(_config_group())
cli.add_command(UnconfiguredCommand(COMPLETION))
cli.add_command(UnconfiguredCommand(DOCS))
