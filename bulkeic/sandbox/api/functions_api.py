"""Lambda's operations that list and describe functions: enough to discover a fleet.

All functions have the same runtime, code and role, and the code location of GetFunction leads
nowhere. An alias points to $LATEST. If every function exists, ListFunctions returns those that were
added or changed.

ListFunctions accepts a MaxItems of up to 10,000 and returns 50 functions at most, as AWS does. It
ignores MasterRegion. With FunctionVersion=ALL it also returns versions, but no aliases.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from bulkeic.sandbox.api.request_context import (
    RequestContext,
    check_constraints,
    decode_marker,
    encode_marker,
    parse_max_items,
    requested_function,
)
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind, validation_error
from bulkeic.sandbox.protocol.constraints import violation
from bulkeic.sandbox.state.fleet import Fleet, Lane
from bulkeic.sandbox.state.function_arns import (
    BARE_NAME_MAX,
    LATEST,
    NAME_MAX,
    function_arn,
    parse_function_name,
)

MAX_ITEMS_RANGE = (1, 10_000)
PAGE_SIZE = 50


def list_functions(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    """Perform ListFunctions and return HTTP status and body.

    Raises:
        AwsError: the call is refused.
    """
    limit, violations = parse_max_items(call.query.get("MaxItems"), *MAX_ITEMS_RANGE)
    versions = call.query.get("FunctionVersion")
    if versions not in (None, "ALL"):
        violations.append(violation(versions, "functionVersion", "satisfy enum value set: [ALL]"))
    if violations:
        raise validation_error(violations)
    marker = call.query.get("Marker")
    name, version = decode_marker(marker, 2) if marker else ("", "")
    size, lane = min(limit, PAGE_SIZE), call.principal.lane
    # One more than the page holds: it decides whether there is a next page.
    if versions is None:
        found = [(next_name, "") for next_name in fleet.names_after(lane, name, size + 1)]
    else:
        found = _versions_after(fleet, lane, (name, version), size + 1)
    functions = [_describe(fleet, lane, *item) for item in found[:size]]
    response: dict[str, object] = {"Functions": functions}
    if len(found) > size:
        response["NextMarker"] = encode_marker(*found[size - 1])
    return 200, json.dumps(response, separators=(",", ":")).encode()


def get_function(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    """Perform GetFunction and return HTTP status and body.

    Raises:
        AwsError: the call is refused.
    """
    account, region = call.principal.lane
    function = _describe_requested(fleet, call)
    bucket = f"https://awslambda-{region}-tasks.s3.{region}.amazonaws.com/snapshots/{account}"
    code = {"RepositoryType": "S3", "Location": f"{bucket}/{function['FunctionName']}"}
    response = {"Configuration": function, "Code": code}
    return 200, json.dumps(response, separators=(",", ":")).encode()


def get_function_configuration(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    """Perform GetFunctionConfiguration and return HTTP status and body.

    Raises:
        AwsError: the call is refused.
    """
    return 200, json.dumps(_describe_requested(fleet, call), separators=(",", ":")).encode()


def _describe_requested(fleet: Fleet, call: RequestContext) -> dict[str, object]:
    """Return the description of the function that a call names.

    Raises:
        AwsError: the call is refused.
    """
    if call.parsed_name is None:
        # A name that is too long for a function is well-formed here: there is no such function.
        parsed_name = parse_function_name(call.raw_name, longest=NAME_MAX)
        call = replace(call, parsed_name=parsed_name)
    check_constraints(call)
    function, name = requested_function(call), call.parsed_name
    qualifier = call.query.get("Qualifier") or (name and name.qualifier)
    is_too_long = len(function.name) > BARE_NAME_MAX
    if is_too_long or not fleet.exists(function.lane, function.name, function.qualifier):
        arn = function.arn if qualifier else function.arn.removesuffix(f":{LATEST}")
        raise AwsError(ErrorKind.FUNCTION_NOT_FOUND, arn=arn)
    description = _describe(fleet, function.lane, function.name, qualifier or "")
    return description | {"State": "Active", "LastUpdateStatus": "Successful"}


def _versions_after(
    fleet: Fleet, lane: Lane, last: tuple[str, str], limit: int
) -> list[tuple[str, str]]:
    """Return the next (function, version) pairs after the last one, sorted."""
    name, version = last
    rest = [other for other in fleet.version_names(lane, name) if other > version] if name else []
    found = [(name, other) for other in rest]
    for following in fleet.names_after(lane, name, limit):
        found += [(following, other) for other in fleet.version_names(lane, following)]
    return found[:limit]


def _describe(fleet: Fleet, lane: Lane, name: str, qualifier: str) -> dict[str, object]:
    """Return AWS's description of a function; the qualifier is empty if the call has none."""
    account = lane[0]
    modified = datetime.fromtimestamp(fleet.default.modified_ms // 1000, UTC)
    qualified = function_arn(lane, name, qualifier or LATEST)
    return {
        "FunctionName": name,
        "FunctionArn": qualified if qualifier else qualified.removesuffix(f":{LATEST}"),
        "Runtime": "python3.13",
        "Role": f"arn:{qualified.split(':')[1]}:iam::{account}:role/{name}",
        "Handler": "index.handler",
        "CodeSize": 1024,
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "LastModified": modified.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "CodeSha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "Version": qualifier if qualifier.isdecimal() else LATEST,
        "TracingConfig": {"Mode": "PassThrough"},
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
        "RevisionId": str(uuid5(NAMESPACE_URL, qualified)),
    }
