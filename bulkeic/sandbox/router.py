"""Method and path -> operation."""

from dataclasses import dataclass
from urllib.parse import unquote

_FUNCTIONS = "/2019-09-25/functions/"


@dataclass(frozen=True, slots=True)
class Operation:
    """A Lambda operation.

    Attributes:
        name: AWS's name for it.
        changes: whether it changes a configuration.
    """

    name: str
    changes: bool


UPDATE = Operation("UpdateFunctionEventInvokeConfig", changes=True)
PUT = Operation("PutFunctionEventInvokeConfig", changes=True)
GET = Operation("GetFunctionEventInvokeConfig", changes=False)
DELETE = Operation("DeleteFunctionEventInvokeConfig", changes=True)
LIST = Operation("ListFunctionEventInvokeConfigs", changes=False)

_ROUTES = {
    ("POST", "event-invoke-config"): UPDATE,
    ("PUT", "event-invoke-config"): PUT,
    ("GET", "event-invoke-config"): GET,
    ("DELETE", "event-invoke-config"): DELETE,
    ("GET", "event-invoke-config/list"): LIST,
}


def route(method: str, path: str) -> tuple[Operation, str] | None:
    """The Lambda operation that a request means, and the function name as sent, decoded.

    The path is taken as it comes, apart from the names "." and "..": web servers resolve those away
    before a service sees them, and what is left is no operation.

    Args:
        method: HTTP method.
        path: percent-encoded path.

    Returns:
        None where there is no such operation.
    """
    if not path.startswith(_FUNCTIONS):
        return None
    name, _, rest = path[len(_FUNCTIONS) :].partition("/")
    operation = _ROUTES.get((method, rest))
    if operation is None:
        return None
    if "%" in name:
        name = unquote(name)
    return None if name in (".", "..") else (operation, name)
