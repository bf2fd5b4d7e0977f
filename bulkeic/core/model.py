"""The project's vocabulary as types: target, settings, job, lane, answer, outcome.

Names follow AWS's own. ``to_api`` and ``from_api`` translate settings to and from the API's form:
https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionEventInvokeConfig.html
"""

import functools
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from bulkeic.core.code.ownership import Owner

LATEST = "$LATEST"
CLEARED = ""
"""Clears a destination; the API's form of it is an empty object."""


class Status(StrEnum):
    """The end of a job. A job without one is pending."""

    __hash__ = str.__hash__  # Enum's own is Python code, and runs at each look-up

    UPDATED = "updated"
    CREATED = "created"
    UNCHANGED = "unchanged"
    NOT_MATCHED = "not_matched"
    FAILED = "failed"
    UNKNOWN = "unknown"
    INVALID = "invalid"


NOT_DONE = frozenset({Status.FAILED, Status.UNKNOWN})
"""The jobs that count as failures."""


class Fault(StrEnum):
    """Why a call failed, as far as retries depend on it (see ``core.pacing.retry``)."""

    __hash__ = str.__hash__

    THROTTLED = "throttled"
    CONFLICT = "conflict"
    SERVER = "server"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    EXPIRED = "expired"
    CREDENTIALS = "credentials"
    REFUSED = "refused"
    DENIED = "denied"
    UNTRUSTED = "untrusted"


UNANSWERED = frozenset({Fault.TIMEOUT, Fault.CONNECTION})


class Operation(StrEnum):
    """The operations of Lambda that bulkeic calls, with AWS's names."""

    __hash__ = str.__hash__

    GET = "GetFunctionEventInvokeConfig"
    UPDATE = "UpdateFunctionEventInvokeConfig"
    PUT = "PutFunctionEventInvokeConfig"
    DELETE = "DeleteFunctionEventInvokeConfig"
    GET_FUNCTION = "GetFunction"
    LIST_FUNCTIONS = "ListFunctions"
    LIST_ALIASES = "ListAliases"
    LIST_CONFIGS = "ListFunctionEventInvokeConfigs"

    @property
    def is_metered(self) -> bool:
        """Whether it counts towards the lane's quota; GetFunction has a quota of its own.

        https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
        """
        return self is not Operation.GET_FUNCTION


class Lane(msgspec.Struct, frozen=True, order=True, gc=False):
    """One account in one Region. Lambda's control-plane quota applies to each lane."""

    account_id: str
    region: str

    def __str__(self) -> str:
        return f"{self.account_id}/{self.region}"


class Target(msgspec.Struct, frozen=True, gc=False):
    """A function with a qualifier, in a lane.

    Attributes:
        lane: account and Region. The account is empty until the caller's own is known.
        function: the bare function name, at most 64 characters.
        qualifier: a version, an alias or ``$LATEST``.
        partition: ``aws``, ``aws-cn``, ``aws-us-gov``, …
    """

    lane: Lane
    function: str
    qualifier: str = LATEST
    partition: str = "aws"

    @property
    def arn(self) -> str:
        """The function's ARN, without the qualifier."""
        lane = self.lane
        return (
            f"arn:{self.partition}:lambda:{lane.region}:{lane.account_id}:function:{self.function}"
        )


