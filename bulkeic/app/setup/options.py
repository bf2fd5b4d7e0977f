"""What a user can choose, as types; the command line fills them in."""

import math
import shlex
from typing import Any, Literal

import msgspec

from bulkeic.core.accounts import RoleSession
from bulkeic.core.failure_budget import FailureBudget
from bulkeic.core.model import Settings
from bulkeic.core.waves import Size
from bulkeic.engine.limits import AUTO, EngineLimits
from bulkeic.sources.rows_file import Format


class AccessOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which AWS to talk to, in AWS's own words.

    Attributes:
        role_arn: assumed in each account; may be a template.
        external_id: what the roles' trust policies ask for.
        role_session_name: CloudTrail shows it.
        duration_s: seconds that a role's credentials are to last.
        accounts: a file that tells how each account is reached.
    """

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    role_session_name: str = "bulkeic"
    duration_s: int = 3600
    accounts: str | None = None

    def role_session(self) -> RoleSession:
        """How roles are assumed."""
        return RoleSession(name=self.role_session_name, duration_s=self.duration_s)

    def flags(self) -> list[tuple[str, object, object]]:
        """The flags that say the same, each with its value and its default."""
        default = AccessOptions()
        return [
            ("--profile", self.profile, None),
            ("--region", self.region, None),
            ("--endpoint-url", self.endpoint_url, None),
            ("--role-arn", self.role_arn, None),
            ("--external-id", self.external_id, None),
            ("--role-session-name", self.role_session_name, default.role_session_name),
            ("--duration", self.duration_s, default.duration_s),
            ("--accounts", self.accounts, None),
        ]


class LogOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to log; no format: console on a terminal, else JSON."""

    log_format: Literal["console", "json"] | None = None
    log_level: str = "warning"


class WorkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of every command that calls Lambda.

    Attributes:
        source: targets file, ``-`` for stdin, or a run file.
        burst: calls; ``None``: the rate.
        headroom: part of the limit that ``--rate auto`` leaves to others.
        timeout_s: seconds for one call.
        max_denied: targets of a lane denied in a row that stop it; 0: any number.
        run: the run file that is to be made.
        results: a file for the outcomes as they come.
    """

    source: str
    access: AccessOptions = AccessOptions()
    rate: float | Literal["auto"] = 10.0
    burst: float | None = None
    headroom: float = 0.1
    concurrency: int = 64
    max_attempts: int = 8
    timeout_s: float = 10.0
    give_up_after_s: float = 120.0
    max_denied: int = 20
    run: str | None = None
    results: str | None = None
    sandbox: bool = False
    output: Literal["text", "json"] = "text"
    log: LogOptions = LogOptions()
    progress: bool = True

    def limits(self) -> EngineLimits:
        """How hard the engine may work."""
        return EngineLimits(
            rate=self.rate,
            burst=self.burst,
            headroom=self.headroom,
            concurrency=self.concurrency,
            max_attempts=self.max_attempts,
            give_up_after_s=self.give_up_after_s,
            max_denied=self.max_denied,
        )

    def command(self, verb: str, run: str) -> str:
        """Another command for a run, under the same options."""
        return _command(verb, run, WorkOptions.flags(self))

    def flags(self) -> list[tuple[str, object, object]]:
        """The flags that say the same, each with its value and its default."""
        usual = WorkOptions(source="")
        return [
            *self.access.flags(),
            ("--rate", _rate_text(self.rate), _rate_text(usual.rate)),
            ("--headroom", f"{self.headroom * 100:g}%", f"{usual.headroom * 100:g}%"),
            ("--burst", self.burst and f"{self.burst:g}", None),
            ("--concurrency", self.concurrency, usual.concurrency),
            ("--max-attempts", self.max_attempts, usual.max_attempts),
            ("--timeout", f"{self.timeout_s:g}", f"{usual.timeout_s:g}"),
            ("--give-up-after", f"{self.give_up_after_s:g}", f"{usual.give_up_after_s:g}"),
            ("--max-denied", self.max_denied, usual.max_denied),
            ("--output", self.output, usual.output),
            ("--log-format", self.log.log_format, None),
            ("--log-level", self.log.log_level, usual.log.log_level),
            ("--no-progress", not self.progress, False),
            ("--sandbox", self.sandbox, False),
        ]


class TargetsOptions(WorkOptions, frozen=True, kw_only=True):
    """The options of every command that reads a targets file.

    Attributes:
        max_targets: more than that are refused; ``None``: any number.
        where: JMESPath: only targets whose configuration matches.
    """

    settings: Settings = Settings()
    format: Format | None = None
    skip_invalid: bool = False
    max_targets: int | None = None
    create_missing: bool = False
    replace_destinations: bool = False
    where: str | None = None

    def settled(self) -> list[tuple[str, object]]:
        """What cannot be said of a run that is there: each flag, and whether it is given."""
        return [
            ("--run", self.run),
            ("--format", self.format),
            ("--skip-invalid", self.skip_invalid),
            ("settings", self.settings != Settings()),
            ("--create-missing", self.create_missing),
            ("--replace-destinations", self.replace_destinations),
            ("--where", self.where),
        ]


class ApplyOptions(TargetsOptions, frozen=True, kw_only=True):
    """The options of ``apply``.

    Attributes:
        before_image: read each target before it is changed.
        waves: what is done in each step, in all.
        wave_by: what waves count: targets, spread over the lanes, or Regions.
        wave_pause_s: seconds between waves.
        max_failures: how many stop the run.
        force: change targets that are not as the plan saw them, or as the run left them.
    """

    yes: bool = False
    before_image: bool = False
    waves: tuple[Size, ...] | None = None
    wave_by: Literal["lane", "region"] | None = None
    wave_pause_s: float | None = None
    max_failures: FailureBudget | None = None
    force: bool = False

    @property
    def in_waves(self) -> bool:
        """Whether waves were asked for."""
        return self.waves is not None or self.wave_by is not None

    def settled(self) -> list[tuple[str, object]]:
        """See ``TargetsOptions``; a plan can still be applied in waves."""
        return [*super().settled(), ("--before-image", self.before_image)]

    def carry_on(self, run: str, *, settled: bool) -> str:
        """The command that carries on with a run.

        Args:
            run: the run file.
            settled: whether it knows its waves, or has none.
        """
        waves = None if self.waves is None else ",".join(map(str, self.waves))
        steps = [] if settled else [("--waves", waves, None), ("--wave-by", self.wave_by, None)]
        return _command("apply", run, [*self.flags(), *steps])

    def flags(self) -> list[tuple[str, object, object]]:
        """See ``WorkOptions``."""
        pause = self.wave_pause_s
        return [
            *super().flags(),
            ("--results", self.results, None),
            ("--wave-pause", pause if pause is None else f"{pause:g}", None),
            ("--max-failures", self.max_failures and str(self.max_failures), None),
            ("--force", self.force, False),
            ("--yes", self.yes, False),
        ]


class DiffOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a plan is told.

    Attributes:
        diff: each change by itself.
        detailed_exitcode: 4 if something is to be changed.
    """

    diff: bool = False
    detailed_exitcode: bool = False


