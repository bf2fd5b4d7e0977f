"""Method and path -> operation."""

from dataclasses import dataclass
from urllib.parse import unquote

_CONFIGS = "/2019-09-25/functions/"
_FUNCTIONS = "/2015-03-31/functions/"


@dataclass(frozen=True, slots=True)
class RoutedOperation:
    """A Lambda operation.

    Attributes:
        name: AWS's name for it.
        changes: whether it changes a configuration.
        has_own_quota: whether it takes none of the one that all others share.
    """

    name: str
    changes: bool
    has_own_quota: bool = False


UPDATE = RoutedOperation("UpdateFunctionEventInvokeConfig", changes=True)
PUT = RoutedOperation("PutFunctionEventInvokeConfig", changes=True)
GET = RoutedOperation("GetFunctionEventInvokeConfig", changes=False)
DELETE = RoutedOperation("DeleteFunctionEventInvokeConfig", changes=True)
LIST = RoutedOperation("ListFunctionEventInvokeConfigs", changes=False)
LIST_FUNCTIONS = RoutedOperation("ListFunctions", changes=False)
GET_FUNCTION = RoutedOperation("GetFunction", changes=False, has_own_quota=True)
GET_FUNCTION_CONFIGURATION = RoutedOperation("GetFunctionConfiguration", changes=False)

_ROUTES = {
    ("POST", _CONFIGS, "/event-invoke-config"): UPDATE,
    ("PUT", _CONFIGS, "/event-invoke-config"): PUT,
    ("GET", _CONFIGS, "/event-invoke-config"): GET,
    ("DELETE", _CONFIGS, "/event-invoke-config"): DELETE,
    ("GET", _CONFIGS, "/event-invoke-config/list"): LIST,
    ("GET", _FUNCTIONS, ""): GET_FUNCTION,
    ("GET", _FUNCTIONS, "/configuration"): GET_FUNCTION_CONFIGURATION,
}


def route(method: str, path: str) -> tuple[RoutedOperation, str] | None:
    """The Lambda operation that a request means, and the function name as sent, decoded.

    ListFunctions has none: it is empty there.

    The path is taken as it comes, apart from the names "." and "..": web servers resolve those away
    before a service sees them, and what is left is no operation.

    Args:
        method: HTTP method.
        path: percent-encoded path.

    Returns:
        None where there is no such operation.
    """
    if path.rstrip("/") == _FUNCTIONS[:-1]:
        return (LIST_FUNCTIONS, "") if method == "GET" else None
    api = path[: len(_CONFIGS)]
    name, slash, rest = path[len(_CONFIGS) :].partition("/")
    operation = _ROUTES.get((method, api, slash + rest))
    if operation is None:
        return None
    if "%" in name:
        name = unquote(name)
    return None if name in (".", "..") else (operation, name)
