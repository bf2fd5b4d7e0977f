"""Which operation a request means, of the services around Lambda.

All of them name it in X-Amz-Target, but for Account, which names it in its path. CloudWatch's query
protocol names it in the body.
"""

from dataclasses import dataclass

from bulkeic.sandbox.protocol.http_message import HttpRequest
from bulkeic.sandbox.protocol.query_protocol import query_action


@dataclass(frozen=True, slots=True)
class ServiceOperation:
    """An operation of a service other than Lambda and STS.

    Attributes:
        name: AWS's name for it.
        service: the service's name in a credential scope.
        action_prefix: the service's name in IAM actions.
        is_json_rpc: whether it has the protocol JSON 1.1 or 1.0, not REST.
        is_global: whether its Region is that of the service, not of the caller's resources.
        is_query_compatible: whether it has JSON 1.0, and a header with the code that an error had
            when the service still had the query protocol.
    """

    name: str
    service: str
    action_prefix: str
    is_json_rpc: bool
    is_global: bool
    is_query_compatible: bool = False

    @property
    def action(self) -> str:
        """The IAM action that allows it."""
        return f"{self.action_prefix}:{self.name}"

    @property
    def content_type(self) -> str:
        """The Content-Type of its replies."""
        if not self.is_json_rpc:
            return "application/json"
        return f"application/x-amz-json-1.{0 if self.is_query_compatible else 1}"


def _organizations(name: str) -> ServiceOperation:
    return ServiceOperation(
        name, "organizations", "organizations", is_json_rpc=True, is_global=True
    )


def _cloudwatch(name: str) -> ServiceOperation:
    return ServiceOperation(
        name,
        "monitoring",
        "cloudwatch",
        is_json_rpc=True,
        is_global=False,
        is_query_compatible=True,
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
DESCRIBE_ALARMS = _cloudwatch("DescribeAlarms")
PUT_METRIC_ALARM = _cloudwatch("PutMetricAlarm")
PUT_COMPOSITE_ALARM = _cloudwatch("PutCompositeAlarm")
SET_ALARM_STATE = _cloudwatch("SetAlarmState")
DELETE_ALARMS = _cloudwatch("DeleteAlarms")
GET_CALENDAR_STATE = ServiceOperation(
    "GetCalendarState", "ssm", "ssm", is_json_rpc=True, is_global=False
)

_CLOUDWATCH_TARGET = "GraniteServiceVersion20100801"
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
    **{
        f"{_CLOUDWATCH_TARGET}.{operation.name}".encode(): operation
        for operation in (
            DESCRIBE_ALARMS,
            PUT_METRIC_ALARM,
            PUT_COMPOSITE_ALARM,
            SET_ALARM_STATE,
            DELETE_ALARMS,
        )
    },
    b"ResourceGroupsTaggingAPI_20170126.GetResources": GET_RESOURCES,
    b"AmazonSSM.GetCalendarState": GET_CALENDAR_STATE,
}
_TARGET = b"x-amz-target"
_QUERY_VERSION = b"Version=2010-08-01"
_LIST_REGIONS_PATH = "/listRegions"


def is_service_call(request: HttpRequest) -> bool:
    """Whether a request is for one of these services, known operation or not."""
    return request.path == _LIST_REGIONS_PATH or (
        request.path == "/" and (_TARGET in request.headers or is_query(request))
    )


def is_query(request: HttpRequest) -> bool:
    """Whether a request has CloudWatch's query protocol; STS has another version."""
    return request.path == "/" and _TARGET not in request.headers and _QUERY_VERSION in request.body


def route_service(request: HttpRequest) -> ServiceOperation | None:
    """Return the operation that such a request means, or None.

    Raises:
        AwsError: the body has too many fields.
    """
    if request.method != "POST":
        return None
    if request.path == _LIST_REGIONS_PATH:
        return LIST_REGIONS
    if is_query(request):
        action = query_action(request.body)
        return _TARGETS.get(f"{_CLOUDWATCH_TARGET}.{action}".encode())
    return _TARGETS.get(request.headers[_TARGET])
