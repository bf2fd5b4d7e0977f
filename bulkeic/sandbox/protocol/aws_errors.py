"""Every error response of the sandbox, in one table.

A row gives AWS's error code, the HTTP status, the keys of the JSON body in their order, and the
message template. Clients match codes. The messages are AWS's own where a recorded response shows
them. Rows marked "unrecorded" follow AWS's style without such a record.
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
    """One kind of error: code, status, body keys, message template and the party at fault."""

    code: str
    status: int
    keys: tuple[str, ...]
    message: str
    fault: str = "User"


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
    CONFLICT = ErrorRow("ResourceConflictException", 409, _PARAMETER, "The request could not be completed due to a concurrent update operation on {arn}")
    INTERNAL = ErrorRow("ServiceException", 500, _FUNCTION, "An internal error occurred.", "Service")
    NO_CREDENTIALS = ErrorRow("MissingAuthenticationTokenException", 403, _BARE, "Missing Authentication Token")
    # Unrecorded from here on.
    FUNCTION_NOT_FOUND = ErrorRow("ResourceNotFoundException", 404, _FUNCTION, "Function not found: {arn}")
    BAD_CREDENTIALS = ErrorRow("IncompleteSignatureException", 403, _BARE, "Authorization header requires a 'Credential' parameter of the form key/date/region/service/aws4_request.")
    WRONG_SERVICE = ErrorRow("InvalidSignatureException", 403, _BARE, "Credential should be scoped to correct service: '{service}'.")
    NO_SIGNATURE = ErrorRow("IncompleteSignatureException", 403, _BARE, "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters, in this order.")
    NO_DATE = ErrorRow("IncompleteSignatureException", 403, _BARE, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    UNSIGNED_HEADER = ErrorRow("InvalidSignatureException", 403, _BARE, "'{header}' must be a 'SignedHeader' in the AWS Authorization.")
    OTHER_DAY = ErrorRow("InvalidSignatureException", 403, _BARE, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{day}' != '{date}'.")
    OLD_SIGNATURE = ErrorRow("InvalidSignatureException", 403, _BARE, "Signature expired: {sent} is now earlier than {edge} ({now} - {minutes} min.)")
    EARLY_SIGNATURE = ErrorRow("InvalidSignatureException", 403, _BARE, "Signature not yet current: {sent} is still later than {edge} ({now} + {minutes} min.)")
    WRONG_SIGNATURE = ErrorRow("InvalidSignatureException", 403, _BARE, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
    INVALID_TOKEN = ErrorRow("UnrecognizedClientException", 403, _BARE, "The security token included in the request is invalid.")
    EXPIRED_TOKEN = ErrorRow("ExpiredTokenException", 403, _BARE, "The security token included in the request is expired")
    OTHER_ACCOUNT = ErrorRow("AccessDeniedException", 403, _DENIED, "User: {user} is not authorized to perform: lambda:{operation} on resource: {arn}")
    REFUSED = ErrorRow("AccessDeniedException", 403, _DENIED, "User: {user} is not authorized to perform: lambda:{operation} on resource: {arn} because no identity-based policy allows the lambda:{operation} action")
    UNPARSABLE = ErrorRow("InvalidRequestContentException", 400, _PARAMETER, "Could not parse request body into json: {reason}")
    WRONG_TYPE = ErrorRow("SerializationException", 400, _BARE, "{token} can not be converted to {wanted}")
    BAD_MARKER = ErrorRow("InvalidParameterValueException", 400, _PARAMETER, "The pagination marker is invalid.")
    UNKNOWN_OPERATION = ErrorRow("UnknownOperationException", 404, _BARE, "There is no operation {method} {path}")
    UNKNOWN_ACTION = ErrorRow("InvalidAction", 400, _BARE, "Could not find operation {action} for version {version}")
    ROLE_DENIED = ErrorRow("AccessDenied", 403, _BARE, "User: {user} is not authorized to perform: sts:AssumeRole on resource: {role}")
    CHAINED_TOO_LONG = ErrorRow("ValidationError", 400, _BARE, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
    STS_INVALID = ErrorRow("ValidationError", 400, _BARE, "{reason}")
    NOT_PERMITTED_YET = ErrorRow("InvalidParameterValueException", 400, _PARAMETER, "The function's execution role does not have permissions to write to the destination {destination}")
    # fmt: on


_QUERY_CODES = {
    "ExpiredTokenException": "ExpiredToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "UnrecognizedClientException": "InvalidClientTokenId",
}
"""Lambda's error code -> the code that services of the query protocol (STS) use instead."""


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


def json_body(error: AwsError) -> bytes:
    """Return the body of an error response of Lambda."""
    row = error.kind.value
    values = {
        "Reason": "CallerRateLimitExceeded",
        "Type": row.fault,
        "message": str(error),
        "Message": str(error),
    }
    return json.dumps({key: values[key] for key in row.keys}, separators=(",", ":")).encode()


def xml_body(error: AwsError, namespace: str, request_id: str) -> bytes:
    """Return the body of an error response of the query protocol, with its code."""
    code = _QUERY_CODES.get(error.code, error.code)
    message = escape(_NOT_XML.sub("\ufffd", str(error)), quote=False)
    return (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{message}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()
