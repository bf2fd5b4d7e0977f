"""Lambda's operations that describe a function: GetFunction and GetFunctionConfiguration.

All functions have the same code, whose location leads nowhere, and each has a role of its own name.
An alias points to $LATEST, unless the function's facts name a version.
"""

import json
from dataclasses import replace
from uuid import NAMESPACE_URL, uuid5

from bulkeic.sandbox.api.request_context import (
    QualifiedFunction,
    RequestContext,
    check_constraints,
    requested_function,
)
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.state.fleet import Fleet, Lane
from bulkeic.sandbox.state.function_arns import (
    BARE_NAME_MAX,
    LATEST,
    NAME_MAX,
    function_arn,
    parse_function_name,
)
from bulkeic.sandbox.state.function_facts import CANARY_SECRET, format_time


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
    description = describe_function(fleet, function.lane, function.name, qualifier or "")
    return description | {"State": "Active", "LastUpdateStatus": "Successful"}


def existing_bare_function(fleet: Fleet, call: RequestContext) -> QualifiedFunction:
    """Return the function that a well-formed call names, whatever qualifier the name has.

    Raises:
        AwsError: it does not exist, or `requested_function` fails.
    """
    function = replace(requested_function(call), qualifier=LATEST)
    if not fleet.exists(function.lane, function.name):
        arn = function.arn.removesuffix(f":{LATEST}")
        raise AwsError(ErrorKind.FUNCTION_NOT_FOUND, arn=arn)
    return function


def revision_id(arn: str) -> str:
    """Return the RevisionId of a version or an alias: always the same one."""
    return str(uuid5(NAMESPACE_URL, arn))


def describe_function(fleet: Fleet, lane: Lane, name: str, qualifier: str) -> dict[str, object]:
    """Return AWS's description of a function, as ListFunctions has it.

    Args:
        fleet: the functions.
        lane: (account, Region).
        name: bare function name.
        qualifier: version or alias; empty if the call has none.
    """
    facts, is_image = fleet.facts(lane, name), fleet.facts(lane, name).runtime is None
    modified_ms = fleet.default.modified_ms if facts.modified_ms is None else facts.modified_ms
    qualified = function_arn(lane, name, qualifier or LATEST)
    of_code = {} if is_image else {"Runtime": facts.runtime, "Handler": "index.handler"}
    return {
        "FunctionName": name,
        "FunctionArn": qualified if qualifier else qualified.removesuffix(f":{LATEST}"),
        "Role": f"arn:{qualified.split(':')[1]}:iam::{lane[0]}:role/{name}",
        **of_code,
        "CodeSize": 0 if is_image else 1024,
        "Description": "",
        "Timeout": 3,
        "MemorySize": facts.memory_mb,
        "LastModified": format_time(modified_ms // 1000 * 1000),
        "CodeSha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "Version": facts.version_of(qualifier),
        "Environment": {"Variables": {"DATABASE_PASSWORD": CANARY_SECRET}},
        "TracingConfig": {"Mode": "PassThrough"},
        "PackageType": "Image" if is_image else "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
        "RevisionId": revision_id(qualified),
    }
