r"""Function names, qualifiers and ARNs: parse and check.

Rules, from botocore's Lambda model (newer than the API page, and correct where they differ):

- A function is given as ``name``, ``name:qualifier``, ``123456789012:function:name[:qualifier]``
  or a full ARN; 256 characters at most, the bare name 64.
- No qualifier means ``$LATEST``. A version or an alias has a configuration of its own.
- A full ARN names partition, Region and account; the partition must be the Region's.
- ``.`` and ``..`` match the model's pattern but would change the URL's path, so they are refused.
"""

import functools
import re

import msgspec

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.model import LATEST

NAME_CHARACTERS = 64
FUNCTION_CHARACTERS = 256
QUALIFIER_CHARACTERS = 128

REGION_PATTERN = r"(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d"
FUNCTION_PATTERN = (
    r"(?:arn:(?P<partition>aws[a-zA-Z-]*):lambda:)?"
    rf"(?:(?P<region>{REGION_PATTERN}):)?"
    r"(?:(?P<account>\d{12}):)?"
    r"(?:function:)?"
    r"(?P<name>[a-zA-Z0-9\-_.]+)"
    r"(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9\-_]+))?"
)
QUALIFIER_PATTERN = r"\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9\-_$]+"

_match_function = re.compile(FUNCTION_PATTERN, re.ASCII).fullmatch
_looks_like_prefix = re.compile(rf"(?:{REGION_PATTERN}|\d{{12}}|function):", re.ASCII).fullmatch
_match_simple_name = re.compile(r"[a-zA-Z0-9\-_]{1,64}", re.ASCII).fullmatch
_match_qualifier = re.compile(QUALIFIER_PATTERN, re.ASCII).fullmatch
_match_region = re.compile(REGION_PATTERN, re.ASCII).fullmatch
_match_account = re.compile(r"\d{12}", re.ASCII).fullmatch

_SEPARATOR = ":function:"
_SAMPLE = "f"

PARTITIONS = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
)


class FunctionName(msgspec.Struct, frozen=True, gc=False):
    """The parts of a function's name as a row gave it; ``None``: the form has no such part."""

    name: str
    qualifier: str | None = None
    account_id: str | None = None
    region: str | None = None
    partition: str | None = None

    def __str__(self) -> str:
        """The shortest of the four forms with these parts."""
        prefix = ""
        if self.region is not None:
            prefix = f"arn:{self.partition}:lambda:{self.region}:{self.account_id}:function:"
        elif self.account_id is not None:
            prefix = f"{self.account_id}:function:"
        elif self.qualifier is not None and _looks_like_prefix(f"{self.name}:"):
            prefix = "function:"
        return f"{prefix}{self.name}:{self.qualifier}" if self.qualifier else f"{prefix}{self.name}"


def parse_function(text: str, field: str = "FunctionName") -> FunctionName:
    """Parses a name in any of the four forms.

    Raises:
        InputError: the text has none of these forms, or is too long.
    """
    if _match_simple_name(text):
        return FunctionName(text)
    start, separator, name = text.rpartition(_SEPARATOR)
    if separator and _match_simple_name(name) and len(text) <= FUNCTION_CHARACTERS:
        account, region, partition = _lane_of_arns(start)
        if account is not None:
            return FunctionName(name, None, account, region, partition)
    return _parse_rare_form(text, field)


@functools.lru_cache(1024)
def _lane_of_arns(start: str) -> tuple[str | None, str | None, str | None]:
    """Returns what all ARNs with a start have in common: account, Region and partition.

    The ARNs of a fleet have few starts, and each is parsed once. All are ``None`` if it is not the
    start of a whole ARN.
    """
    try:
        parsed = _parse_rare_form(f"{start}{_SEPARATOR}{_SAMPLE}", "")
    except InputError:
        return None, None, None
    if parsed.name != _SAMPLE or parsed.qualifier is not None:
        return None, None, None
    return parsed.account_id, parsed.region, parsed.partition


