"""Function names, qualifiers and ARNs.

The name pattern is AWS's own, character for character, because error messages quote it. It matches
a bare name, a partial ARN and a full ARN, each with or without a qualifier.
"""

import re
from typing import NamedTuple

from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.protocol.constraints import text_violations, violation

DEFAULT_ACCOUNT_ID = "123456789012"
LATEST = "$LATEST"

NAME_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?"
    r"(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
QUALIFIER_PATTERN = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
NAME_MAX = 256
BARE_NAME_MAX = 64
QUALIFIER_MAX = 128

_NAME = re.compile(NAME_PATTERN, re.ASCII)
_REGION_GROUP, _ACCOUNT_GROUP, _NAME_GROUP, _QUALIFIER_GROUP = 3, 9, 11, 13
_QUALIFIER = re.compile(QUALIFIER_PATTERN, re.ASCII)
_BARE_NAME = re.compile(r"[a-zA-Z0-9-_.]{1,64}", re.ASCII)
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d", re.ASCII)
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}


class ParsedFunctionName(NamedTuple):
    """A function name's parts; None for parts that it does not have."""

    name: str
    qualifier: str | None
    region: str | None
    account: str | None


def parse_function_name(text: str, *, longest: int = BARE_NAME_MAX) -> ParsedFunctionName | None:
    """Return a function name's parts, or None if the name is malformed.

    Args:
        text: the name as sent.
        longest: the most characters of the bare name.
    """
    match = _NAME.fullmatch(text) if len(text) <= NAME_MAX else None
    if match is None:
        return None
    region, account, name, qualifier = match.group(
        _REGION_GROUP, _ACCOUNT_GROUP, _NAME_GROUP, _QUALIFIER_GROUP
    )
    if len(name) > longest:
        return None
    return ParsedFunctionName(name, qualifier, region and region[:-1], account and account[:-1])


def name_violations(text: str) -> list[str]:
    """Return the constraints that a function name violates, in AWS's words."""
    violations = text_violations(text, "functionName", shortest=1, longest=NAME_MAX, pattern=_NAME)
    if not violations and parse_function_name(text) is None:
        rule = f"have length less than or equal to {BARE_NAME_MAX}"
        return [violation(text, "functionName", rule)]
    return violations


def qualifier_violations(text: str | None) -> list[str]:
    """Return the constraints that a Qualifier violates, in AWS's words."""
    if text is None:
        return []
    return text_violations(text, "qualifier", shortest=1, longest=QUALIFIER_MAX, pattern=_QUALIFIER)


def resolve_qualifier(name: ParsedFunctionName, parameter: str | None) -> str:
    """Return the qualifier that a call means, from its function name and its Qualifier parameter.

    Raises:
        AwsError: the two differ.
    """
    if parameter and name.qualifier and parameter != name.qualifier:
        raise AwsError(ErrorKind.QUALIFIERS_DIFFER)
    return parameter or name.qualifier or LATEST


def partition(region: str) -> str:
    """Return the partition of a Region."""
    found = (name for prefix, name in _PARTITIONS.items() if region.startswith(prefix))
    return next(found, "aws")


def function_arn(lane: tuple[str, str], name: str, qualifier: str) -> str:
    """Return the qualified ARN of a function in (account, Region)."""
    account, region = lane
    return f"arn:{partition(region)}:lambda:{region}:{account}:function:{name}:{qualifier}"


def check_function_identity(
    account_id: str, region: str, function_name: str, qualifier: str
) -> None:
    """Check the form of the four parts that identify a function's version or alias.

    Raises:
        ValueError: a part is malformed; the message names it.
    """
    if not _ACCOUNT.fullmatch(account_id):
        raise ValueError(f"account_id: {account_id!r} is not twelve digits")
    if not _REGION.fullmatch(region):
        raise ValueError(f"region: {region!r} is not a Region name")
    if not _BARE_NAME.fullmatch(function_name):
        raise ValueError(f"function_name: {function_name!r} is not a bare function name")
    if qualifier_violations(qualifier):
        raise ValueError(f"qualifier: {qualifier!r} is not a version or an alias")
