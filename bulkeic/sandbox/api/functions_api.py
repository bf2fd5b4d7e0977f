"""Lambda's operations that tell which functions there are: enough to find a fleet by.

What a function runs does not matter here: all have the same runtime, code and role, and the place
that GetFunction tells of the code leads nowhere. An alias stands for $LATEST. Where every function
exists, ListFunctions tells those that were held or changed.

ListFunctions takes a MaxItems of up to 10,000 and answers with 50 at most, as AWS does. Its
MasterRegion is passed over. With FunctionVersion=ALL it tells versions, too, but no aliases.
"""

import json
from datetime import UTC, datetime

from bulkeic.sandbox.api.request_context import (
    RequestContext,
    check_constraints,
    item_before,
    marker_of,
    max_items,
    subject_of,
)
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind, invalid
from bulkeic.sandbox.state.fleet import Fleet, Lane
from bulkeic.sandbox.state.function_arns import LATEST, arn, violation

MAX_ITEMS = (1, 10_000)
PAGE = 50


def list_functions(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    """ListFunctions: HTTP status and body.

    Raises:
        AwsError: the call is refused.
    """
    limit, violations = max_items(call.query.get("MaxItems"), *MAX_ITEMS)
    which = call.query.get("FunctionVersion")
    if which not in (None, "ALL"):
        violations.append(violation(which, "functionVersion", "satisfy enum value set: [ALL]"))
    if violations:
        raise invalid(violations)
    marker = call.query.get("Marker")
    name, version = item_before(marker, 2) if marker else ("", "")
    page, lane = min(limit, PAGE), call.caller.lane
    # One more than fit: whether it is there decides whether there is another page.
    if which is None:
        found = [(next_name, "") for next_name in fleet.names_after(lane, name, page + 1)]
    else:
        found = _versions_after(fleet, lane, (name, version), page + 1)
    functions = [_told(fleet, lane, *item) for item in found[:page]]
    answer: dict[str, object] = {"Functions": functions}
    if len(found) > page:
        answer["NextMarker"] = marker_of(*found[page - 1])
    return 200, json.dumps(answer, separators=(",", ":")).encode()


def get_function(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    """GetFunction: HTTP status and body.

    Raises:
        AwsError: the call is refused.
    """
    account, region = call.caller.lane
    told = _meant(fleet, call)
    place = f"https://awslambda-{region}-tasks.s3.{region}.amazonaws.com/snapshots/{account}"
    code = {"RepositoryType": "S3", "Location": f"{place}/{told['FunctionName']}"}
    return 200, json.dumps({"Configuration": told, "Code": code}, separators=(",", ":")).encode()


def get_function_configuration(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    """GetFunctionConfiguration: HTTP status and body.

    Raises:
        AwsError: the call is refused.
    """
    return 200, json.dumps(_meant(fleet, call), separators=(",", ":")).encode()


def _meant(fleet: Fleet, call: RequestContext) -> dict[str, object]:
    """The function that a call means.

    Raises:
        AwsError: the call is refused.
    """
    check_constraints(call)
    subject = subject_of(call)
    said = call.query.get("Qualifier") or (call.name.qualifier if call.name else None)
    if not fleet.exists(subject.lane, subject.name, subject.qualifier):
        missing = subject.arn if said else subject.arn.removesuffix(f":{LATEST}")
        raise AwsError(ErrorKind.FUNCTION_NOT_FOUND, arn=missing)
    told = _told(fleet, subject.lane, subject.name, said or "")
    return told | {"State": "Active", "LastUpdateStatus": "Successful"}


def _versions_after(
    fleet: Fleet, lane: Lane, last: tuple[str, str], limit: int
) -> list[tuple[str, str]]:
    """The next functions with their versions, each function's in order, after the last one."""
    name, version = last
    rest = [other for other in fleet.numbered(lane, name) if other > version] if name else []
    found = [(name, other) for other in rest]
    for following in fleet.names_after(lane, name, limit):
        found += [(following, other) for other in fleet.numbered(lane, following)]
    return found[:limit]


def _told(fleet: Fleet, lane: Lane, name: str, qualifier: str) -> dict[str, object]:
    """A function as AWS describes it; an empty qualifier is one that was not said."""
    account = lane[0]
    modified = datetime.fromtimestamp(fleet.default.modified_ms // 1000, UTC)
    qualified = arn(lane, name, qualifier or LATEST)
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
    }
