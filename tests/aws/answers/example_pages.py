"""Pages of listings as Lambda answers them, and what botocore's model says of their items."""

from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.session import get_session

from bulkeic.core.model import Operation

LANE_ARN = "arn:aws:lambda:us-east-1:123456789012:function"
LIST_NAMES = {
    Operation.LIST_FUNCTIONS: "Functions",
    Operation.LIST_ALIASES: "Aliases",
    Operation.LIST_CONFIGS: "FunctionEventInvokeConfigs",
}
SECRET = "the secret of a function"
# What the code relies on; everything else has any value.
FUNCTION = {"FunctionName": "f", "FunctionArn": f"{LANE_ARN}:f", "Version": "$LATEST"}
ALIAS = {"AliasArn": f"{LANE_ARN}:f:live", "Name": "live", "FunctionVersion": "7"}
CONFIG = {
    "FunctionArn": f"{LANE_ARN}:f:$LATEST",
    "LastModified": 1761991200.123,
    "MaximumRetryAttempts": 1,
}
ITEMS: dict[Operation, dict[str, Any]] = {
    Operation.LIST_FUNCTIONS: FUNCTION,
    Operation.LIST_ALIASES: ALIAS,
    Operation.LIST_CONFIGS: CONFIG,
}


def body_of(operation: Operation, *items: object, **fields: object) -> dict[str, Any]:
    """The body of an answer, with some items and other fields."""
    return {LIST_NAMES[operation]: list(items), **fields}


def item_shape(operation: Operation) -> Any:
    """What botocore's model says of an item of a listing."""
    output = get_session().get_service_model("lambda").operation_model(operation).output_shape
    return output.members[LIST_NAMES[operation]].member


def full_item(operation: Operation) -> dict[str, Any]:
    """An item with every field of botocore's model."""
    item: dict[str, Any] = _example(item_shape(operation))
    return item | ITEMS[operation]


def _example(shape: Shape) -> Any:
    if isinstance(shape, StructureShape):
        return {name: _example(member) for name, member in shape.members.items()}
    if isinstance(shape, ListShape):
        return [_example(shape.member)]
    if isinstance(shape, MapShape):
        return {"key": _example(shape.value)}
    if shape.name in {"EnvironmentVariableValue", "SensitiveString"}:
        return SECRET
    examples = {"string": shape.name, "boolean": True, "double": 0.25, "timestamp": 1761991200}
    return examples.get(shape.type_name, 512)
