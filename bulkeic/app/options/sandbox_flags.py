"""The options of ``sandbox``; a field's annotation declares its flag."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec

from bulkeic.app.options.access_options import FILE, REGION
from bulkeic.app.options.rollout_options import DAY
from bulkeic.core.errors import InputError
from bulkeic.core.options.option_declaration import Configurable, Flag, OptionGroup
from bulkeic.core.options.option_values import (
    CallRate,
    Integer,
    Number,
    NumberOrWord,
    ParsedText,
    ValueType,
)
from bulkeic.sandbox.behavior.sandbox_options import SandboxOptions
from bulkeic.sandbox.state.sandbox_alarms import alarm_starts
from bulkeic.sandbox.state.sandbox_calendars import calendar_starts

_SANDBOX = SandboxOptions()
_FAULTS = _SANDBOX.faults
_PROBABILITY = Number(0, 1, placeholder="PROBABILITY", noun="a probability")


NamedStart = tuple[str, str]
"""The name of an alarm or a calendar of the sandbox, and its state at the start."""

_NAMED_START = re.compile(r"([^=].*?)(?:=([^=@]*(?:@[a-z]+=[^=]*)?))?", re.DOTALL)


def parse_alarm(text: str) -> NamedStart:
    """The name and the state of ``--alarm``; OK if it gives none.

    Raises:
        InputError: one of them is invalid.
    """
    return _named_start(text, "OK", alarm_starts)


def parse_calendar(text: str) -> NamedStart:
    """The name and the state of ``--calendar``; open if it gives none.

    Raises:
        InputError: one of them is invalid.
    """
    return _named_start(text, "open", calendar_starts)


def _named_start(
    text: str, default: str, check: Callable[[Mapping[str, str]], object]
) -> NamedStart:
    match = _NAMED_START.fullmatch(text)
    name, start = match.groups(default) if match else ("", default)
    try:
        check({name: start})
    except ValueError as error:
        raise InputError(str(error).partition(": ")[2]) from None
    return name, start


class FleetFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Which functions a sandbox holds."""

    targets: Annotated[str | None, Flag(
        "--targets", "Targets file whose functions exist.", OptionGroup.FUNCTIONS, FILE
    )] = None  # fmt: skip
    region: Annotated[str, Flag(
        "--region", "Region of targets that name none.", OptionGroup.FUNCTIONS,
        REGION)] = "us-east-1"  # fmt: skip
    functions: Annotated[int | Literal["any"] | None, Flag(
        "--functions", "Number of functions in each lane: fn-0, fn-1 and so on. any: every "
        "function exists.", OptionGroup.FUNCTIONS,
        NumberOrWord(Integer(1, 10_000_000, noun="a number of functions"), "any"),
        "any, unless --targets or --state is given")] = None  # fmt: skip
    accounts: Annotated[int | None, Flag(
        "--accounts", "Number of accounts that have the functions of --functions, from "
        "123456789012 on.", OptionGroup.FUNCTIONS, Integer(1, 10_000), "1")] = None  # fmt: skip
    regions: Annotated[int | None, Flag(
        "--regions", "Number of Regions that have the functions of --functions, from us-east-1 "
        "on.", OptionGroup.FUNCTIONS, Integer(1, 17), "1")] = None  # fmt: skip
    configured: Annotated[float | None, Flag(
        "--configured", "Share of the functions of --functions that have a configuration.",
        OptionGroup.FUNCTIONS, Number(0, 1, placeholder="SHARE"), "1")] = None  # fmt: skip
    varied: Annotated[bool | None, Flag(
        "--varied", "Make the functions of --functions differ in runtime, tags, date, versions and "
        "aliases.", OptionGroup.FUNCTIONS)] = None  # fmt: skip
    organization: Annotated[bool | None, Flag(
        "--organization", "Make the accounts of --accounts an organization with nested units, "
        "where only the Regions of --regions are enabled.", OptionGroup.FUNCTIONS
    )] = None  # fmt: skip
    state: Annotated[str | None, Flag(
        "--state", "Start with the state saved in this file.", OptionGroup.FUNCTIONS, FILE
    )] = None  # fmt: skip
    save_state: Annotated[str | None, Flag(
        "--save-state", "Save the state to this file at the end.", OptionGroup.FUNCTIONS, FILE,
        configurable=Configurable.BY_USER)] = None  # fmt: skip

    @property
    def is_any(self) -> bool:
        """Whether every function exists: the user said so, or chose no functions at all."""
        if self.functions is None:
            return self.targets is None and self.state is None
        return self.functions == "any"


