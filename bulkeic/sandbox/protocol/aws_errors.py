"""Every error response of the sandbox, in one table.

A row gives AWS's error code, the HTTP status, the keys of the JSON body in their order, and the
message template. Clients match codes. A row is recorded if a published response of AWS shows its
code and its message: of Lambda or STS, or for credentials of any service, since all check them with
the same words. The other rows are guesses in AWS's style.

The actions that NOT_PERMITTED_YET names are recorded for queues and topics.
"""

# ruff: noqa: E501 - a row of the table is a line

import json
import re
from dataclasses import dataclass
from enum import Enum
from html import escape

_FUNCTION = ("Type", "Message")
_PARAMETER = ("Type", "message")
_BARE = ("message",)
_DENIED = ("Message",)
_THROTTLE = ("Reason", "Type", "message")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One kind of error.

    Attributes:
        code: the error code.
        status: HTTP status.
        keys: keys of the JSON body.
        message: template of the message.
        fault: the party at fault.
        is_recorded: whether a published response of AWS shows code and message.
    """

    code: str
    status: int
    keys: tuple[str, ...]
    message: str
    fault: str = "User"
    is_recorded: bool = True


class ErrorKind(Enum):
    """The table."""

    # fmt: off
    THROTTLED = ErrorRow("TooManyRequestsException", 429, _THROTTLE, "Rate exceeded")
    FUNCTION_MISSING = ErrorRow("ResourceNotFoundException", 404, _FUNCTION, "The function doesn't exist.")
    CONFIG_MISSING = ErrorRow("ResourceNotFoundException", 404, _FUNCTION, "The function {arn} doesn't have an EventInvokeConfig")
    OTHER_REGION = ErrorRow("ResourceNotFoundException", 404, _FUNCTION, "Functions from '{theirs}' are not reachable in this region ('{region}')")
    NOTHING_SENT = ErrorRow("InvalidParameterValueException", 400, _PARAMETER, "You must specify at least one of error handling or destination setting.")
    QUALIFIERS_DIFFER = ErrorRow("InvalidParameterValueException", 400, _PARAMETER, "The derived qualifier from the function name does not match the specified qualifier.")
    DESTINATION_MISSING = ErrorRow("InvalidParameterValueException", 400, _PARAMETER, "The destination ARN {destination} is invalid.")
    DESTINATION_SELF = ErrorRow("InvalidParameterValueException", 400, _PARAMETER, "You can't specify the function as a destination for itself.")
    DESTINATION_REFUSED = ErrorRow("InvalidParameterValueException", 400, _PARAMETER, "The provided destination config DestinationConfig(onSuccess={success}, onFailure={failure}) is invalid.")
    INVALID = ErrorRow("ValidationException", 400, _BARE, "{count} validation {errors} detected: {violations}")
    NOT_PERMITTED_YET = ErrorRow("InvalidParameterValueException", 400, _PARAMETER, "The function's execution role does not have permissions to call {action} on {destination}")
    CONFLICT = ErrorRow("ResourceConflictException", 409, _PARAMETER, "The EventInvokeConfig for function {arn} could not be updated due to a concurrent update operation.")
    NO_CREDENTIALS = ErrorRow("MissingAuthenticationTokenException", 403, _BARE, "Missing Authentication Token")
    FUNCTION_NOT_FOUND = ErrorRow("ResourceNotFoundException", 404, _FUNCTION, "Function not found: {arn}")
    WRONG_SERVICE = ErrorRow("InvalidSignatureException", 403, _BARE, "Credential should be scoped to correct service: '{service}'.")
    OTHER_DAY = ErrorRow("InvalidSignatureException", 403, _BARE, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{day}' != '{date}', from '{sent}'.")
    OLD_SIGNATURE = ErrorRow("InvalidSignatureException", 403, _BARE, "Signature expired: {sent} is now earlier than {edge} ({now} - {minutes} min.)")
    EARLY_SIGNATURE = ErrorRow("InvalidSignatureException", 403, _BARE, "Signature not yet current: {sent} is still later than {edge} ({now} + {minutes} min.)")
    WRONG_SIGNATURE = ErrorRow("InvalidSignatureException", 403, _BARE, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
    NO_DATE = ErrorRow("IncompleteSignatureException", 403, _BARE, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    INVALID_TOKEN = ErrorRow("UnrecognizedClientException", 403, _BARE, "The security token included in the request is invalid.")
    EXPIRED_TOKEN = ErrorRow("ExpiredTokenException", 403, _BARE, "The security token included in the request is expired")
    REFUSED = ErrorRow("AccessDeniedException", 403, _DENIED, "User: {user} is not authorized to perform: lambda:{operation} on resource: {arn} because no identity-based policy allows the lambda:{operation} action")
    CHAINED_TOO_LONG = ErrorRow("ValidationError", 400, _BARE, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
    NOT_IN_ORGANIZATION = ErrorRow("AWSOrganizationsNotInUseException", 400, _DENIED, "Your account is not a member of an organization.")
    NOT_MANAGEMENT_ACCOUNT = ErrorRow("AccessDeniedException", 400, _DENIED, "You don't have permissions to access this resource.")
    INVALID_PATTERN = ErrorRow("InvalidInputException", 400, _DENIED, "You provided a value that does not match the required pattern.")
    OTHER_ACCOUNTS_REGIONS = ErrorRow("AccessDeniedException", 403, _BARE, "User: {user} is not authorized to perform: account:ListRegions ({reason})")
    ALARMS_REFUSED = ErrorRow("AccessDenied", 403, _BARE, "User: {user} is not authorized to perform: {action} on resource: {arn} because no identity-based policy allows the {action} action")
    # Guessed from here on.
    TOO_MANY_LANES = ErrorRow("LimitExceededException", 400, _PARAMETER, "The sandbox serves at most {limit} lanes (account and Region) besides those of its functions.", is_recorded=False)
    INTERNAL = ErrorRow("ServiceException", 500, _FUNCTION, "An internal error occurred.", "Service", is_recorded=False)
    UNSIGNED_HEADER = ErrorRow("InvalidSignatureException", 403, _BARE, "'{header}' must be a 'SignedHeader' in the AWS Authorization.", is_recorded=False)
    BAD_CREDENTIALS = ErrorRow("IncompleteSignatureException", 403, _BARE, "Authorization header requires a 'Credential' parameter of the form key/date/region/service/aws4_request.", is_recorded=False)
    NO_SIGNATURE = ErrorRow("IncompleteSignatureException", 403, _BARE, "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters, in this order.", is_recorded=False)
    OTHER_ACCOUNT = ErrorRow("AccessDeniedException", 403, _DENIED, "User: {user} is not authorized to perform: lambda:{operation} on resource: {arn}", is_recorded=False)
    UNPARSABLE = ErrorRow("InvalidRequestContentException", 400, _PARAMETER, "Could not parse request body into json: {reason}", is_recorded=False)
    WRONG_TYPE = ErrorRow("SerializationException", 400, _BARE, "{token} can not be converted to {wanted}", is_recorded=False)
    BAD_MARKER = ErrorRow("InvalidParameterValueException", 400, _PARAMETER, "The pagination marker is invalid.", is_recorded=False)
    RESOURCE_NOT_FOUND = ErrorRow("ResourceNotFoundException", 404, _FUNCTION, "The resource you requested does not exist: {arn}", is_recorded=False)
    QUALIFIED_TAGS = ErrorRow("InvalidParameterValueException", 400, _PARAMETER, "Tags on function aliases and versions are not supported. Please specify a function ARN.", is_recorded=False)
    PARENT_NOT_FOUND = ErrorRow("ParentNotFoundException", 400, _DENIED, "You specified parent that doesn't exist.", is_recorded=False)
    INVALID_MAX_RESULTS = ErrorRow("InvalidInputException", 400, _DENIED, "You provided a MaxResults that is not between 1 and {limit}.", is_recorded=False)
    INVALID_NEXT_TOKEN = ErrorRow("InvalidInputException", 400, _DENIED, "You provided an invalid NextToken.", is_recorded=False)
    INVALID_ACCOUNT_INPUT = ErrorRow("ValidationException", 400, _BARE, "The input fails to satisfy the constraints specified by an AWS service.", is_recorded=False)
    INVALID_TAGGING_INPUT = ErrorRow("InvalidParameterException", 400, _DENIED, "{reason}", is_recorded=False)
    SERVICE_REFUSED = ErrorRow("AccessDeniedException", 403, _DENIED, "User: {user} is not authorized to perform: {action} on resource: * because no identity-based policy allows the {action} action", is_recorded=False)
    INVALID_ALARM_VALUE = ErrorRow("InvalidParameterValue", 400, _BARE, "{reason}", is_recorded=False)
    ALARM_PARAMETERS = ErrorRow("InvalidParameterCombination", 400, _BARE, "{reason}", is_recorded=False)
    ALARM_TOKEN = ErrorRow("InvalidNextToken", 400, _BARE, "The next token specified is invalid.", is_recorded=False)
    ALARM_MISSING = ErrorRow("ResourceNotFound", 404, _BARE, "The named resource does not exist.", is_recorded=False)
    ALARM_LIMIT = ErrorRow("LimitExceeded", 400, _BARE, "{reason}", is_recorded=False)
    ALARM_REASON_DATA = ErrorRow("InvalidFormat", 400, _BARE, "StateReasonData was not syntactically valid JSON", is_recorded=False)
    CALENDAR_MISSING = ErrorRow("InvalidDocument", 400, _DENIED, "Document with name {name} does not exist.", is_recorded=False)
    NOT_A_CALENDAR = ErrorRow("InvalidDocumentType", 400, _DENIED, "Document {name} is not of type ChangeCalendar.", is_recorded=False)
    CALENDAR_UNSUPPORTED = ErrorRow("UnsupportedCalendarException", 400, _DENIED, "The calendar entry contained in the document {name} is not supported.", is_recorded=False)
    UNKNOWN_OPERATION = ErrorRow("UnknownOperationException", 404, _BARE, "There is no operation {method} {path}", is_recorded=False)
    UNKNOWN_ACTION = ErrorRow("InvalidAction", 400, _BARE, "Could not find operation {action} for version {version}", is_recorded=False)
    ROLE_DENIED = ErrorRow("AccessDenied", 403, _BARE, "User: {user} is not authorized to perform: sts:AssumeRole on resource: {role}", is_recorded=False)
    MALFORMED_POLICY = ErrorRow("MalformedPolicyDocument", 400, _BARE, "The policy is not in the valid JSON format.", is_recorded=False)
    SESSION_REFUSED = ErrorRow("AccessDeniedException", 403, _DENIED, "User: {user} is not authorized to perform: {action} on resource: {arn} because no session policy allows the {action} action", is_recorded=False)
    QUERY_INVALID = ErrorRow("ValidationError", 400, _BARE, "{reason}", is_recorded=False)
    # fmt: on


_QUERY_CODES = {
    "AccessDeniedException": "AccessDenied",
    "ExpiredTokenException": "ExpiredToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "UnrecognizedClientException": "InvalidClientTokenId",
}
"""Lambda's error code -> the code that services of the query protocol (STS, CloudWatch) use instead."""


