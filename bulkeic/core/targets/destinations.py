r"""Which destinations of asynchronous invocations Lambda accepts, checked before any call.

Rules, from botocore's model, the Lambda developer guide and recorded answers of AWS:

- A destination is empty (cleared) or an ARN of at most 350 characters.
- Services: Lambda (functions), SQS, SNS, EventBridge (event buses), and S3 for ``OnFailure`` only.
- ``kafka://…`` is a destination of event source mappings, not of asynchronous invocations.
- An ARN of Lambda, SQS, SNS or EventBridge names its Region and its account.
- An ARN belongs to the partition of its Region and of its target.
- FIFO queues and FIFO topics are not supported.
- A template is checked with sample values; its partition is checked once the target is known.
- A function cannot be its own destination.
"""

import re

import msgspec

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.model import CLEARED, LATEST, Lane, Settings, Target
from bulkeic.core.targets.names import REGION_PATTERN, partition_of
from bulkeic.core.targets.templates import (
    DESTINATION_NAMES,
    check_template,
    fill_settings,
    fill_template,
    is_template,
)

DESTINATION_CHARACTERS = 350
DESTINATION_PATTERN = (
    r"arn:(?P<partition>aws[a-zA-Z0-9-]*):(?P<service>[a-zA-Z0-9\-]+)"
    rf":(?P<region>{REGION_PATTERN})?:(?P<account>\d{{12}})?:(?P<resource>.*)"
)
CLEARING_WORD = "none"

_match_destination = re.compile(DESTINATION_PATTERN, re.ASCII).fullmatch
_SAMPLE = dict(
    zip(DESTINATION_NAMES, ("123456789012", "us-east-1", "aws", "function"), strict=True)
)
_match_literal_partition = re.compile("arn:([^:{}]+):").match
_match_any = re.compile(".+").fullmatch
_RESOURCES = {
    "lambda": (
        re.compile(
            r"function:[a-zA-Z0-9\-_.]{1,64}(?::(?:\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9\-_]{1,128}))?",
            re.ASCII,
        ).fullmatch,
        "function:NAME",
    ),
    "sqs": (_match_any, "a queue"),
    "sns": (_match_any, "a topic"),
    "events": (re.compile("event-bus/.+").fullmatch, "event-bus/NAME"),
    "s3": (_match_any, "a bucket"),
}
"""Service → the resources that can be a destination, and what they look like."""

_EXPECTED = "expected the ARN of a function, queue, topic, event bus or (OnFailure) bucket, or none"
_PARTNER_BUS = ":event-bus/aws.partner/"


def parse_destination(text: str, field: str) -> str:
    """Checks a destination, or a template of one, and returns it.

    ``none`` and the empty string become ``CLEARED``.

    Args:
        text: as the row has it.
        field: ``OnSuccess`` or ``OnFailure``, which have different rules.

    Raises:
        InputError: Lambda would refuse it.
    """
    if not text or text.lower() == CLEARING_WORD:
        return CLEARED
    if is_template(text):
        check_template(text, DESTINATION_NAMES, field)
        _check_arn(fill_template(text, _SAMPLE), field)
        return text
    arn = _check_arn(text, field)
    region, partition = arn["region"], arn["partition"]
    if region is not None and partition != partition_of(region):
        raise InputError(
            f"partition {quoted(partition)} does not contain the Region {region}; "
            f"expected {partition_of(region)}",
            field=field,
        )
    return text


def _check_arn(text: str, field: str) -> re.Match[str]:
    """Checks everything but the partition, and returns the ARN's parts."""
    if text.startswith("kafka://"):
        raise InputError(
            f"{quoted(text)} is a destination of event source mappings only; {_EXPECTED}",
            field=field,
        )
    arn = _match_destination(text)
    if arn is None:
        raise InputError(f"{quoted(text)} is not a destination; {_EXPECTED}", field=field)
    if len(text) > DESTINATION_CHARACTERS:
        raise InputError(
            f"{len(text)} characters; expected at most {DESTINATION_CHARACTERS}", field=field
        )
    _check_service(text, arn, field)
    return arn


def _check_service(text: str, arn: re.Match[str], field: str) -> None:
    service, resource = arn["service"], arn["resource"]
    if service not in _RESOURCES or not resource:
        raise InputError(f"{quoted(text)} cannot be a destination; {_EXPECTED}", field=field)
    if service == "s3":
        if field == "OnSuccess":
            raise InputError("an S3 bucket can be a destination for OnFailure only", field=field)
        return
    match_resource, looks_like = _RESOURCES[service]
    if not match_resource(resource):
        raise InputError(
            f"{quoted(text)} cannot be a destination; an ARN of {service} must name {looks_like}",
            field=field,
        )
    missing = [part for part in ("region", "account") if arn[part] is None]
    if missing:
        raise InputError(
            f"{quoted(text)} has no {' and no '.join(missing)}; "
            f"expected arn:PARTITION:{service}:REGION:ACCOUNT:…",
            field=field,
        )
    if service in {"sqs", "sns"} and resource.endswith(".fifo"):
        raise InputError(
            f"{quoted(text)} is a FIFO queue or topic; expected a standard one", field=field
        )


def partition_problems(partition: str, settings: Settings) -> list[InputError]:
    """The problem of a destination in another partition than the target, for each such field.

    A template that takes its partition from the target is in the same one.
    """
    problems = []
    for field, destination in settings.destinations():
        named = _match_literal_partition(destination) if destination else None
        if named and named[1] != partition:
            problems.append(
                InputError(
                    f"{quoted(destination)} is in partition {named[1]}, the target in {partition}; "
                    "expected a destination in the target's partition",
                    field=field,
                )
            )
    return problems


def destination_warnings(settings: Settings) -> list[InputError]:
    """What is worth a warning: destinations that AWS may refuse."""
    return [
        InputError(
            f"{quoted(destination)} is a partner event bus; AWS may refuse it as a destination",
            field=field,
        )
        for field, destination in settings.destinations()
        if destination and _PARTNER_BUS in destination
    ]


def target_problems(target: Target, settings: Settings) -> list[InputError]:
    """Problems of settings that are valid for other targets."""
    problems = self_destination_problems(target, fill_settings(settings, target))
    if not target.lane.account_id:  # not known yet, but it will be valid
        lane = Lane(_SAMPLE["account"], target.lane.region)
        target = msgspec.structs.replace(target, lane=lane)
    for field, destination in fill_settings(settings, target).destinations():
        try:
            parse_destination(destination or "", field)
        except InputError as problem:
            problems.append(problem)
    return problems


def self_destination_problems(target: Target, settings: Settings) -> list[InputError]:
    """The problem of a function that is its own destination, for each such field.

    Only the function without a qualifier, or with the target's own, is refused: AWS's answer for
    an alias that invokes another one is not recorded.
    """
    return [
        InputError("a function cannot be its own destination; expected another one", field=field)
        for field, destination in settings.destinations()
        if destination and ":lambda:" in destination and destination in _arns_of(target)
    ]


def _arns_of(target: Target) -> set[str]:
    own = target.arn
    return {own, f"{own}:{target.qualifier}", f"{own}:{LATEST}"}
