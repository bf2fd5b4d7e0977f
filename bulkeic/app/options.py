"""What a user can choose, as types; the command line fills them in."""

import math
import shlex
from typing import Any, Literal

import msgspec

from bulkeic.aws.keyring import RoleSession
from bulkeic.core.model import Settings
from bulkeic.engine import AUTO, Limits
from bulkeic.output.logs import LogFormat
from bulkeic.sources import Format


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

    log_format: LogFormat | None = None
    log_level: str = "warning"


class ApplyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``apply``.

    Attributes:
        source: targets file, ``-`` for stdin, or a run file.
        burst: calls; ``None``: the rate.
        headroom: part of the limit that ``--rate auto`` leaves to others.
        timeout_s: seconds for one call.
        max_targets: more than that are refused; ``None``: any number.
    """

    source: str
    access: AccessOptions = AccessOptions()
    settings: Settings = Settings()
    format: Format | None = None
    skip_invalid: bool = False
    rate: float | Literal["auto"] = 10.0
    burst: float | None = None
    headroom: float = 0.1
    concurrency: int = 64
    max_attempts: int = 8
    timeout_s: float = 10.0
    give_up_after_s: float = 120.0
    max_targets: int | None = None
    run: str | None = None
    results: str | None = None
    yes: bool = False
    sandbox: bool = False
    output: Literal["text", "json"] = "text"
    log: LogOptions = LogOptions()
    progress: bool = True

    def limits(self) -> Limits:
        """How hard the engine may work."""
        return Limits(
            rate=self.rate,
            burst=self.burst,
            headroom=self.headroom,
            concurrency=self.concurrency,
            max_attempts=self.max_attempts,
            give_up_after_s=self.give_up_after_s,
        )

    def carry_on(self, run: str) -> str:
        """The command that carries on with a run as it was begun."""
        default = ApplyOptions(source="")
        flags = (
            *self.access.flags(),
            ("--rate", _rate_text(self.rate), _rate_text(default.rate)),
            ("--headroom", f"{self.headroom * 100:g}%", f"{default.headroom * 100:g}%"),
            ("--burst", self.burst and f"{self.burst:g}", None),
            ("--concurrency", self.concurrency, default.concurrency),
            ("--max-attempts", self.max_attempts, default.max_attempts),
            ("--timeout", f"{self.timeout_s:g}", f"{default.timeout_s:g}"),
            ("--give-up-after", f"{self.give_up_after_s:g}", f"{default.give_up_after_s:g}"),
            ("--results", self.results, None),
            ("--output", self.output, default.output),
            ("--log-format", self.log.log_format, None),
            ("--log-level", self.log.log_level, default.log.log_level),
        )
        words = ["bulkeic", "apply", run]
        for flag, value, usual in flags:
            if value != usual:
                words += [flag, str(value)]
        words += ["--no-progress"] * (not self.progress) + ["--yes"] * self.yes
        return shlex.join(words + ["--sandbox"] * self.sandbox)


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
