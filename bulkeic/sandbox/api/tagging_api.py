"""Resource Groups Tagging: GetResources, for functions; no other resource has tags here.

    check                                                 refusal
    ResourceARNList is sent alone, and has 1 to 100 ARNs  400 InvalidParameterException
    ResourcesPerPage is between 1 and 100                 400 InvalidParameterException
    TagFilters has at most 50 keys of 20 values           400 InvalidParameterException
    the sandbox issued the PaginationToken                400 InvalidParameterException

A resource must match every filter: it has the key, and one of the values if the filter has values.
Functions are in the order of their names. TagsPerPage and compliance details are ignored, and
functions that once had tags are not returned.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from bulkeic.sandbox.api.request_context import decode_marker, encode_marker
from bulkeic.sandbox.api.service_call import Response, ServiceCall
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.state.fleet import Fleet, Lane
from bulkeic.sandbox.state.function_arns import LATEST, function_arn

PAGE_SIZE = 100
KEYS_MAX = 50
VALUES_MAX = 20
ARNS_MAX = 100
_FUNCTION_TYPES = {"lambda", "lambda:function"}
_NOT_WITH_ARNS = ("TagFilters", "ResourceTypeFilters", "ResourcesPerPage", "PaginationToken")
_BATCH = 1000

Filters = Sequence[tuple[str, frozenset[str]]]
"""Keys that a resource must have, each with its allowed values; no values: any."""


def get_resources(call: ServiceCall) -> Response:
    """Perform GetResources.

    Raises:
        AwsError: the call is refused.
    """
    arns, filters = _arns(call), _filters(call)
    types = call.parameter("ResourceTypeFilters", list, "an Array")
    size, after = _page_size(call), _after(call)
    lane, fleet = call.principal.lane, call.fleet
    found: Iterator[tuple[str, Mapping[str, str]]] = iter(())
    if arns is not None:
        found = _named_functions(fleet, lane, arns)
    elif not types or _has_function(types):
        found = _tagged_functions(fleet, lane, after)
    page = list(islice((item for item in found if _matches(item, filters)), size + 1))
    token = encode_marker(page[size - 1][0]) if len(page) > size else ""
    resources = [_describe(lane, *item) for item in page[:size]]
    return {"PaginationToken": token, "ResourceTagMappingList": resources}


def _tagged_functions(
    fleet: Fleet, lane: Lane, after: str
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the name and the tags of each tagged function of a lane after a name, sorted."""
    while names := fleet.names_after(lane, after, _BATCH):
        for name in names:
            tags = fleet.facts(lane, name).tags
            if tags:
                yield name, tags
        after = names[-1]


def _named_functions(
    fleet: Fleet, lane: Lane, arns: frozenset[str]
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the name and the tags of each tagged function of a lane that an ARN names, sorted."""
    start = _arn(lane, "")
    for name in sorted(arn.removeprefix(start) for arn in arns if arn.startswith(start)):
        tags = fleet.facts(lane, name).tags
        if tags:
            yield name, tags


def _matches(item: tuple[str, Mapping[str, str]], filters: Filters) -> bool:
    _, tags = item
    return all(key in tags and (not values or tags[key] in values) for key, values in filters)


def _describe(lane: Lane, name: str, tags: Mapping[str, str]) -> Response:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"ResourceARN": _arn(lane, name), "Tags": pairs}


def _arn(lane: Lane, name: str) -> str:
    return function_arn(lane, name, LATEST).removesuffix(f":{LATEST}")


def _has_function(types: Sequence[object]) -> bool:
    return any(each in _FUNCTION_TYPES for each in types if isinstance(each, str))


def _arns(call: ServiceCall) -> frozenset[str] | None:
    arns = call.parameter("ResourceARNList", list, "an Array")
    if arns is None:
        return None
    if any(call.parameters.get(name) for name in _NOT_WITH_ARNS):
        raise AwsError(ErrorKind.INVALID_TAGGING_INPUT, reason="ResourceARNList must be sent alone")
    if not 1 <= len(arns) <= ARNS_MAX:
        reason = f"ResourceARNList must have 1 to {ARNS_MAX} ARNs"
        raise AwsError(ErrorKind.INVALID_TAGGING_INPUT, reason=reason)
    return frozenset(map(str, arns))


def _filters(call: ServiceCall) -> Filters:
    filters = []
    for item in call.parameter("TagFilters", list, "an Array") or ():
        key = item.get("Key") if isinstance(item, dict) else None
        values = (item.get("Values") or []) if isinstance(item, dict) else None
        if not isinstance(key, str) or not isinstance(values, list):
            raise AwsError(ErrorKind.INVALID_TAGGING_INPUT, reason="TagFilters must have keys")
        if len(values) > VALUES_MAX:
            reason = f"a tag filter must have at most {VALUES_MAX} values"
            raise AwsError(ErrorKind.INVALID_TAGGING_INPUT, reason=reason)
        filters.append((key, frozenset(map(str, values))))
    if len(filters) > KEYS_MAX:
        reason = f"TagFilters must have at most {KEYS_MAX} keys"
        raise AwsError(ErrorKind.INVALID_TAGGING_INPUT, reason=reason)
    return filters


def _page_size(call: ServiceCall) -> int:
    size = call.parameter("ResourcesPerPage", int, "an Integer")
    size = PAGE_SIZE if size is None else size
    if not 1 <= size <= PAGE_SIZE:
        reason = f"ResourcesPerPage must be between 1 and {PAGE_SIZE}"
        raise AwsError(ErrorKind.INVALID_TAGGING_INPUT, reason=reason)
    return int(size)


def _after(call: ServiceCall) -> str:
    token = call.parameter("PaginationToken", str, "a String")
    try:
        return decode_marker(token, 1)[0] if token else ""
    except AwsError:
        reason = "the PaginationToken is invalid"
        raise AwsError(ErrorKind.INVALID_TAGGING_INPUT, reason=reason) from None
