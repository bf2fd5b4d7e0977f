"""The options of each command; a field's annotation declares its flag."""

from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import msgspec

from bulkeic.app.options.access_options import FILE, AccessOptions, LogOptions, verbose_flag
from bulkeic.app.options.code_options import CodeOptions
from bulkeic.app.options.pace_options import RUNS, WRITES, PaceOptions
from bulkeic.app.options.rollout_options import DAY, GateOptions, MonitoringOptions, WindowOptions
from bulkeic.app.options.scheduler_options import SchedulerOptions
from bulkeic.app.options.selection_flags import ERROR_CODES, SELECTION_FLAGS
from bulkeic.app.options.watch_options import WatchOptions
from bulkeic.core.model import Settings
from bulkeic.core.options.known_values import KnownValues
from bulkeic.core.options.option_declaration import (
    Argument,
    Configurable,
    FieldFlags,
    Flag,
    OptionGroup,
    Repeat,
    stored_options,
)
from bulkeic.core.options.option_values import HexDigest, Integer, ParsedText, ValueType
from bulkeic.core.rollout.failure_budget import FailureBudget, parse_failure_budget
from bulkeic.core.rollout.waves import Size, parse_waves
from bulkeic.core.targets.destinations import parse_destination
from bulkeic.core.targets.selection import Selection
from bulkeic.sources.row_format import Format

_NEWRUNS = frozenset({"apply", "plan", "rollback"})
_PLANS = frozenset({"apply", "plan"})
_READS_TARGETS = frozenset({"apply", "plan", "verify"})

RUNS_FOLDER = Path("bulkeic-runs")
"""Where the files of runs and discoveries are unless ``--run`` names one."""
_RUN_FILE = ValueType("RUN", known=KnownValues.RUN_FILES)
SOURCE = ValueType("SOURCE", known=KnownValues.SOURCES)

_ACCEPT_LOSS = Flag(
    "--accept-loss",
    "Use a run file that was not closed properly although its log (the file with -wal) is missing. "
    "Its last outcomes may be lost.",
    OptionGroup.SAFETY,
    repeat=Repeat.NEVER,
    commands=RUNS | {"report"},
    configurable=Configurable.NOWHERE,
)


class WorkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of every command that calls Lambda.

    A command leaves a field at its default if it does not have the flag.

    Attributes:
        kept_defaults: the flags that were given with their default, while a configuration may give
            another value: suggested commands repeat them.
    """

    source: Annotated[
        str, Argument("SOURCE", "A targets file, - for stdin, or a run file.", values=SOURCE)
    ]
    access: AccessOptions = AccessOptions()
    selection: Annotated[Selection, SELECTION_FLAGS] = Selection()
    max_failures: Annotated[FailureBudget | None, Flag(
        "--max-failures", "Stop after this many targets have failed, or this percentage of all.",
        OptionGroup.SAFETY, ParsedText("N|P%", parse_failure_budget), "no limit",
        repeat=Repeat.RESUME, commands=WRITES)] = None  # fmt: skip
    force: Annotated[bool, Flag(
        "--force", "Also overwrite targets that changed since the plan, or since the run to resume "
        "or roll back.", OptionGroup.SAFETY, repeat=Repeat.RESUME, commands=WRITES,
        configurable=Configurable.NOWHERE)] = False  # fmt: skip
    window: WindowOptions = WindowOptions()
    accept_loss: Annotated[bool, _ACCEPT_LOSS] = False
    yes: Annotated[bool, Flag(
        "--yes", "Do not ask for confirmation. Required where stdin is not a terminal, except "
        "with --sandbox.", OptionGroup.SAFETY, repeat=Repeat.RESUME, commands=WRITES | {"bench"},
        configurable=Configurable.NOWHERE)] = False  # fmt: skip
    pace: PaceOptions = PaceOptions()
    scheduler: SchedulerOptions = SchedulerOptions()
    run: Annotated[str | None, Flag(
        "--run", "Run file to create. It must not exist.", OptionGroup.OUTPUT, FILE,
        "bulkeic-runs/<UTC time>.db", repeat=Repeat.STORED, commands=_NEWRUNS)] = None  # fmt: skip
    results: Annotated[str | None, Flag(
        "--results", "Write outcomes to this .jsonl, .ndjson or .csv file as they come; - writes "
        "JSON Lines to stdout. A resumed run appends to the file that it started.",
        OptionGroup.OUTPUT, FILE, repeat=Repeat.RESUME,
        commands=frozenset({"apply", "verify", "rollback"}))] = None  # fmt: skip
    overwrite: Annotated[bool, Flag(
        "--overwrite", "Replace a --results file that exists and that this run did not start.",
        OptionGroup.OUTPUT, repeat=Repeat.NEVER,
        commands=frozenset({"apply", "verify", "rollback"}),
        configurable=Configurable.NOWHERE)] = False  # fmt: skip
    output: Annotated[Literal["text", "json"], Flag(
        "--output", "Print the final summary as text on stderr, or as JSON on stdout.",
        OptionGroup.OUTPUT)] = "text"  # fmt: skip
    watch: WatchOptions = WatchOptions()
    log: LogOptions = LogOptions()
    progress: Annotated[bool, Flag(
        "--no-progress", "Do not show a progress bar. There is none where stderr is not a "
        "terminal.", OptionGroup.OUTPUT)] = True  # fmt: skip
    verbose: Annotated[bool, verbose_flag(
        "Print every lane, and five examples of every error code with their request ids.", RUNS
    )] = False  # fmt: skip
    sandbox: Annotated[bool, Flag(
        "--sandbox", "Rehearse on an embedded sandbox that holds every target. No AWS account is "
        "touched.", OptionGroup.SAFETY, excludes=("--endpoint-url",))] = False  # fmt: skip
    kept_defaults: frozenset[str] = frozenset()

    def stored_by_run(self) -> dict[str, str]:
        """The given flags that a run file stores, by name, each as it is typed."""
        return stored_options(self)


def _destination_text(arn: str) -> str:
    """A destination as it is typed."""
    return arn or "none"


_SETTINGS_FLAGS = FieldFlags(
    {
        "maximum_retry_attempts": Flag(
            "--maximum-retry-attempts",
            "Number of times that Lambda retries a failed event. A row's own value wins.",
            OptionGroup.CHANGE,
            Integer(0, 2),
            repeat=Repeat.STORED,
            commands=_READS_TARGETS,
        ),
        "maximum_event_age_in_seconds": Flag(
            "--maximum-event-age-in-seconds",
            "How long Lambda keeps an event. A row's own value wins.",
            OptionGroup.CHANGE,
            Integer(60, 21600, placeholder="SECONDS"),
            repeat=Repeat.STORED,
            commands=_READS_TARGETS,
        ),
        "on_success": Flag(
            "--on-success",
            "Destination for events that succeeded; none clears it. "
            "May contain {account}, {region}, {partition} and {function}. A row's own value wins.",
            OptionGroup.CHANGE,
            ParsedText("ARN", partial(parse_destination, field="OnSuccess"), _destination_text),
            repeat=Repeat.STORED,
            commands=_READS_TARGETS,
        ),
        "on_failure": Flag(
            "--on-failure",
            "Destination for events that failed, like --on-success.",
            OptionGroup.CHANGE,
            ParsedText("ARN", partial(parse_destination, field="OnFailure"), _destination_text),
            repeat=Repeat.STORED,
            commands=_READS_TARGETS,
        ),
    }
)


class TargetsOptions(WorkOptions, frozen=True, kw_only=True):
    """The options of every command that reads a targets file.

    Without a source, the files of code are the source.

    Attributes:
        needs_source: whether there must be a source.
        configured: the flags whose values come from the configuration.
    """

    needs_source: ClassVar[bool] = True

    source: Annotated[str, Argument(
        "SOURCE", "A targets file, - for stdin, or a run file.", required=False, values=SOURCE
    )] = ""  # fmt: skip
    code: CodeOptions = CodeOptions()
    settings: Annotated[Settings, _SETTINGS_FLAGS] = Settings()
    replace_destinations: Annotated[bool, Flag(
        "--replace-destinations", "Clear a destination that is not given, instead of keeping it.",
        OptionGroup.CHANGE, repeat=Repeat.STORED, commands=_READS_TARGETS)] = False  # fmt: skip
    create_missing: Annotated[bool, Flag(
        "--create-missing", "Create the configuration of functions that have none, instead of "
        "failing them.", OptionGroup.CHANGE, repeat=Repeat.STORED, commands=_PLANS
    )] = False  # fmt: skip
    where: Annotated[str | None, Flag(
        "--where", "Change only targets whose present configuration matches this JMESPath "
        "expression.", OptionGroup.CHANGE, ValueType("EXPRESSION"), repeat=Repeat.STORED,
        commands=_PLANS)] = None  # fmt: skip
    waves_file: Annotated[str | None, Flag(
        "--waves-file", "CSV or JSON file that says which accounts and Regions belong to which "
        "wave. The others come last.", OptionGroup.ROLLOUT, FILE, repeat=Repeat.RESUME,
        commands=_PLANS, excludes=("--waves", "--wave-by"))] = None  # fmt: skip
    read_tags: Annotated[bool | None, Flag(
        "--read-tags", "Read the tags of the functions, to show which tool manages them.",
        OptionGroup.TARGETS, default="on when AWS itself is called", opposite="--no-read-tags",
        repeat=Repeat.STORED, commands=_PLANS)] = None  # fmt: skip
    max_targets: Annotated[int | None, Flag(
        "--max-targets", "Abort if there are more than N targets.",
        OptionGroup.TARGETS, Integer(0), "no limit", repeat=Repeat.NEVER, commands=_READS_TARGETS
    )] = None  # fmt: skip
    allow_empty: Annotated[bool, Flag(
        "--allow-empty", "Succeed if the targets file has no targets, instead of refusing it.",
        OptionGroup.TARGETS, repeat=Repeat.NEVER, commands=_READS_TARGETS,
        configurable=Configurable.NOWHERE)] = False  # fmt: skip
    format: Annotated[Format | None, Flag(
        "--format", "Format of the targets file.", OptionGroup.TARGETS,
        default="by ending, or the first line of stdin", repeat=Repeat.STORED)] = None  # fmt: skip
    skip_invalid: Annotated[bool, Flag(
        "--skip-invalid", "Skip invalid rows instead of refusing the file. Their outcome is "
        "invalid.", OptionGroup.TARGETS, repeat=Repeat.STORED)] = False  # fmt: skip
    configured: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.source and self.code.files:
            msgspec.structs.force_setattr(self, "source", self.code.files[0])

    @property
    def is_source_code(self) -> bool:
        """Whether the targets are those of the code."""
        return self.source in self.code.files


class ApplyOptions(TargetsOptions, frozen=True, kw_only=True):
    """The options of ``apply``."""

    before_image: Annotated[bool | None, Flag(
        "--before-image", "Read each target before the change and store what it had, so that the "
        "run can be rolled back. Always on with a plan or waves.", OptionGroup.SAFETY,
        default="on", opposite="--no-before-image", repeat=Repeat.STORED)] = None  # fmt: skip
    waves: Annotated[tuple[Size, ...] | None, Flag(
        "--waves", "Roll out in steps: how many targets are done by the end of each wave, for "
        "example 1,10%,50%,100%.", OptionGroup.ROLLOUT,
        ParsedText("SIZES", parse_waves, lambda sizes: ",".join(map(str, sizes))), "all at once",
        repeat=Repeat.RESUME, excludes=("--waves-file",))] = None  # fmt: skip
    wave_by: Annotated[Literal["lane", "region"] | None, Flag(
        "--wave-by", "Spread each wave over all lanes, or take whole Regions.",
        OptionGroup.ROLLOUT, default="lane", repeat=Repeat.RESUME, excludes=("--waves-file",)
    )] = None  # fmt: skip
    wave_pause_s: Annotated[float | None, Flag(
        "--wave-pause", "Pause between waves.", OptionGroup.ROLLOUT, DAY, "ask on a terminal",
        repeat=Repeat.RESUME)] = None  # fmt: skip
    bake_s: Annotated[float | None, Flag(
        "--bake", "Minimum time after a wave, before the gate, the pause or the question.",
        OptionGroup.ROLLOUT, DAY, repeat=Repeat.RESUME)] = None  # fmt: skip
    gate: GateOptions = GateOptions()
    monitoring: MonitoringOptions = MonitoringOptions()
    on_halt: Annotated[Literal["stop", "rollback"], Flag(
        "--on-halt", "What to do when a gate, an alarm, drift or failures halt the run: stop, or "
        "also roll back what it has changed.", OptionGroup.ROLLOUT, repeat=Repeat.RESUME
    )] = "stop"  # fmt: skip

    expect: Annotated[str | None, Flag(
        "--expect", "Apply only the plan with this digest, which plan and report print.",
        OptionGroup.SAFETY, HexDigest(64), repeat=Repeat.RESUME,
        configurable=Configurable.NOWHERE)] = None  # fmt: skip
    retry_failed: Annotated[bool, Flag(
        "--retry-failed", "Also apply the failed targets of the run file again. Their "
        "earlier errors stay in the report.", OptionGroup.TARGETS, repeat=Repeat.NEVER,
        configurable=Configurable.NOWHERE)] = False  # fmt: skip
    error_codes: Annotated[tuple[str, ...], ERROR_CODES] = ()

    @property
    def in_waves(self) -> bool:
        """Whether waves were asked for."""
        return not (self.waves is None and self.wave_by is None and self.waves_file is None)


class DiffOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a plan is shown."""

    diff: Annotated[bool, Flag(
        "--diff", "Print each change on stdout.", OptionGroup.OUTPUT, repeat=Repeat.NEVER,
        requires=("--plan",))] = False  # fmt: skip
    detailed_exitcode: Annotated[bool, Flag(
        "--detailed-exitcode", "Exit with 4 if there is anything to change.", OptionGroup.OUTPUT,
        repeat=Repeat.NEVER, requires=("--plan",))] = False  # fmt: skip


