"""The options that a sandbox starts with. Their values are checked here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bulkeic.sandbox.behavior.account_options import AccountOptions
from bulkeic.sandbox.behavior.faults import Faults
from bulkeic.sandbox.behavior.option_types import (
    BOOLEAN,
    BURST,
    INTEGER,
    OBJECT,
    RATE,
    SECONDS,
    STRING,
    STRINGS,
    check_bounds,
)
from bulkeic.sandbox.state.fleet import Lane
from bulkeic.sandbox.state.sandbox_alarms import alarm_starts
from bulkeic.sandbox.state.sandbox_calendars import calendar_starts

_MAX_PORT = 65535
_ACCOUNT_OR_ROLE = re.compile(r"\d{12}(/[\w+=,.@-]{1,64})?", re.ASCII)
_LANE = re.compile(r"\d{12}/[a-z]{2,}(-[a-z]+)+-\d", re.ASCII)

LaneOverrides = Mapping[str, Mapping[str, float | None]]
"""By "account/Region": values of fields of `LaneOptions` and `Faults` in that lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneOptions:
    """How one lane (account and Region) behaves.

    Attributes:
        rate: Lambda control-plane calls a second; None for unlimited.
        burst: calls that a rested lane allows at once.
        faults: its faults.

    Raises:
        ValueError: a number is out of bounds.
    """

    rate: float | None = field(metadata=RATE)
    burst: float = field(metadata=BURST)
    faults: Faults

    def __post_init__(self) -> None:
        check_bounds(self)


def resolve_lane_overrides(
    overrides: LaneOverrides, default: LaneOptions
) -> dict[Lane, LaneOptions]:
    """Return the options of each lane that has overrides.

    Args:
        overrides: the overrides.
        default: the options of the other lanes.

    Raises:
        ValueError: a lane's name is malformed, or a value is out of bounds.
    """
    resolved = {}
    for name, options in overrides.items():
        if not _LANE.fullmatch(name):
            raise ValueError(f"lanes: {name!r} is not account/Region")
        faults: dict[str, Any] = dict(options)
        quota = {key: faults.pop(key) for key in ("rate", "burst") if key in faults}
        account, _, region = name.partition("/")
        try:
            lane = replace(default, **quota, faults=replace(default.faults, **faults))
        except ValueError as error:
            raise ValueError(f"lanes: {name}: {error}") from None
        resolved[account, region] = lane
    return resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """How a sandbox listens and behaves. A scenario can set the fields that have a type.

    Attributes:
        host: address to listen on.
        port: port to listen on; 0 takes any free one.
        rate: Lambda control-plane calls a second for each lane (account and Region); None for
            unlimited.
        burst: calls that a rested lane allows at once.
        tls_cert: PEM file of the certificate (chain) for HTTPS; None for HTTP.
        tls_key: PEM file of the private key; None if the certificate's file holds it.
        any_function: every well-formed function name exists, with every qualifier, each with a
            configuration until that is deleted.
        merge_destinations: an Update keeps the half of DestinationConfig that it does not send;
            False replaces both halves. No recorded response of AWS rules out either.
        nulls: send settings that are not set as JSON null, instead of leaving them out.
        verify_signatures: whether a caller must sign with Signature Version 4.
        secret: the secret of every access key, except those that AssumeRole returns.
        external_id: the ExternalId that every role requires; None for none.
        external_ids: the ExternalId that the roles of one account require instead, by account ID,
            or that one role requires, by "account ID/role name", which takes precedence.
        session_duration_s: seconds that credentials of AssumeRole last, whatever the caller
            requests; None for as requested.
        faults: the faults of all lanes.
        lanes: overrides of single lanes.
        accounts: what accounts have and deny.
        alarms: the alarms of CloudWatch that every lane has, by name: "OK", "ALARM" or
            "INSUFFICIENT_DATA". "ALARM@after=500" is OK until there were 500 changes of
            configurations in all lanes.
        any_alarm: every other alarm exists, too, when it is asked for by its name, and is OK.
        calendars: the change calendars of every lane, by name: "open", "closed" or "unsupported".
            "closed@until=2026-11-27T18:00Z" is open from that time on.
        any_calendar: every other change calendar exists, too, and is open.
        seed: seed of the faults: the same seed and calls give the same replies.

    Raises:
        ValueError: a value is malformed or out of bounds.
    """

    host: str = "127.0.0.1"
    port: int = 0
    rate: float | None = field(default=15.0, metadata=RATE)
    burst: float = field(default=15.0, metadata=BURST)
    tls_cert: str | None = None
    tls_key: str | None = None
    any_function: bool = False
    merge_destinations: bool = field(default=False, metadata=BOOLEAN)
    nulls: bool = field(default=False, metadata=BOOLEAN)
    verify_signatures: bool = field(default=True, metadata=BOOLEAN)
    secret: str = "secret"  # noqa: S105 - a sandbox's secret is public
    external_id: str | None = field(default=None, metadata=STRING)
    external_ids: Mapping[str, str] = field(default_factory=dict, metadata=STRINGS)
    session_duration_s: float | None = field(default=None, metadata=SECONDS)
    faults: Faults = field(default=Faults())
    lanes: LaneOverrides = field(default_factory=dict, metadata=OBJECT)
    accounts: AccountOptions = field(default=AccountOptions())
    alarms: Mapping[str, str] = field(default_factory=dict, metadata=STRINGS)
    any_alarm: bool = False
    calendars: Mapping[str, str] = field(default_factory=dict, metadata=STRINGS)
    any_calendar: bool = False
    seed: int = field(default=0, metadata=INTEGER)

    def __post_init__(self) -> None:
        check_bounds(self)
        resolve_lane_overrides(self.lanes, self.lane_default)
        alarm_starts(self.alarms)
        calendar_starts(self.calendars)
        if not 0 <= self.port <= _MAX_PORT:
            raise ValueError(f"port: {self.port} is not between 0 and {_MAX_PORT}")
        for key in self.external_ids:
            if not _ACCOUNT_OR_ROLE.fullmatch(key):
                raise ValueError(f"external_ids: {key!r} is neither an account nor account/role")
        try:
            self.secret.encode()
        except UnicodeEncodeError:
            raise ValueError("secret: not UTF-8") from None
        if self.tls_key is not None and self.tls_cert is None:
            raise ValueError("tls_key: needs tls_cert")

    @property
    def lane_default(self) -> LaneOptions:
        """The options of lanes without overrides."""
        return LaneOptions(rate=self.rate, burst=self.burst, faults=self.faults)