class Settings(msgspec.Struct, frozen=True, gc=False):
    """The wanted asynchronous-invocation policy; ``None`` means "not set here".

    Attributes:
        maximum_retry_attempts: 0 to 2.
        maximum_event_age_in_seconds: 60 to 21600.
        on_success: destination ARN, or ``CLEARED``.
        on_failure: destination ARN, or ``CLEARED``.
    """

    maximum_retry_attempts: int | None = None
    maximum_event_age_in_seconds: int | None = None
    on_success: str | None = None
    on_failure: str | None = None

    def is_empty(self) -> bool:
        """Whether nothing is set, which the API refuses."""
        return self == _NOTHING

    def has_function_destination(self) -> bool:
        """Whether a destination is a function, so that a function might invoke itself."""
        success, failure = self.on_success, self.on_failure
        return bool((success and ":lambda:" in success) or (failure and ":lambda:" in failure))

    def destinations(self) -> tuple[tuple[str, str | None], tuple[str, str | None]]:
        """Both destinations under the API's names."""
        return (("OnSuccess", self.on_success), ("OnFailure", self.on_failure))

    def names_one_destination(self) -> bool:
        """Whether one destination is set and the other is not."""
        return (self.on_success is None) != (self.on_failure is None)

    def to_api(self) -> dict[str, Any]:
        """The fields of the request body; what is not set is left out."""
        api: dict[str, Any] = {}
        if self.maximum_retry_attempts is not None:
            api["MaximumRetryAttempts"] = self.maximum_retry_attempts
        if self.maximum_event_age_in_seconds is not None:
            api["MaximumEventAgeInSeconds"] = self.maximum_event_age_in_seconds
        destinations = {
            name: {"Destination": arn} if arn else {}
            for name, arn in self.destinations()
            if arn is not None
        }
        if destinations:
            api["DestinationConfig"] = destinations
        return api

    @classmethod
    def from_api(cls, api: dict[str, Any]) -> "Settings":
        """The inverse of ``to_api``; other fields are ignored."""
        destinations = api.get("DestinationConfig", {})
        return cls(
            maximum_retry_attempts=api.get("MaximumRetryAttempts"),
            maximum_event_age_in_seconds=api.get("MaximumEventAgeInSeconds"),
            on_success=_destination(destinations.get("OnSuccess")),
            on_failure=_destination(destinations.get("OnFailure")),
        )


_NOTHING = Settings()


@functools.lru_cache(1024)
def shared_api(settings: Settings) -> dict[str, Any]:
    """``Settings.to_api``, made once for equal settings. The result must not be changed."""
    return settings.to_api()


def _destination(config: dict[str, str] | None) -> str | None:
    return None if config is None else config.get("Destination", CLEARED)


class SourceLine(msgspec.Struct, frozen=True, gc=False):
    """Where a row comes from; as text ``targets.csv:17``.

    Attributes:
        file: name of the targets file as the user gave it, or ``<stdin>``.
        line: number of the line that the row begins on, from 1; 0: not from a file with lines.
    """

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Job(msgspec.Struct, frozen=True, gc=False):
    """One target with its settings: one row of input.

    Attributes:
        seq: number of the row, from 0.
        source: file and line of the row.
        function_name: the function as the row gave it.
        role_arn: the role that the row gives for its account, maybe a template.
        before_snapshot: what the target had when it was read earlier (``core.change.snapshot``).
        before: the same as answered, API names; empty: it had no configuration.
        may_be_sent: whether a call that changes the target may have been sent since.
        expected: what the target must still have (see ``core.rollout.rollback_guard``);
            ``None``: anything.
        wave: number of the wave that its row gives; ``None``: none. Not read from a run file, which
            knows the jobs of each wave.
        owner: what manages the target; ``None``: nothing that is known.
    """

    seq: int
    source: SourceLine
    function_name: str
    target: Target
    settings: Settings
    role_arn: str | None = None
    before_snapshot: Settings | None = None
    before: dict[str, Any] | None = None
    may_be_sent: bool = False
    expected: Settings | None = None
    wave: int | None = None
    owner: Owner | None = None

    @property
    def managed_by(self) -> str | None:
        """The owner, as an outcome names it."""
        return None if self.owner is None else str(self.owner)


class PageRequest(msgspec.Struct, frozen=True, gc=False):
    """Which page of a listing a call asks for.

    Attributes:
        marker: the ``NextMarker`` of the page before; empty: the first page.
        all_versions: ListFunctions also lists the published versions of each function
            (``FunctionVersion=ALL``).
    """

    marker: str = ""
    all_versions: bool = False