class AwsError(Exception):
    """An error response.

    Args:
        kind: the row of the table.
        values: the values of the placeholders in the row's message.
    """

    def __init__(self, kind: ErrorKind, **values: str) -> None:
        row = kind.value
        super().__init__(row.message.format(**values) if values else row.message)
        self.kind = kind
        self.code = row.code
        self.status = row.status


def validation_error(violations: list[str]) -> AwsError:
    """Return the ValidationException that lists a request's violations, at least one."""
    return AwsError(
        ErrorKind.INVALID,
        count=str(len(violations)),
        errors="error" if len(violations) == 1 else "errors",
        violations="; ".join(violations),
    )


def query_validation_error(violations: list[str]) -> AwsError:
    """Return the ValidationError that lists a call's violations, at least one."""
    errors = "error" if len(violations) == 1 else "errors"
    text = f"{len(violations)} validation {errors} detected: {'; '.join(violations)}"
    return AwsError(ErrorKind.QUERY_INVALID, reason=text)


def json_body(error: AwsError) -> bytes:
    """Return the body of an error response of Lambda."""
    return json.dumps(_json_fields(error), separators=(",", ":")).encode()


def json_rpc_body(error: AwsError) -> bytes:
    """Return the body of an error response of the protocol JSON 1.1, with its code."""
    fields = {"__type": error.code} | _json_fields(error)
    return json.dumps(fields, separators=(",", ":")).encode()


def _json_fields(error: AwsError) -> dict[str, str]:
    row = error.kind.value
    values = {
        "Reason": "CallerRateLimitExceeded",
        "Type": row.fault,
        "message": str(error),
        "Message": str(error),
    }
    return {key: values[key] for key in row.keys}


def query_code(error: AwsError) -> str:
    """Return the code of an error in the query protocol."""
    return _QUERY_CODES.get(error.code, error.code)


def xml_text(text: str) -> str:
    """Return a text in which each character that XML cannot have is replaced."""
    return _NOT_XML.sub("\ufffd", text)


def xml_body(error: AwsError, namespace: str, request_id: str) -> bytes:
    """Return the body of an error response of the query protocol, with its code."""
    code = query_code(error)
    message = escape(xml_text(str(error)), quote=False)
    return (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{message}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()