class PlanOptions(TargetsOptions, frozen=True, kw_only=True):
    """The options of ``plan``."""

    show: DiffOptions = DiffOptions()


_JUNIT = Flag(
    "--junit",
    "Also write a test case for each target to this JUnit XML file. It must not exist.",
    OptionGroup.OUTPUT,
    FILE,
    repeat=Repeat.NEVER,
)


class VerifyOptions(TargetsOptions, frozen=True, kw_only=True):
    """The options of ``verify``."""

    junit: Annotated[str | None, _JUNIT] = None
    markdown: Annotated[str | None, Flag(
        "--markdown", "Also write what drifted as Markdown to this file, for a pull request. It "
        "must not exist.", OptionGroup.OUTPUT, FILE, repeat=Repeat.NEVER)] = None  # fmt: skip


class RollbackOptions(WorkOptions, frozen=True, kw_only=True):
    """The options of ``rollback``; the source is the run to roll back."""

    source: Annotated[str, Argument(
        "RUN", "The run file of the run to roll back.", values=_RUN_FILE)]  # fmt: skip
    plan: Annotated[bool, Flag(
        "--plan", "Only preview the rollback and save it as a plan. Apply the run file to "
        "carry it out.", OptionGroup.SAFETY)] = False  # fmt: skip
    show: DiffOptions = DiffOptions()


class ReportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``report``."""

    run: Annotated[str, Argument("RUN", "A run file.", values=_RUN_FILE)]
    selection: Annotated[Selection, SELECTION_FLAGS] = Selection()
    accept_loss: Annotated[bool, _ACCEPT_LOSS] = False
    verbose: Annotated[bool, verbose_flag(
        "Print every lane, five examples of every error code with their request ids, and the "
        "calls of each session.")] = False  # fmt: skip
    json: Annotated[bool, Flag(
        "--json", "Print the whole report as JSON on stdout, instead of text.", OptionGroup.OUTPUT
    )] = False  # fmt: skip
    markdown: Annotated[str | None, Flag(
        "--markdown", "Also write a short report in Markdown to this file, for a pull request or "
        "a ticket. It must not exist.", OptionGroup.OUTPUT, FILE)] = None  # fmt: skip
    html: Annotated[str | None, Flag(
        "--html", "Also write the report as a page to this file, which must not exist: outcomes "
        "by account and Region, a timeline, and a table of targets. The page needs no network.",
        OptionGroup.OUTPUT, FILE)] = None  # fmt: skip
    junit: Annotated[str | None, _JUNIT] = None


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``export``."""

    run: Annotated[str, Argument("RUN", "A run file.", values=_RUN_FILE)]
    selection: Annotated[Selection, SELECTION_FLAGS] = Selection()
    error_codes: Annotated[tuple[str, ...], ERROR_CODES] = ()
    format: Annotated[Literal["jsonl", "csv", "targets", "terraform", "cloudformation"] | None,
        Flag("--format", "Print outcomes as JSON Lines or CSV, the targets as a targets file, or "
        "their known configurations as code. The code for Terraform is resources with import "
        "blocks. The code for CloudFormation is templates to import.", OptionGroup.OUTPUT,
        default="csv if --out ends in .csv, else jsonl")] = None  # fmt: skip
    out: Annotated[str | None, Flag(
        "--out", "Write to this file, which must not exist. The format of a targets file "
        "follows its ending: CSV, JSON or JSON Lines. For Terraform it ends in .tf. For "
        "CloudFormation it is a folder, new or empty.",
        OptionGroup.OUTPUT, FILE, "stdout")] = None  # fmt: skip
    terraform: Annotated[tuple[str, ...], Flag(
        "--terraform", "Output of terraform show -json for a state or a plan. The exported code "
        "leaves out what it declares, and refers to its functions and destinations. Can be "
        "repeated; then there are no references.", OptionGroup.OUTPUT, FILE, "none",
        is_multiple=True)] = ()  # fmt: skip
