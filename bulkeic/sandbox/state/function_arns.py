"""Function names, qualifiers and ARNs.

The pattern is AWS's own, character for character, since its text is part of an error message. It
takes a bare name, a partial ARN and a full one, each with a qualifier behind it or without.
"""

import re
from typing import NamedTuple

from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind

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
    """A function name's parts; None for what was not said."""

    name: str
    qualifier: str | None
    region: str | None
    account: str | None


def parse(text: str) -> ParsedFunctionName | None:
    """A function name's parts, or None if it does not have the form of one."""
    match = _NAME.fullmatch(text) if len(text) <= NAME_MAX else None
    if match is None:
        return None
    region, account, name, qualifier = match.group(
        _REGION_GROUP, _ACCOUNT_GROUP, _NAME_GROUP, _QUALIFIER_GROUP
    )
    if len(name) > BARE_NAME_MAX:
        return None
    return ParsedFunctionName(name, qualifier, region and region[:-1], account and account[:-1])


def name_violations(text: str) -> list[str]:
    """What is wrong with a function name's form, in AWS's words."""
    if parse(text) is not None:
        return []
    if not text:
        return [violation(text, "functionName", "have length greater than or equal to 1")]
    if len(text) > NAME_MAX:
        return [violation(text, "functionName", f"have length less than or equal to {NAME_MAX}")]
    if _NAME.fullmatch(text):
        rule = f"have length less than or equal to {BARE_NAME_MAX}"
    else:
        rule = f"satisfy regular expression pattern: {NAME_PATTERN}"
    return [violation(text, "functionName", rule)]


def qualifier_violations(text: str | None) -> list[str]:
    """What is wrong with a Qualifier's form, in AWS's words."""
    if text is None:
        return []
    if not text:
        return [violation(text, "qualifier", "have length greater than or equal to 1")]
    if len(text) > QUALIFIER_MAX:
        return [violation(text, "qualifier", f"have length less than or equal to {QUALIFIER_MAX}")]
    if not _QUALIFIER.fullmatch(text):
        rule = f"satisfy regular expression pattern: {QUALIFIER_PATTERN}"
        return [violation(text, "qualifier", rule)]
    return []


def violation(value: object, field: str, rule: str) -> str:
    """One violated constraint in AWS's words, for `errors.invalid`."""
    return f"Value '{value}' at '{field}' failed to satisfy constraint: Member must {rule}"


def qualifier_of(name: ParsedFunctionName, sent: str | None) -> str:
    """The qualifier that a call means.

    Raises:
        AwsError: the name has one and the Qualifier parameter is another.
    """
    if sent and name.qualifier and sent != name.qualifier:
        raise AwsError(ErrorKind.QUALIFIERS_DIFFER)
    return sent or name.qualifier or LATEST


def partition(region: str) -> str:
    """The partition that a Region lies in."""
    found = (name for prefix, name in _PARTITIONS.items() if region.startswith(prefix))
    return next(found, "aws")


def arn(lane: tuple[str, str], name: str, qualifier: str) -> str:
    """The qualified ARN of a function in (account, Region)."""
    account, region = lane
    return f"arn:{partition(region)}:lambda:{region}:{account}:function:{name}:{qualifier}"


def check_place(account_id: str, region: str, function_name: str, qualifier: str) -> None:
    """Check where a function is to be made.

    Raises:
        ValueError: a part that does not have its form; the message names it.
    """
    if not _ACCOUNT.fullmatch(account_id):
        raise ValueError(f"account_id: {account_id!r} is not twelve digits")
    if not _REGION.fullmatch(region):
        raise ValueError(f"region: {region!r} is not a Region's name")
    if not _BARE_NAME.fullmatch(function_name):
        raise ValueError(f"function_name: {function_name!r} is not a bare function name")
    if qualifier_violations(qualifier):
        raise ValueError(f"qualifier: {qualifier!r} is not a version or an alias")
