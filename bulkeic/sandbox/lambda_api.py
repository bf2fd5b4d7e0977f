"""Lambda's five event-invoke-config operations on a fleet.

A call that got past `bulkeic.sandbox.service` is checked in this order; the first check that fails
answers:

    check                                           operations   refusal
    body is JSON                                    Update Put   400 InvalidRequestContentException
    values have their types                         all          400 SerializationException
    name, Qualifier, MaxItems, settings are within
        their constraints (all violations at once)  all          400 ValidationException
    something is sent                               Update Put   400 InvalidParameterValueException
    an ARN's Region is this one                     all          404 ResourceNotFoundException
    an ARN's account is the caller's                all          403 AccessDeniedException
    name's qualifier and Qualifier agree            all          400 InvalidParameterValueException
    function and qualifier exist                    Update Put List   404 ResourceNotFoundException
    Marker is one of ours                           List         400 InvalidParameterValueException
    configuration exists                            Update Get Delete 404 ResourceNotFoundException
    destinations can be                             Update Put   400 InvalidParameterValueException
    no conflict is drawn                            Update Put Delete 409 ResourceConflictException

A version or an alias has a configuration of its own. List gives those of all qualifiers, whichever
of them the name has.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bulkeic.sandbox import router
from bulkeic.sandbox.caller import Caller
from bulkeic.sandbox.destinations import check_destinations
from bulkeic.sandbox.errors import AwsError, Kind, invalid
from bulkeic.sandbox.names import (
    FunctionName,
    arn,
    name_violations,
    qualifier_of,
    qualifier_violations,
    violation,
)
from bulkeic.sandbox.settings import Settings, decode, settings_violations
from bulkeic.sandbox.store import Config, Fleet, Lane

MAX_ITEMS = (1, 50)


@dataclass(frozen=True, slots=True)
class Call:
    """A Lambda call.

    Attributes:
        operation: which of the five.
        caller: who sent it.
        sent_name: the function name as sent.
        name: its parts, or None if it does not have the form of a name.
        query: decoded query parameters.
        body: as sent.
        now_ms: Unix time in milliseconds.
        conflict: whether a conflict strikes it where it would change something.
    """

    operation: router.Operation
    caller: Caller
    sent_name: str
    name: FunctionName | None
    query: Mapping[str, str]
    body: bytes
    now_ms: int
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class _Subject:
    """The version or alias that a call means."""

    lane: Lane
    name: str
    qualifier: str

    @property
    def arn(self) -> str:
        return arn(self.lane, self.name, self.qualifier)


def perform(fleet: Fleet, call: Call, *, merge_destinations: bool) -> tuple[int, bytes]:
    """Do what a call asks for.

    Args:
        fleet: what it works on.
        call: the call.
        merge_destinations: an Update keeps the half of DestinationConfig that it does not send.

    Returns:
        HTTP status and body.

    Raises:
        AwsError: the call is refused; nothing was changed.
    """
    if call.operation is router.UPDATE:
        return _update(fleet, call, merge_destinations=merge_destinations)
    return _OPERATIONS[call.operation](fleet, call)


def _update(fleet: Fleet, call: Call, *, merge_destinations: bool) -> tuple[int, bytes]:
    settings = _settings(call)
    subject = _existing(fleet, call)
    old = _configured(fleet, subject)
    check_destinations(fleet, subject.lane, subject.name, settings.destinations)
    _check_conflict(call, subject)
    new = settings.update(old, call.now_ms, merge_destinations=merge_destinations)
    fleet.set(subject.lane, subject.name, subject.qualifier, new)
    return 200, _render(subject.arn, new).encode()


def _put(fleet: Fleet, call: Call) -> tuple[int, bytes]:
    settings = _settings(call)
    subject = _existing(fleet, call)
    check_destinations(fleet, subject.lane, subject.name, settings.destinations)
    _check_conflict(call, subject)
    new = settings.put(call.now_ms)
    fleet.set(subject.lane, subject.name, subject.qualifier, new)
    return 200, _render(subject.arn, new).encode()


def _get(fleet: Fleet, call: Call) -> tuple[int, bytes]:
    _check_constraints(call)
    subject = _subject(call)
    return 200, _render(subject.arn, _configured(fleet, subject)).encode()


def _delete(fleet: Fleet, call: Call) -> tuple[int, bytes]:
    _check_constraints(call)
    subject = _subject(call)
    _configured(fleet, subject)
    _check_conflict(call, subject)
    fleet.set(subject.lane, subject.name, subject.qualifier, None)
    return 204, b""


def _list(fleet: Fleet, call: Call) -> tuple[int, bytes]:
    limit, violations = _max_items(call.query.get("MaxItems"))
    _check_constraints(call, violations)
    subject = _existing(fleet, call)
    configs = fleet.configs(subject.lane, subject.name)
    marker = call.query.get("Marker")
    if marker:
        after = _qualifier_in(marker)
        configs = [item for item in configs if item[0] > after]
    page = ",".join(
        _render(arn(subject.lane, subject.name, qualifier), config)
        for qualifier, config in configs[:limit]
    )
    following = ""
    if len(configs) > limit:
        token = urlsafe_b64encode(configs[limit - 1][0].encode()).decode()
        following = f',"NextMarker":"{token}"'
    return 200, f'{{"FunctionEventInvokeConfigs":[{page}]{following}}}'.encode()


_OPERATIONS: dict[router.Operation, Callable[[Fleet, Call], tuple[int, bytes]]] = {
    router.PUT: _put,
    router.GET: _get,
    router.DELETE: _delete,
    router.LIST: _list,
}


def _settings(call: Call) -> Settings:
    settings = decode(call.body)
    _check_constraints(call, settings_violations(settings))
    if settings.empty:
        raise AwsError(Kind.NOTHING_SENT)
    return settings


def _check_constraints(call: Call, others: list[str] | None = None) -> None:
    violations = [] if call.name is not None else name_violations(call.sent_name)
    violations += qualifier_violations(call.query.get("Qualifier"))
    violations += others or []
    if violations:
        raise invalid(violations)


def _subject(call: Call) -> _Subject:
    """What a call within its constraints means, if that lies within the caller's reach."""
    name, (account, region) = call.name, call.caller.lane
    if name is None:
        raise invalid(name_violations(call.sent_name))
    if name.region not in (None, region):
        raise AwsError(Kind.OTHER_REGION, theirs=name.region or "", region=region)
    if name.account not in (None, account):
        raise AwsError(
            Kind.OTHER_ACCOUNT,
            user=call.caller.user_arn,
            operation=call.operation.name,
            arn=arn((name.account or "", region), name.name, name.qualifier or "$LATEST"),
        )
    return _Subject(call.caller.lane, name.name, qualifier_of(name, call.query.get("Qualifier")))


