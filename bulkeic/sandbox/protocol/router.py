"""Which Lambda operation a method and a path mean."""

from dataclasses import dataclass
from urllib.parse import unquote

_CONFIGS = "/2019-09-25/functions/"
_FUNCTIONS = "/2015-03-31/functions/"
_TAGS = "/2017-03-31/tags/"


@dataclass(frozen=True, slots=True)
class RoutedOperation:
    """A Lambda operation.

    Attributes:
        name: AWS's name for it.
        is_write: whether it changes a configuration.
        has_own_quota: whether it has a quota of its own, apart from the shared one.
    """

    name: str
    is_write: bool
    has_own_quota: bool = False


UPDATE = RoutedOperation("UpdateFunctionEventInvokeConfig", is_write=True)
PUT = RoutedOperation("PutFunctionEventInvokeConfig", is_write=True)
GET = RoutedOperation("GetFunctionEventInvokeConfig", is_write=False)
DELETE = RoutedOperation("DeleteFunctionEventInvokeConfig", is_write=True)
LIST = RoutedOperation("ListFunctionEventInvokeConfigs", is_write=False)
LIST_FUNCTIONS = RoutedOperation("ListFunctions", is_write=False)
LIST_VERSIONS = RoutedOperation("ListVersionsByFunction", is_write=False)
LIST_ALIASES = RoutedOperation("ListAliases", is_write=False)
LIST_TAGS = RoutedOperation("ListTags", is_write=False)
GET_FUNCTION = RoutedOperation("GetFunction", is_write=False, has_own_quota=True)
GET_FUNCTION_CONFIGURATION = RoutedOperation("GetFunctionConfiguration", is_write=False)

_ROUTES = {
    ("POST", _CONFIGS, "/event-invoke-config"): UPDATE,
    ("PUT", _CONFIGS, "/event-invoke-config"): PUT,
    ("GET", _CONFIGS, "/event-invoke-config"): GET,
    ("DELETE", _CONFIGS, "/event-invoke-config"): DELETE,
    ("GET", _CONFIGS, "/event-invoke-config/list"): LIST,
    ("GET", _FUNCTIONS, ""): GET_FUNCTION,
    ("GET", _FUNCTIONS, "/configuration"): GET_FUNCTION_CONFIGURATION,
    ("GET", _FUNCTIONS, "/versions"): LIST_VERSIONS,
    ("GET", _FUNCTIONS, "/aliases"): LIST_ALIASES,
    ("GET", _TAGS, ""): LIST_TAGS,
}


def route(method: str, path: str) -> tuple[RoutedOperation, str] | None:
    """Return the operation that a request means and the function name as sent, decoded.

    The function name of ListFunctions is empty, that of ListTags an ARN. The names "." and
    ".." mean no operation, because web servers resolve such segments before a service sees the
    path.

    Args:
        method: HTTP method.
        path: percent-encoded path.

    Returns:
        None if no operation has this method and path.
    """
    if path.rstrip("/") == _FUNCTIONS[:-1]:
        return (LIST_FUNCTIONS, "") if method == "GET" else None
    api = _TAGS if path.startswith(_TAGS) else path[: len(_CONFIGS)]
    name, slash, rest = path[len(api) :].partition("/")
    operation = _ROUTES.get((method, api, slash + rest))
    if operation is None:
        return None
    if "%" in name:
        name = unquote(name)
    return None if name in (".", "..") else (operation, name)
