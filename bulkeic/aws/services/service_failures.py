"""The table that translates failures of the services into errors for people."""

import msgspec

from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.aws.identity.credentials import CredentialsError
from bulkeic.core.errors import ServiceError
from bulkeic.core.model import Failure, Fault, Lane
from bulkeic.core.pacing.retry import ANSWER_MISMATCH

TITLES = {
    "organizations": "Organizations",
    "account": "Account Management",
    "resourcegroupstaggingapi": "Resource Groups Tagging",
    "resource-explorer-2": "Resource Explorer",
    "config": "AWS Config",
    "cloudwatch": "CloudWatch",
    "ssm": "Systems Manager",
    "cloudformation": "CloudFormation",
}
"""The services, by the SDK's names of them, as people know them."""

_ORGANIZATION_CALLER = (
    "use the credentials of the organization's management account or of a delegated administrator"
)
_NO_VIEW = "check the view's ARN and the Region, and that Resource Explorer is turned on there"
_ALARM_PERMISSION = "the caller needs cloudwatch:DescribeAlarms, for composite alarms on *"
_NO_CALENDAR = "check the ARN that --change-calendar gives, and who may read the calendar"
_STACK_PERMISSION = (
    "the caller needs cloudformation:DescribeStacks and cloudformation:ListStackResources, and "
    "cloudformation:ListExports for Fn::ImportValue"
)
# (service, code) → a way out. The service is empty for codes that all of them share, and the code
# is empty for all others of a service.
_WAYS_OUT = {
    ("organizations", "AWSOrganizationsNotInUseException"): "give --accounts instead",
    ("organizations", "AccessDeniedException"): _ORGANIZATION_CALLER,
    ("organizations", "ParentNotFoundException"): "check the id that --ou gives",
    ("organizations", "InvalidInputException"): (
        "check the id that --ou gives; expected something like ou-ab12-34cd56ef"
    ),
    ("account", ""): "no list is needed if --regions has only names",
    ("resource-explorer-2", "UnauthorizedException"): _NO_VIEW,
    ("resource-explorer-2", "ResourceNotFoundException"): _NO_VIEW,
    ("config", "NoSuchConfigurationAggregatorException"): (
        "check the name that --aggregator gives, and the Region"
    ),
    ("cloudwatch", "AccessDenied"): _ALARM_PERMISSION,
    ("cloudwatch", "AccessDeniedException"): _ALARM_PERMISSION,
    ("ssm", "AccessDeniedException"): "the caller needs ssm:GetCalendarState",
    ("ssm", "InvalidDocument"): _NO_CALENDAR,
    ("ssm", "InvalidDocumentType"): _NO_CALENDAR,
    ("ssm", "UnsupportedCalendarException"): _NO_CALENDAR,
    ("cloudformation", "AccessDenied"): _STACK_PERMISSION,
    ("cloudformation", "AccessDeniedException"): _STACK_PERMISSION,
    ("cloudformation", "ValidationError"): "check the name that --stack gives, and --region",
    # Of each lane: the report of the discovery names the Region to leave out.
    ("resourcegroupstaggingapi", "UnrecognizedClientException"): "",
    ("", "UnrecognizedClientException"): (
        "check the credentials, and that the Region is enabled for the account"
    ),
    ("", "InvalidClientTokenId"): (
        "check the credentials, and that the Region is enabled for the account"
    ),
}
# Codes of these services for a missing permission, besides those that Lambda has, too.
_DENIED = frozenset({"UnauthorizedException", "AccessDeniedForDependencyException"})
# Codes of these services, besides those that Lambda has, too. Emulators answer them with HTTP 400.
_FAULTS = {
    "ServiceException": Fault.SERVER,
    "InternalServiceException": Fault.SERVER,
    "InternalServerException": Fault.SERVER,
    "InternalServerError": Fault.SERVER,
    "InternalServiceFault": Fault.SERVER,
}


def preparation_failure(error: Exception) -> Failure:
    """Returns the failure for an exception before a call: no credentials, or an invalid setting.

    An unexpected exception is raised again.
    """
    from bulkeic.aws.answers import failures  # noqa: PLC0415 - it imports the SDK

    if isinstance(error, CredentialsError):
        return error.failure
    if not isinstance(error, failures.PREPARATION_ERRORS):
        raise error
    return failures.translate_preparation_error(error)


def call_failure(error: Exception) -> Failure:
    """Returns the failure for an exception of a call.

    The SDK's parser raises anything on an answer that is malformed.
    """
    from bulkeic.aws.answers import failures  # noqa: PLC0415 - as above

    if not isinstance(error, failures.SDK_ERRORS):
        return Failure(Fault.SERVER, ANSWER_MISMATCH, "the answer cannot be read")
    failure = failures.translate_sdk_error(error)
    fault = _FAULTS.get(failure.code)
    return failure if fault is None else msgspec.structs.replace(failure, fault=fault)


def service_error(service: str, operation: str, lane: Lane, failure: Failure) -> ServiceError:
    """Returns the error that names place, problem and way out.

    Args:
        service: the SDK's name of it.
        operation: AWS's name of it.
        lane: for which it was called.
        failure: of the last attempt.
    """
    keys = [(service, failure.code), ("", failure.code)]
    if failure.sent:
        keys.append((service, ""))
    way_out = next((_WAYS_OUT[key] for key in keys if key in _WAYS_OUT), None)
    # Without credentials nothing was sent to the service, and the message names what failed.
    parts = [f"{TITLES[service]} {operation}" if failure.sent else "", failure.message]
    text = ": ".join(filter(None, parts))
    return ServiceError(
        failure.code,
        sanitize(f"{text.removesuffix('.')}; {way_out}" if way_out else text),
        is_denied=failure.fault is Fault.DENIED or failure.code in _DENIED,
        place=str(lane),
    )
