"""Which operation a request means, of the services around Lambda that list what there is.

Organizations and Resource Groups Tagging name it in X-Amz-Target, Account in its path.
"""

from dataclasses import dataclass

from bulkeic.sandbox.protocol.http_message import HttpRequest


@dataclass(frozen=True, slots=True)
class ServiceOperation:
    """An operation of a service other than Lambda and STS.

    Attributes:
        name: AWS's name for it.
        service: the service's name in a credential scope.
        action_prefix: the service's name in IAM actions.
        is_json_rpc: whether it has the protocol JSON 1.1, not REST.
        is_global: whether its Region is that of the service, not of the caller's resources.
    """

    name: str
    service: str
    action_prefix: str
    is_json_rpc: bool
    is_global: bool

    @property
    def action(self) -> str:
        """The IAM action that allows it."""
        return f"{self.action_prefix}:{self.name}"


def _organizations(name: str) -> ServiceOperation:
    return ServiceOperation(
        name, "organizations", "organizations", is_json_rpc=True, is_global=True
    )


LIST_ROOTS = _organizations("ListRoots")
LIST_ACCOUNTS = _organizations("ListAccounts")
LIST_ACCOUNTS_FOR_PARENT = _organizations("ListAccountsForParent")
LIST_UNITS_FOR_PARENT = _organizations("ListOrganizationalUnitsForParent")
GET_RESOURCES = ServiceOperation(
    "GetResources", "tagging", "tag", is_json_rpc=True, is_global=False
)
LIST_REGIONS = ServiceOperation(
    "ListRegions", "account", "account", is_json_rpc=False, is_global=True
)

_TARGETS = {
    **{
        f"AWSOrganizationsV20161128.{operation.name}".encode(): operation
        for operation in (
            LIST_ROOTS,
            LIST_ACCOUNTS,
            LIST_ACCOUNTS_FOR_PARENT,
            LIST_UNITS_FOR_PARENT,
        )
    },
    b"ResourceGroupsTaggingAPI_20170126.GetResources": GET_RESOURCES,
}
_TARGET = b"x-amz-target"
_LIST_REGIONS_PATH = "/listRegions"


def is_service_call(request: HttpRequest) -> bool:
    """Whether a request is for one of these services, known operation or not."""
    return request.path == _LIST_REGIONS_PATH or (
        request.path == "/" and _TARGET in request.headers
    )


def route_service(request: HttpRequest) -> ServiceOperation | None:
    """Return the operation that such a request means, or None."""
    if request.method != "POST":
        return None
    if request.path == _LIST_REGIONS_PATH:
        return LIST_REGIONS
    return _TARGETS.get(request.headers[_TARGET])
