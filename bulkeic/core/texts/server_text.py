"""Free text from servers: shown only where it has a shape that is known of AWS's messages.

Anything else is replaced by a digest, by which two texts can be compared. A server or a proxy can
repeat what it was sent in any encoding, so no search for secrets finds all of them.
"""

import functools
import re
from hashlib import sha256

_ARN = r"arn:[\w-]{1,20}:[\w-]{1,30}:[\w-]{0,30}:\d{0,12}:[\w:/.$@+=,*-]{1,350}"
_NAME = r"[\w:/.$@+=,*-]{1,200}"
_DATE = r"\d{8}(?:T\d{6}Z)?"
_DESTINATION = rf"(?:null|On(?:Success|Failure)\(destination={_NAME}\))"
_PATTERN = r"(?:regular expression pattern: .{1,600})"
_RULE = (
    rf"Member must (?:not be null|satisfy {_PATTERN}"
    r"|have (?:value|length) (?:less|greater) than or equal to \d{1,9}"
    r"|satisfy enum value set: \[[\w, -]{1,300}\])"
)
_VIOLATION = rf"Value '?{_NAME}'? at '[\w.]{{1,80}}' failed to satisfy constraint: {_RULE}"

# What Lambda, STS and the services of an inventory were seen to say. A text may go on after a
# shape; what follows is not shown.
_SHAPES = (
    r"The function doesn't exist\.",
    rf"The function {_ARN} doesn't have an EventInvokeConfig",
    (
        rf"The EventInvokeConfig for function {_ARN} could not be updated "
        r"due to a concurrent update operation\."
    ),
    rf"The request could not be completed due to a concurrent update operation on {_ARN}",
    (
        r"The operation cannot be performed at this time\. "
        rf"An update is in progress for resource: {_ARN}"
    ),
    rf"(?:Function|Alias) not found: {_ARN}",
    rf"Cannot find alias arn: {_ARN}",
    r"You must specify at least one of error handling or destination setting\.",
    r"The derived qualifier from the function name does not match the specified qualifier\.",
    rf"The destination ARN {_NAME} is invalid\.",
    r"You can't specify the function as a destination for itself\.",
    (
        rf"The provided destination config DestinationConfig\(onSuccess={_DESTINATION}, "
        rf"onFailure={_DESTINATION}\) is invalid\."
    ),
    (
        rf"The (?:function's|provided) execution role does not have permissions to [\w ]{{1,60}}"
        rf"(?: {_ARN})?\.?"
    ),
    rf"\d{{1,3}} validation errors? detected: {_VIOLATION}(?:; {_VIOLATION}){{0,9}}",
    rf"Functions from '{_NAME}' are not reachable in this region \('[\w-]{{1,40}}'\)",
    r"Rate exceeded",
    r"Too many requests",
    r"An internal error occurred\.",
    r"(?:Service|Service is) [Uu]navailable\.?",
    r"Internal (?:Server )?[Ee]rror",
    r"Missing Authentication Token",
    r"Access [Dd]enied\.?",
    r"Request has expired\.?",
    (
        rf"User: {_ARN} is not authorized to perform: [\w:-]{{1,80}}"
        rf"(?: on resource: (?:{_ARN}|\*))?"
        r"(?: because no [a-z-]{1,40} policy allows the [\w:-]{1,80} action"
        r"| with an explicit deny in an? [a-z -]{1,60} policy)?"
    ),
    r"The security token included in the request is (?:invalid|expired)\.?",
    (
        r"The request signature we calculated does not match the signature you provided\."
        r"(?: Check your AWS Secret Access Key and signing method\."
        r" Consult the service documentation for details\.)?"
    ),
    (
        rf"Signature (?:expired|not yet current): {_DATE} is (?:now earlier|still later) than "
        rf"{_DATE} \({_DATE} [+-] \d{{1,3}} min\.\)"
    ),
    (
        r"Authorization header requires (?:a 'Credential' parameter of the form "
        r"key/date/region/service/aws4_request\.|'Credential', 'SignedHeaders' and 'Signature' "
        r"parameters, in this order\.|existence of either a 'X-Amz-Date' or a 'Date' header\.)"
    ),
    r"Credential should be scoped to (?:a valid region|correct service: '\w{1,20}')\.",
    r"'[\w-]{1,40}' must be a 'SignedHeader' in the AWS Authorization\.",
    (
        r"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
        rf"HTTP: '{_DATE}' != '{_DATE}'\.?"
    ),
    (
        r"The requested DurationSeconds exceeds the (?:MaxSessionDuration set for this role\.?"
        r"|1 hour session limit for roles assumed by role chaining\.?)"
    ),
    r"You don't have permissions to access this resource\.",
    r"Your account is not a member of an organization\.",
    r"You specified (?:a )?parent that doesn't exist\.",
    r"You provided a value that does not match the required pattern\.",
    r"Roles may not be assumed by root accounts\.",
    r"STS is not activated in this region",
    r"Could not parse request body into json",
    rf"There is no operation [A-Z]{{1,10}} {_NAME}",
)
_is_code = re.compile(r"[A-Za-z][\w.-]{0,79}|\d{1,3}", re.ASCII).fullmatch
_LONGEST = 16_384
_DIGITS = 12


def shown_text(text: str) -> str:
    """What is shown of a message.

    Args:
        text: from a server; secrets that are known are masked already.
    """
    if not text:
        return ""
    found = _shapes().match(text[:_LONGEST])
    if found is None:
        return f"(a text of {len(text)} characters, {digest(text)})"
    if found.end() == len(text):
        return text
    rest = text[found.end() :]
    return f"{found[0]} (and {len(rest)} characters more, {digest(rest)})"


@functools.cache
def _shapes() -> re.Pattern[str]:
    """The shapes, compiled at the first message: that takes a while, and most runs get none."""
    return re.compile("|".join(f"(?:{shape})" for shape in _SHAPES), re.ASCII)


def is_code(text: str) -> bool:
    """Whether a text has the shape of an error code."""
    return _is_code(text) is not None


def digest(text: str) -> str:
    """A digest by which texts that are not shown can be compared."""
    return f"sha256 {sha256(text.encode(errors='replace')).hexdigest()[:_DIGITS]}"
