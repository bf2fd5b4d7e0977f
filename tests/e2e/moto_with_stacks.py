"""moto_server whose CloudFormation knows event-invoke configurations: a script.

moto skips resources of type ``AWS::Lambda::EventInvokeConfig`` with a warning. Here the resource is
put with moto's own Lambda, which knows configurations of ``$LATEST`` only.
"""

import sys
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.core.common_models import CloudFormationModel
from moto.server import main


class EventInvokeConfigResource(CloudFormationModel):
    """A resource of a stack.

    Args:
        name: the physical id.
    """

    __module__ = "moto.awslambda"  # moto registers its models by the names of its modules

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def physical_resource_id(self) -> str:
        return self.name

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::Lambda::EventInvokeConfig"

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **_kwargs: Any,
    ) -> "EventInvokeConfigResource":
        properties = dict(cloudformation_json["Properties"])
        function, qualifier = properties.pop("FunctionName"), properties.pop("Qualifier")
        assert qualifier == "$LATEST"
        backend = lambda_backends[account_id][region_name]
        backend.put_function_event_invoke_config(function, properties)
        return cls(resource_name)


if __name__ == "__main__":
    main(sys.argv[1:])