def _parse_rare_form(text: str, field: str) -> FunctionName:
    match = _match_function(text)
    if match is None:
        raise InputError(
            f"{quoted(text)} is not a function name; expected name, name:alias, "
            "123456789012:function:name, or a full ARN",
            field=field,
        )
    if len(text) > FUNCTION_CHARACTERS:
        raise InputError(
            f"{len(text)} characters; expected at most {FUNCTION_CHARACTERS}", field=field
        )
    partition, region, account, name, qualifier = match.group(
        "partition", "region", "account", "name", "qualifier"
    )
    _check_name(name, field)
    if qualifier is not None:
        check_qualifier(qualifier, field)
    _check_arn(text, partition, region, account, field)
    return FunctionName(name, qualifier, account, region, partition)


def is_bare_name(text: str) -> bool:
    """Whether a text is a valid name of a function, without a qualifier, account or Region.

    Raises:
        InputError: it is not the name of a function in any form.
    """
    return bool(_match_simple_name(text)) or parse_function(text).name == text


def _check_name(name: str, field: str) -> None:
    if len(name) > NAME_CHARACTERS:
        raise InputError(
            f"the name {quoted(name)} has {len(name)} characters; "
            f"expected at most {NAME_CHARACTERS}",
            field=field,
        )
    if name in {".", ".."}:
        raise InputError(f"{quoted(name)} would leave the request's path", field=field)


def _check_arn(
    text: str, partition: str | None, region: str | None, account: str | None, field: str
) -> None:
    if partition is None and region is None:
        return
    if partition is None or region is None or account is None or ":function:" not in text:
        raise InputError(
            f"{quoted(text)} is not a full ARN; "
            "expected arn:aws:lambda:us-east-1:123456789012:function:name",
            field=field,
        )
    if partition != partition_of(region):
        raise InputError(
            f"partition {quoted(partition)} does not contain the Region {region}; "
            f"expected {partition_of(region)}",
            field=field,
        )


def check_qualifier(text: str, field: str = "Qualifier") -> str:
    """Checks a version, an alias or ``$LATEST`` and returns it.

    Raises:
        InputError: it does not match the API's pattern, or is too long.
    """
    if not _match_qualifier(text) or len(text) > QUALIFIER_CHARACTERS:
        raise InputError(
            f"{quoted(text)} is not a version or alias; expected $LATEST, a version number, or "
            f"1 to {QUALIFIER_CHARACTERS} letters, digits, - and _",
            field=field,
        )
    return text


def merge_qualifiers(in_name: str | None, in_row: str | None) -> str:
    """The qualifier of the name or of the row, else ``$LATEST``.

    Raises:
        InputError: both are given and differ, which the API refuses, too.
    """
    if in_name is not None and in_row is not None and in_name != in_row:
        raise InputError(
            f"{quoted(in_row)} contradicts the {quoted(in_name)} in the function's name; "
            "give one of them, or the same twice",
            field="Qualifier",
        )
    return in_name or in_row or LATEST


def check_region(text: str) -> str:
    """Checks a Region's name and returns it.

    Raises:
        InputError: it is not a Region's name.
    """
    if not _match_region(text):
        raise InputError(
            f"{quoted(text)} is not a Region; expected something like us-east-1", field="Region"
        )
    return text


def check_account(text: str) -> str:
    """Checks an account id and returns it.

    Raises:
        InputError: it is not an account id.
    """
    if not _match_account(text):
        raise InputError(
            f"{quoted(text)} is not an account id; expected 12 digits", field="AccountId"
        )
    return text


@functools.lru_cache(1024)
def partition_of(region: str) -> str:
    """The partition of a Region: ``aws`` unless the Region's prefix says otherwise."""
    for prefix, partition in PARTITIONS:
        if region.startswith(prefix):
            return partition
    return "aws"