class PlanOptions(TargetsOptions, frozen=True, kw_only=True):
    """The options of ``plan``."""

    show: DiffOptions = DiffOptions()


class VerifyOptions(TargetsOptions, frozen=True, kw_only=True):
    """The options of ``verify``."""


class RollbackOptions(WorkOptions, frozen=True, kw_only=True):
    """The options of ``rollback``; the source is the run that is taken back.

    Attributes:
        plan: write nothing.
    """

    yes: bool = False
    max_failures: FailureBudget | None = None
    force: bool = False
    plan: bool = False
    show: DiffOptions = DiffOptions()


def _command(verb: str, run: str, flags: list[tuple[str, object, object]]) -> str:
    words = ["bulkeic", verb, run]
    for flag, value, usual in flags:
        if value != usual:
            words += [flag] if value is True else [flag, str(value)]
    return shlex.join(words)


def _rate_text(rate: float | Literal["auto"]) -> str:
    if rate == AUTO:
        return AUTO
    return "unlimited" if math.isinf(rate) else f"{rate:g}"


class ExportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``export``."""

    run: str
    format: Literal["jsonl", "csv"] = "jsonl"
    statuses: tuple[str, ...] = ()


class FleetFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Which functions a sandbox holds.

    Attributes:
        targets: a targets file whose functions exist.
        region: of targets that name none.
        functions: how many in each lane, or ``any``.
        accounts: how many have such functions.
        regions: in how many Regions they do.
        configured: part of such functions with a configuration, 0 to 1.
        state: a file to begin with.
        save_state: a file to write at the end.
    """

    targets: str | None = None
    region: str = "us-east-1"
    functions: int | Literal["any"] | None = None
    accounts: int | None = None
    regions: int | None = None
    configured: float | None = None
    state: str | None = None
    save_state: str | None = None

    @property
    def is_any(self) -> bool:
        """Whether every function exists: that was said, or nothing else was."""
        if self.functions is None:
            return self.targets is None and self.state is None
        return self.functions == "any"


class SandboxFlags(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``sandbox``.

    Attributes:
        fleet: which functions there are.
        scenario: a JSON file of behaviour.
        given: fields of ``bulkeic.sandbox.SandboxOptions`` and of its ``Faults`` that were given as
            flags; a rate of ``math.inf`` is no limit.
    """

    fleet: FleetFlags = FleetFlags()
    scenario: str | None = None
    given: dict[str, Any] = {}