class SandboxFlags(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``sandbox``.

    Fields other than ``fleet`` and ``scenario`` are those of ``SandboxOptions`` and of its
    ``Faults``. ``None``: not given. A rate of ``math.inf`` means no limit.
    """

    host: Annotated[str | None, Flag(
        "--host", "Address to listen on. A warning is printed if others can reach it.",
        OptionGroup.SERVER, ValueType("ADDRESS"), _SANDBOX.host)] = None  # fmt: skip
    port: Annotated[int | None, Flag(
        "--port", "Port to listen on.", OptionGroup.SERVER, Integer(0, 65535), "any free one"
    )] = None  # fmt: skip
    tls_cert: Annotated[str | None, Flag(
        "--tls-cert", "PEM file of a certificate. The sandbox then serves HTTPS.",
        OptionGroup.SERVER, FILE)] = None  # fmt: skip
    tls_key: Annotated[str | None, Flag(
        "--tls-key", "PEM file of the certificate's private key.", OptionGroup.SERVER, FILE,
        "the file of --tls-cert")] = None  # fmt: skip
    rate: Annotated[float | None, Flag(
        "--rate", "Calls per second that each lane (account and Region) allows, or unlimited.",
        OptionGroup.SERVER, CallRate(), f"{_SANDBOX.rate:g}")] = None  # fmt: skip
    burst: Annotated[float | None, Flag(
        "--burst", "Calls that a lane allows at once after a pause.", OptionGroup.SERVER,
        Number(1, placeholder="CALLS"), f"{_SANDBOX.burst:g}")] = None  # fmt: skip
    merge_destinations: Annotated[bool | None, Flag(
        "--merge-destinations", "Make an update keep the destination that it does not send.",
        OptionGroup.SERVER)] = None  # fmt: skip
    nulls: Annotated[bool | None, Flag(
        "--nulls", "Send settings that are not set as JSON null, instead of leaving them out.",
        OptionGroup.SERVER)] = None  # fmt: skip
    scenario: Annotated[str | None, Flag(
        "--scenario", "JSON file of these options and of options for single lanes. Flags win.",
        OptionGroup.SERVER, FILE)] = None  # fmt: skip
    fleet: FleetFlags = FleetFlags()
    alarms: Annotated[tuple[NamedStart, ...] | None, Flag(
        "--alarm", "CloudWatch alarm that every lane has: OK, ALARM or INSUFFICIENT_DATA. "
        "NAME=ALARM@after=500 is OK until there were 500 changes. Can be repeated.",
        OptionGroup.SERVER, ParsedText("NAME[=STATE]", parse_alarm, "=".join),
        "none", is_multiple=True)] = None  # fmt: skip
    calendars: Annotated[tuple[NamedStart, ...] | None, Flag(
        "--calendar", "Change calendar of Systems Manager that every lane has: open, closed or "
        "unsupported. NAME=closed@until=2026-11-27T18:00Z is open from then on. Can be repeated.",
        OptionGroup.SERVER, ParsedText("NAME[=STATE]", parse_calendar, "=".join),
        "none", is_multiple=True)] = None  # fmt: skip
    secret: Annotated[str | None, Flag(
        "--secret", "Secret of every access key.", OptionGroup.CALLERS, ValueType("SECRET"),
        _SANDBOX.secret, is_secret=True)] = None  # fmt: skip
    verify_signatures: Annotated[bool | None, Flag(
        "--no-verify-signatures", "Accept every caller without checking the signature.",
        OptionGroup.CALLERS)] = None  # fmt: skip
    external_id: Annotated[str | None, Flag(
        "--external-id", "External id that every role requires.", OptionGroup.CALLERS,
        ValueType("ID"))] = None  # fmt: skip
    session_duration_s: Annotated[float | None, Flag(
        "--session-duration", "How long the credentials of a role last.", OptionGroup.CALLERS,
        DAY, "what the caller asks for")] = None  # fmt: skip
    latency_s: Annotated[float | None, Flag(
        "--latency", "Time that every response takes; the median if --latency-p99 is given.",
        OptionGroup.DELAYS, DAY, f"{_FAULTS.latency_s:g}s")] = None  # fmt: skip
    latency_p99_s: Annotated[float | None, Flag(
        "--latency-p99", "Time within which 99 of 100 responses come (log-normal).",
        OptionGroup.DELAYS, DAY, "the same as --latency")] = None  # fmt: skip
    retry_after_s: Annotated[float | None, Flag(
        "--retry-after", "Value of the Retry-After header of each 429.", OptionGroup.DELAYS, DAY,
        "no such header")] = None  # fmt: skip
    settle_s: Annotated[float | None, Flag(
        "--settle", "Time after a change in which another change of the function gets a 409.",
        OptionGroup.DELAYS, DAY, f"{_FAULTS.settle_s:g}s")] = None  # fmt: skip
    iam_propagation_s: Annotated[float | None, Flag(
        "--iam-propagation", "Time for which a new destination is refused.", OptionGroup.DELAYS,
        DAY, f"{_FAULTS.iam_propagation_s:g}s")] = None  # fmt: skip
    seed: Annotated[int | None, Flag(
        "--seed", "Seed of the faults.", OptionGroup.FAULTS, Integer(), f"{_SANDBOX.seed}"
    )] = None  # fmt: skip
    throttle: Annotated[float | None, Flag(
        "--throttle", "A call gets a 429 although there is quota.", OptionGroup.FAULTS,
        _PROBABILITY, f"{_FAULTS.throttle:g}")] = None  # fmt: skip
    conflict: Annotated[float | None, Flag(
        "--conflict", "A change gets a 409, as if another one were in progress.",
        OptionGroup.FAULTS, _PROBABILITY, f"{_FAULTS.conflict:g}")] = None  # fmt: skip
    refuse: Annotated[float | None, Flag(
        "--refuse", "A call gets a 403 for a missing permission.", OptionGroup.FAULTS,
        _PROBABILITY, f"{_FAULTS.refuse:g}")] = None  # fmt: skip
    error: Annotated[float | None, Flag(
        "--error", "A call gets a 500.", OptionGroup.FAULTS, _PROBABILITY, f"{_FAULTS.error:g}"
    )] = None  # fmt: skip
    slow: Annotated[float | None, Flag(
        "--slow", "A response comes late.", OptionGroup.FAULTS, _PROBABILITY, f"{_FAULTS.slow:g}"
    )] = None  # fmt: skip
    slow_s: Annotated[float | None, Flag(
        "--slow-by", "Extra time that a call of --slow takes.", OptionGroup.DELAYS, DAY,
        f"{_FAULTS.slow_s:g}s")] = None  # fmt: skip
    cut_before: Annotated[float | None, Flag(
        "--cut-before", "The connection is cut before the change.", OptionGroup.FAULTS,
        _PROBABILITY, f"{_FAULTS.cut_before:g}")] = None  # fmt: skip
    cut_after: Annotated[float | None, Flag(
        "--cut-after", "The connection is cut after the change.", OptionGroup.FAULTS,
        _PROBABILITY, f"{_FAULTS.cut_after:g}")] = None  # fmt: skip
    hang: Annotated[float | None, Flag(
        "--hang", "A call never gets a response.", OptionGroup.FAULTS, _PROBABILITY,
        f"{_FAULTS.hang:g}")] = None  # fmt: skip
    truncated: Annotated[float | None, Flag(
        "--truncated", "A response is cut short.", OptionGroup.FAULTS, _PROBABILITY,
        f"{_FAULTS.truncated:g}")] = None  # fmt: skip
    garbage: Annotated[float | None, Flag(
        "--garbage", "A response is a page of HTML.", OptionGroup.FAULTS, _PROBABILITY,
        f"{_FAULTS.garbage:g}")] = None  # fmt: skip
    expired: Annotated[float | None, Flag(
        "--expired", "A call with the credentials of a role is refused because they have "
        "expired.", OptionGroup.FAULTS, _PROBABILITY, f"{_FAULTS.expired:g}")] = None  # fmt: skip

    def given(self) -> dict[str, Any]:
        """The given fields of ``SandboxOptions`` and of its ``Faults``."""
        values = msgspec.structs.asdict(self)
        del values["fleet"], values["scenario"]
        return {name: value for name, value in values.items() if value is not None}
