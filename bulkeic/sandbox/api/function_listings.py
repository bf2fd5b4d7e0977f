"""Lambda's operations that list: functions, versions, aliases, tags.

They accept a MaxItems of up to 10,000 and return 50 items at most, as AWS does. If every function
exists, ListFunctions returns those that were added or changed. It ignores MasterRegion. With
FunctionVersion=ALL, $LATEST and each published version are entries of their own; aliases are none.
Versions are in the order of their numbers, everything else in that of names.
"""

import json
import re
from itertools import islice

from bulkeic.sandbox.api.functions_api import describe_function, existing_bare_function, revision_id
from bulkeic.sandbox.api.request_context import (
    QualifiedFunction,
    RequestContext,
    check_constraints,
    decode_marker,
    encode_marker,
    parse_max_items,
)
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind, validation_error
from bulkeic.sandbox.protocol.constraints import violation
from bulkeic.sandbox.state.fleet import Fleet, Lane
from bulkeic.sandbox.state.function_arns import LATEST

MAX_ITEMS_RANGE = (1, 10_000)
PAGE_SIZE = 50

_VERSION_PATTERN = r"(\$LATEST(\.PUBLISHED)?|[0-9]+)"
_VERSION = re.compile(_VERSION_PATTERN, re.ASCII)
_NUMBER = re.compile(r"\d{1,128}", re.ASCII)
_TAGGED_PATTERN = (
    r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:"
    r"(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|code-signing-config:csc-[a-z0-9]{17}|"
    r"event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-"
    r"[0-9a-fA-F]{12}|(capacity-provider|network-connector):[a-zA-Z0-9-_]{1,64})"
)
_TAGGED = re.compile(_TAGGED_PATTERN, re.ASCII)


def list_functions(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    """Perform ListFunctions and return HTTP status and body.

    Raises:
        AwsError: the call is refused.
    """
    versions = call.query.get("FunctionVersion")
    rule = "satisfy enum value set: [ALL]"
    wrong = [] if versions in (None, "ALL") else [violation(versions, "functionVersion", rule)]
    size, violations = _page_size(call)
    if violations or wrong:
        raise validation_error(violations + wrong)
    lane, marker = call.principal.lane, call.query.get("Marker")
    name, version = decode_marker(marker, 2) if marker else ("", "")
    # One more than the page holds: it decides whether there is a next page.
    if versions is None:
        found = [(next_name, "") for next_name in fleet.names_after(lane, name, size + 1)]
    else:
        found = _versions_after(fleet, lane, (name, _version_number(version)), size + 1)
    functions = [describe_function(fleet, lane, *item) for item in found[:size]]
    next_marker = encode_marker(*found[size - 1]) if len(found) > size else None
    return _page("Functions", functions, next_marker)


def list_versions_by_function(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    """Perform ListVersionsByFunction and return HTTP status and body.

    Raises:
        AwsError: the call is refused.
    """
    size, violations = _page_size(call)
    check_constraints(call, violations)
    function = existing_bare_function(fleet, call)
    marker = call.query.get("Marker")
    last = _version_number(decode_marker(marker, 1)[0]) if marker else -1
    versions = _versions_of(fleet, function.lane, function.name, last)
    entries = [
        describe_function(fleet, function.lane, function.name, version)
        for version in versions[:size]
    ]
    next_marker = encode_marker(versions[size - 1]) if len(versions) > size else None
    return _page("Versions", entries, next_marker)


def list_aliases(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    """Perform ListAliases and return HTTP status and body.

    Raises:
        AwsError: the call is refused.
    """
    size, violations = _page_size(call)
    version = call.query.get("FunctionVersion")
    if version is not None and not _VERSION.fullmatch(version):
        rule = f"satisfy regular expression pattern: {_VERSION_PATTERN}"
        violations.append(violation(version, "functionVersion", rule))
    check_constraints(call, violations)
    function = existing_bare_function(fleet, call)
    marker = call.query.get("Marker")
    after = decode_marker(marker, 1)[0] if marker else ""
    facts = fleet.facts(function.lane, function.name)
    names = [
        name
        for name in fleet.alias_names(function.lane, function.name)
        if name > after and version in (None, facts.version_of(name))
    ]
    aliases = [_describe_alias(function, name, facts.version_of(name)) for name in names[:size]]
    next_marker = encode_marker(names[size - 1]) if len(names) > size else None
    return _page("Aliases", aliases, next_marker)


def list_tags(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    """Perform ListTags and return HTTP status and body; only functions have tags here.

    Raises:
        AwsError: the call is refused.
    """
    if not _TAGGED.fullmatch(call.raw_name):
        rule = f"satisfy regular expression pattern: {_TAGGED_PATTERN}"
        raise validation_error([violation(call.raw_name, "resource", rule)])
    if call.parsed_name is None or ":function:" not in call.raw_name:
        raise AwsError(ErrorKind.RESOURCE_NOT_FOUND, arn=call.raw_name)
    if call.parsed_name.qualifier is not None:
        raise AwsError(ErrorKind.QUALIFIED_TAGS)
    function = existing_bare_function(fleet, call)
    return 200, _json({"Tags": dict(fleet.facts(function.lane, function.name).tags)})


def _page_size(call: RequestContext) -> tuple[int, list[str]]:
    """Return how many items a page holds, and the violated constraints of MaxItems."""
    limit, violations = parse_max_items(call.query.get("MaxItems"), *MAX_ITEMS_RANGE)
    return min(limit, PAGE_SIZE), violations


def _page(key: str, items: list[dict[str, object]], marker: str | None) -> tuple[int, bytes]:
    response: dict[str, object] = {key: items}
    return 200, _json(response if marker is None else response | {"NextMarker": marker})


def _json(response: dict[str, object]) -> bytes:
    return json.dumps(response, separators=(",", ":")).encode()


def _version_number(version: str) -> int:
    """Return the position of a version in a Marker: $LATEST comes before the published ones.

    Raises:
        AwsError: the sandbox did not issue the Marker.
    """
    if version in ("", LATEST):
        return 0
    if not _NUMBER.fullmatch(version):
        raise AwsError(ErrorKind.BAD_MARKER)
    return int(version)


def _versions_of(fleet: Fleet, lane: Lane, name: str, last: int = -1) -> list[str]:
    """Return $LATEST and the published versions of a function after a position."""
    numbers = [0, *fleet.version_numbers(lane, name)]
    return [str(number) if number else LATEST for number in numbers if number > last]


def _versions_after(
    fleet: Fleet, lane: Lane, last: tuple[str, int], limit: int
) -> list[tuple[str, str]]:
    """Return the next (function, version) pairs of a lane after the last one."""
    name, number = last
    rest = _versions_of(fleet, lane, name, number) if name else []
    following = (
        (other, version)
        for other in fleet.names_after(lane, name, limit)
        for version in _versions_of(fleet, lane, other)
    )
    return [*((name, version) for version in rest), *islice(following, limit)][:limit]


def _describe_alias(function: QualifiedFunction, name: str, version: str) -> dict[str, object]:
    arn = QualifiedFunction(function.lane, function.name, name).arn
    return {
        "AliasArn": arn,
        "Name": name,
        "FunctionVersion": version,
        "Description": "",
        "RevisionId": revision_id(arn),
    }
