"""The IAM actions that each command needs; ``docs/reference/permissions.md`` has the same.

A session policy allows them and nothing else, in the account of the role:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
"""

import json
from collections.abc import Collection, Mapping
from types import MappingProxyType

from bulkeic.core.accounts import role_account
from bulkeic.core.model import Operation

_GET, _UPDATE, _PUT, _DELETE = Operation.GET, Operation.UPDATE, Operation.PUT, Operation.DELETE
_OPERATIONS = {
    "apply": (_GET, _UPDATE),
    "apply --no-before-image": (_UPDATE,),
    "apply --create-missing": (_GET, _PUT, _UPDATE),
    "apply --create-missing --no-before-image": (_PUT, _UPDATE),
    "plan": (Operation.GET_FUNCTION, _GET),
    "verify": (Operation.GET_FUNCTION, _GET),
    "rollback": (_DELETE, _GET, _PUT),
    "bench": (_GET,),
    "bench --operation update": (_GET, _UPDATE),
}
PERMISSIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        command: tuple(sorted(f"lambda:{operation.value}" for operation in operations))
        for command, operations in _OPERATIONS.items()
    }
)
"""Command with the flags that matter → the actions on functions that it needs, sorted."""

LIST_FUNCTIONS = "lambda:ListFunctions"
LIST_REGIONS = "account:ListRegions"
LIST_ALIASES = "lambda:ListAliases"
LIST_CONFIGS = "lambda:ListFunctionEventInvokeConfigs"
GET_RESOURCES = "tag:GetResources"
DISCOVERY = (LIST_REGIONS, LIST_ALIASES, LIST_CONFIGS, LIST_FUNCTIONS, GET_RESOURCES)
"""The actions that ``discover`` may need in each account."""

DESCRIBE_ALARMS = "cloudwatch:DescribeAlarms"
"""What ``--alarm`` needs. On ``*``, or composite alarms are not described:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""

GET_CALENDAR_STATE = "ssm:GetCalendarState"
"""What ``--change-calendar`` needs."""

READ_STACK = ("cloudformation:DescribeStacks", "cloudformation:ListStackResources")
"""What ``--stack`` needs."""

LIST_EXPORTS = "cloudformation:ListExports"
"""What ``--stack`` also needs for a template with ``Fn::ImportValue``."""

POLICY_CHARACTERS = 2048
"""The longest session policy that STS accepts."""

_ON_FUNCTIONS = frozenset(action for actions in PERMISSIONS.values() for action in actions)


def session_policy(actions: Collection[str], role_arn: str) -> str:
    """The policy that limits a session of a role to some actions, as JSON.

    Args:
        actions: at least one.
        role_arn: the role; actions on functions are limited to those of its account.
    """
    partition, account = role_arn.split(":")[1], role_account(role_arn)
    functions = f"arn:{partition}:lambda:*:{account}:function:*"
    wanted = set(actions)
    statements = [
        {"Effect": "Allow", "Action": sorted(some), "Resource": resource}
        for some, resource in ((wanted & _ON_FUNCTIONS, functions), (wanted - _ON_FUNCTIONS, "*"))
        if some
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
