"""A stack of a lane, as CloudFormation describes it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html,
``API_ListStackResources.html`` and ``API_ListExports.html`` beside it.
"""

from typing import Any

import msgspec

from bulkeic.aws.services.service_calls import AwsOperation, ServiceCalls
from bulkeic.core.code.deployed_stack import DeployedStack
from bulkeic.core.model import Lane

_DESCRIBE_STACKS = AwsOperation("cloudformation", "DescribeStacks", "Stacks")
_LIST_RESOURCES = AwsOperation("cloudformation", "ListStackResources", "StackResourceSummaries")
_LIST_EXPORTS = AwsOperation("cloudformation", "ListExports", "Exports")
_DELETED = "DELETE_COMPLETE"


class _StackParameter(msgspec.Struct, rename="pascal"):
    parameter_key: str
    parameter_value: str = ""
    resolved_value: str | None = None


class _DescribedStack(msgspec.Struct, rename="pascal"):
    stack_name: str
    stack_id: str
    parameters: list[_StackParameter] = []


class _StackResource(msgspec.Struct, rename="pascal"):
    logical_resource_id: str
    resource_status: str
    physical_resource_id: str = ""


class _StackExport(msgspec.Struct, rename="pascal"):
    name: str
    value: str


async def deployed_stack(
    calls: ServiceCalls, lane: Lane, name: str, *, with_exports: bool
) -> DeployedStack:
    """Returns what a stack says about names and values.

    Args:
        calls: of CloudFormation.
        lane: account and Region of the stack.
        name: of the stack, or its id.
        with_exports: also read the exports of all stacks of the lane.

    Raises:
        ServiceError: it does not exist or cannot be read, or an answer cannot be right.
    """
    stacks = [
        stack async for stack in calls.items(_DESCRIBE_STACKS, lane, _read_stack, StackName=name)
    ]
    if len(stacks) != 1:
        raise calls.mismatch(_DESCRIBE_STACKS, lane, f"it has {len(stacks)} stacks of one name")
    [stack] = stacks
    resources = {
        resource.logical_resource_id: resource.physical_resource_id
        async for resource in calls.items(_LIST_RESOURCES, lane, _read_resource, StackName=name)
        if resource.physical_resource_id and resource.resource_status != _DELETED
    }
    return DeployedStack(
        name=stack.stack_name,
        arn=stack.stack_id,
        account_id=lane.account_id,
        parameters={
            parameter.parameter_key: parameter.resolved_value or parameter.parameter_value
            for parameter in stack.parameters
        },
        resources=resources,
        exports=await _exports(calls, lane) if with_exports else None,
    )


async def _exports(calls: ServiceCalls, lane: Lane) -> dict[str, str]:
    exports = calls.items(_LIST_EXPORTS, lane, _read_export)
    return {export.name: export.value async for export in exports}


def _read_stack(item: Any) -> _DescribedStack:
    return msgspec.convert(item, _DescribedStack)


def _read_resource(item: Any) -> _StackResource:
    return msgspec.convert(item, _StackResource)


def _read_export(item: Any) -> _StackExport:
    return msgspec.convert(item, _StackExport)