class Page(msgspec.Struct, frozen=True, gc=False):
    """A page of a listing, as answered.

    Attributes:
        items: its functions, aliases or configurations, API names, without environment variables.
        next_marker: asks for the next page; ``None``: this is the last one.
    """

    items: list[dict[str, Any]]
    next_marker: str | None = None


class Call(msgspec.Struct, frozen=True, gc=False):
    """One call for a job.

    Attributes:
        settings: the body of an Update or a Put; the other operations have none.
        page: for operations that list; the others have none.
    """

    operation: Operation
    settings: Settings = Settings()
    page: PageRequest | None = None


class Success(msgspec.Struct, frozen=True, gc=False):
    """A call that got a 2xx answer.

    Attributes:
        config: the configuration as answered, API names, ``LastModified`` in RFC 3339; ``None``
            for operations that answer without one (Delete, GetFunction).
        page: for operations that list.
    """

    http_status: int
    request_id: str | None
    config: dict[str, Any] | None = None
    page: Page | None = None


class Failure(msgspec.Struct, frozen=True, gc=False):
    """A call that was refused, or got no answer.

    Attributes:
        code: AWS's error code, or the SDK's name of the transport error.
        http_status: ``None`` when there was no answer.
        retry_after_s: seconds to wait before a retry, as the server asks.
        sent: whether the call was sent to Lambda; without credentials it is not.
    """

    fault: Fault
    code: str
    message: str
    http_status: int | None = None
    request_id: str | None = None
    retry_after_s: float | None = None
    sent: bool = True


Answer = Success | Failure


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """The result of one job.

    This is the one list of an outcome's fields: the columns of the run file
    (``store.outcome_columns``) and the fields of a results file (``core.outcome_fields``) follow
    from it.

    Attributes:
        target: ``None``: the row is invalid.
        started_at: RFC 3339, UTC.
        duration_s: seconds for the whole job, waits included.
        call_s: seconds for the last call alone.
        wait_s: seconds that the job waited for its lane's token bucket.
        settings: as sent, API names.
        config: what the target has now, as answered, API names; ``None``: unknown.
        before: what the target had before the run's first write to it, API names; empty: it had no
            configuration; ``None``: unknown.
        managed_by: the tool that manages it, with the stack or the address, such as
            ``cloudformation:payments-prod``; ``None``: nothing that is known.
    """

    seq: int
    source: SourceLine
    function_name: str
    target: Target | None
    status: Status
    attempts: int = 0
    throttles: int = 0
    conflicts: int = 0
    http_status: int | None = None
    error_code: str | None = None
    error_message: str | None = None
    request_id: str | None = None
    started_at: str | None = None
    duration_s: float | None = None
    call_s: float | None = None
    wait_s: float | None = None
    settings: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    before: dict[str, Any] | None = None
    managed_by: str | None = None

    @property
    def function_arn(self) -> str | None:
        """The function's ARN, without the qualifier."""
        return None if self.target is None else self.target.arn

    @property
    def qualifier(self) -> str | None:
        """The target's qualifier."""
        return None if self.target is None else self.target.qualifier

    @property
    def account_id(self) -> str | None:
        """The target's account."""
        return None if self.target is None else self.target.lane.account_id

    @property
    def region(self) -> str | None:
        """The target's Region."""
        return None if self.target is None else self.target.lane.region


def rfc3339(timestamp: float) -> str:
    """Unix time in seconds as RFC 3339 in UTC, with milliseconds."""
    micros = round(timestamp * 1e6)
    return _second(micros // 1_000_000) + _MILLISECONDS[micros // 1000 % 1000]


_MILLISECONDS = tuple(f".{number:03d}Z" for number in range(1000))


# The times of a run share few seconds.
@functools.lru_cache(256)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:-6]