def _existing(fleet: Fleet, call: Call) -> _Subject:
    subject = _subject(call)
    if not fleet.exists(subject.lane, subject.name, subject.qualifier):
        raise AwsError(Kind.FUNCTION_MISSING)
    return subject


def _configured(fleet: Fleet, subject: _Subject) -> Config:
    config = fleet.config(subject.lane, subject.name, subject.qualifier)
    if config is None:
        raise AwsError(Kind.CONFIG_MISSING, arn=subject.arn)
    return config


def _check_conflict(call: Call, subject: _Subject) -> None:
    if call.conflict:
        raise AwsError(Kind.CONFLICT, arn=subject.arn)


def _max_items(sent: str | None) -> tuple[int, list[str]]:
    low, high = MAX_ITEMS
    if sent is None:
        return high, []
    if not sent.removeprefix("-").isdecimal() or len(sent) > 9:  # noqa: PLR2004 - fits 32 bits
        raise AwsError(Kind.WRONG_TYPE, token="STRING_VALUE", wanted="an Integer")  # noqa: S106
    value = int(sent)
    if value < low:
        return low, [violation(value, "maxItems", f"have value greater than or equal to {low}")]
    if value > high:
        return high, [violation(value, "maxItems", f"have value less than or equal to {high}")]
    return value, []


def _qualifier_in(marker: str) -> str:
    try:
        return urlsafe_b64decode(marker).decode()
    except ValueError as error:
        raise AwsError(Kind.BAD_MARKER) from error


def _render(function_arn: str, config: Config) -> str:
    seconds, millis = divmod(config.modified_ms, 1000)
    failure = "" if config.on_failure is None else f'"Destination":{json.dumps(config.on_failure)}'
    success = "" if config.on_success is None else f'"Destination":{json.dumps(config.on_success)}'
    age = "" if config.age_s is None else f',"MaximumEventAgeInSeconds":{config.age_s}'
    retries = "" if config.retries is None else f',"MaximumRetryAttempts":{config.retries}'
    return (
        f'{{"DestinationConfig":{{"OnFailure":{{{failure}}},"OnSuccess":{{{success}}}}},'
        f'"FunctionArn":"{function_arn}","LastModified":{seconds}.{millis:03d}{age}{retries}}}'
    )
