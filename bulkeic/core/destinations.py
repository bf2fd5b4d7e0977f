r"""Which destinations of asynchronous invocations Lambda accepts, checked before any call.

Rules, from botocore's model, the Lambda developer guide and recorded answers of AWS:

- A destination is empty (cleared), ``kafka://…`` or an ARN of at most 350 characters.
- Services: Lambda, SQS, SNS, EventBridge, and S3 for ``OnFailure`` only.
- FIFO queues and FIFO topics are not supported.
- A template is checked with sample values.
- A function cannot be its own destination.
"""

import re

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.model import CLEARED, LATEST, Settings, Target
from bulkeic.core.names import REGION_PATTERN
from bulkeic.core.templates import DESTINATION_NAMES, check_template, fill_template, is_template

DESTINATION_CHARACTERS = 350
DESTINATION_PATTERN = (
    r"kafka://[^.][a-zA-Z0-9\-_.]{0,248}"
    r"|arn:aws[a-zA-Z0-9-]*:(?P<service>[a-zA-Z0-9\-]+)"
    rf":(?P<region>{REGION_PATTERN})?:(?P<account>\d{{12}})?:(?P<resource>.*)"
)
CLEARING_WORD = "none"

_match_destination = re.compile(DESTINATION_PATTERN, re.ASCII).fullmatch
_SAMPLE = dict(
    zip(DESTINATION_NAMES, ("123456789012", "us-east-1", "aws", "function"), strict=True)
)
_SERVICES = {"lambda", "sqs", "sns", "events", "s3"}
_EXPECTED = "expected the ARN of a function, queue, topic, event bus or (OnFailure) bucket, or none"


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
        parse_destination(fill_template(text, _SAMPLE), field)
        return text
    match = _match_destination(text)
    if match is None:
        raise InputError(f"{quoted(text)} is not a destination; {_EXPECTED}", field=field)
    if len(text) > DESTINATION_CHARACTERS:
        raise InputError(
            f"{len(text)} characters; expected at most {DESTINATION_CHARACTERS}", field=field
        )
    service = match["service"]
    if service is not None:
        _check_service(text, service, match["resource"], field)
    return text


def _check_service(text: str, service: str, resource: str, field: str) -> None:
    if service not in _SERVICES or not resource:
        raise InputError(f"{quoted(text)} cannot be a destination; {_EXPECTED}", field=field)
    if service == "s3" and field == "OnSuccess":
        raise InputError("an S3 bucket can be a destination for OnFailure only", field=field)
    if service in {"sqs", "sns"} and resource.endswith(".fifo"):
        raise InputError(
            f"{quoted(text)} is a FIFO queue or topic; expected a standard one", field=field
        )


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
