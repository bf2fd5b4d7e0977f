"""What ``Ref``, ``Fn::GetAtt`` and ``Fn::ImportValue`` of a template refer to.

The name of a resource is the one in the template, else the one of the deployed stack. Without both,
CloudFormation generates it at deployment.

=================  ============  =======================================================
resource           ``Ref`` is    its ARN
=================  ============  =======================================================
Lambda function    the name      ``arn:…:lambda:REGION:ACCOUNT:function:NAME``
Lambda alias       its ARN       the function's, with ``:NAME``
Lambda version     its ARN       the function's, with ``:NUMBER``; of a stack only
SQS queue          its URL       ``arn:…:sqs:REGION:ACCOUNT:NAME``
SNS topic          its ARN       ``arn:…:sns:REGION:ACCOUNT:NAME``
EventBridge bus    the name      ``arn:…:events:REGION:ACCOUNT:event-bus/NAME``
S3 bucket          the name      ``arn:…:s3:::NAME``
another resource   of a stack    not known
=================  ============  =======================================================
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any, Protocol

import msgspec

from bulkeic.core.code.deployed_stack import DeployedStack
from bulkeic.core.errors import InputError, quoted
from bulkeic.core.targets.names import parse_function, partition_of
from bulkeic.iac.cloudformation.deployment import Deployment
from bulkeic.iac.cloudformation.parameters import TemplateParameters, nearest
from bulkeic.iac.cloudformation.template_blocks import Block

FUNCTION = "AWS::Lambda::Function"
ALIAS = "AWS::Lambda::Alias"
VERSION = "AWS::Lambda::Version"
NESTED_STACKS = ("AWS::CloudFormation::Stack", "AWS::Serverless::Application")

PROCESSED = (
    "give the template that CloudFormation has made of it: aws cloudformation get-template "
    "--template-stage Processed --query TemplateBody --stack-name NAME"
)
"""The way out where only CloudFormation knows the template."""


class Expressions(Protocol):
    """Evaluates expressions; see ``Intrinsics``."""

    def text(self, node: Any) -> str:
        """The value of an expression that must be one text."""

    def value(self, node: Any) -> Any:
        """The value of an expression."""

    def condition(self, name: Any) -> bool:
        """Whether a condition of the template holds."""


class _Ref(Enum):
    """What ``Ref`` of a resource is."""

    NAME = auto()
    ARN = auto()
    OTHER = auto()


class _NamedType(msgspec.Struct, frozen=True):
    """A type of resources that have a name.

    Attributes:
        property: that holds the name.
        arn: its end, after the partition.
        ref: what ``Ref`` is.
        arn_attribute: the attribute that is the ARN.
        name_attribute: the attribute that is the name; empty: there is none.
    """

    property: str
    arn: str
    ref: _Ref = _Ref.NAME
    arn_attribute: str = "Arn"
    name_attribute: str = ""


_NAMED_TYPES = {
    FUNCTION: _NamedType("FunctionName", "lambda:{region}:{account}:function:{name}"),
    "AWS::SQS::Queue": _NamedType(
        "QueueName", "sqs:{region}:{account}:{name}", _Ref.OTHER, name_attribute="QueueName"
    ),
    "AWS::SNS::Topic": _NamedType(
        "TopicName", "sns:{region}:{account}:{name}", _Ref.ARN, "TopicArn", "TopicName"
    ),
    "AWS::Events::EventBus": _NamedType(
        "Name", "events:{region}:{account}:event-bus/{name}", name_attribute="Name"
    ),
    "AWS::S3::Bucket": _NamedType("BucketName", "s3:::{name}"),
}


class References:
    """The references of one template.

    Args:
        resources: by logical id; what SAM makes of the template is included.
        parameters: of the template.
        deployment: where it is deployed.
        stack: returns the deployed stack; ``None``: the user names none.
        generated: what ``Ref`` of a name that SAM has made refers to.

    Attributes:
        expressions: evaluates the names in the template; set before the first use.
    """

    expressions: Expressions

    def __init__(
        self,
        resources: Block,
        parameters: TemplateParameters,
        deployment: Deployment,
        stack: Callable[[], DeployedStack] | None,
        generated: dict[str, str] | None = None,
    ) -> None:
        self._resources = resources
        self._parameters = parameters
        self._deployment = deployment
        self._stack = stack
        self._generated = generated or {}
        self._open: set[str] = set()

    def is_reference(self, name: str) -> bool:
        """Whether a name with a dot is one of ``Ref``, as SAM makes them."""
        return name in self._generated

    def value(self, name: str) -> Any:
        """What ``Ref`` of a name is.

        Raises:
            InputError: it is not known before deployment, or does not exist.
        """
        if name.startswith("AWS::"):
            return self._pseudo_parameter(name)
        if name in self._parameters:
            return self._parameters.value(name)
        logical_id = self._generated.get(name, name)
        kind, _ = self._resource(logical_id)
        if kind == ALIAS:
            return self._alias_arn(logical_id)
        named = _NAMED_TYPES.get(kind)
        if named is None:
            return self._physical_id(logical_id, kind)
        if named.ref is _Ref.OTHER:
            raise InputError(f"Ref of {logical_id} is not its ARN; use Fn::GetAtt {logical_id}.Arn")
        return self._arn(logical_id, named) if named.ref is _Ref.ARN else self.name(logical_id)

    def attribute(self, logical_id: str, attribute: str) -> str:
        """What ``Fn::GetAtt`` is.

        Raises:
            InputError: as for ``value``.
        """
        kind, _ = self._resource(logical_id)
        named = _NAMED_TYPES.get(kind)
        if named is not None and attribute == named.arn_attribute:
            return self._arn(logical_id, named)
        if named is not None and attribute == named.name_attribute:
            return self.name(logical_id)
        if kind == ALIAS and attribute == "AliasArn":
            return self._alias_arn(logical_id)
        if kind == VERSION and attribute == "Version":
            return self._physical_id(logical_id, kind).rpartition(":")[2]
        nested = "a nested stack is not read; " if kind in NESTED_STACKS else ""
        raise InputError(
            f"Fn::GetAtt {logical_id}.{attribute} of {kind}: {nested}it is known at deployment "
            "only; use a parameter, and --parameter"
        )

    def imported(self, name: str) -> str:
        """The value of an export of another stack.

        Raises:
            InputError: it is not known.
        """
        if self._stack is None:
            raise InputError(
                f"Fn::ImportValue {quoted(name)} is a value of another stack; use --stack NAME to "
                "read it"
            )
        exports = self._stack().exports or {}
        if name not in exports:
            raise InputError(f"no stack exports {quoted(name)}; {nearest(name, exports)}")
        return exports[name]

    def name(self, logical_id: str) -> str:
        """The name of a resource of a type that has names.

        Raises:
            InputError: CloudFormation generates it, or it cannot be known.
        """
        kind, properties = self._resource(logical_id)
        field = _NAMED_TYPES[kind].property
        with self._evaluating(logical_id, field):
            # As the item of a list, AWS::NoValue leaves nothing.
            found = self.expressions.value([properties.get(field, {"Ref": "AWS::NoValue"})])
        if found and found[0] is not None:
            return self.expressions.text(found[0])
        physical_id = self._physical_id(logical_id, kind, f"has no {field}")
        return physical_id.rpartition("/")[2].rpartition(":")[2]

    def alias_name(self, logical_id: str) -> tuple[str, str]:
        """The function of an alias, and its name.

        Raises:
            InputError: they are not known.
        """
        _, properties = self._resource(logical_id)
        for field in ("FunctionName", "Name"):
            if field not in properties:
                raise InputError(f"the alias {logical_id} has no {field}")
        with self._evaluating(logical_id, "FunctionName"):
            function = parse_function(self.expressions.text(properties["FunctionName"]))
        return function.name, self.expressions.text(properties["Name"])

    @contextmanager
    def _evaluating(self, logical_id: str, field: str) -> Iterator[None]:
        """Marks a property of a resource as being evaluated.

        Raises:
            InputError: it is that already.
        """
        if logical_id in self._open:
            raise InputError(f"the {field} of {logical_id} refers to itself")
        self._open.add(logical_id)
        try:
            yield
        finally:
            self._open.discard(logical_id)

    def _alias_arn(self, logical_id: str) -> str:
        function, name = self.alias_name(logical_id)
        return f"{self._full_arn(_NAMED_TYPES[FUNCTION], function)}:{name}"

    def _arn(self, logical_id: str, named: _NamedType) -> str:
        return self._full_arn(named, self.name(logical_id))

    def _full_arn(self, named: _NamedType, name: str) -> str:
        region = self._region()
        account = self._deployment.account_id() if "{account}" in named.arn else ""
        end = named.arn.format(region=region, account=account, name=name)
        return f"arn:{partition_of(region)}:{end}"

    def _region(self) -> str:
        if not self._deployment.region:
            raise InputError("the Region of the template is not known; use --region")
        return self._deployment.region

    def _pseudo_parameter(self, name: str) -> str:
        match name:
            case "AWS::Region":
                return self._region()
            case "AWS::AccountId":
                return self._deployment.account_id()
            case "AWS::Partition":
                return partition_of(self._region())
            case "AWS::URLSuffix":
                return "amazonaws.com" + ".cn" * (partition_of(self._region()) == "aws-cn")
            case "AWS::StackName" | "AWS::StackId":
                if self._stack is None:
                    raise InputError(f"{name} is not known; use --stack NAME")
                return self._stack().name if name == "AWS::StackName" else self._stack().arn
        raise InputError(f"{name} is not known before deployment; use a parameter, and --parameter")

    def _resource(self, logical_id: str) -> tuple[str, Block]:
        resource = self._resources.get(logical_id)
        if not isinstance(resource, Block):
            raise InputError(
                f"the template has no parameter and no resource {quoted(logical_id)}; "
                f"{nearest(logical_id, self._resources)}"
            )
        condition = resource.get("Condition")
        if condition is not None and not self.expressions.condition(condition):
            raise InputError(
                f"{logical_id} is not created: its condition {quoted(condition)} is false"
            )
        properties = resource.get("Properties")
        found = properties if isinstance(properties, Block) else Block(line=resource.line)
        return str(resource.get("Type", "")), found

    def _physical_id(self, logical_id: str, kind: str, reason: str = "") -> str:
        if self._stack is None:
            why = reason or "has a name that CloudFormation generates"
            raise InputError(
                f"{logical_id} ({kind}) {why}; use --stack NAME to read its name from the stack"
            )
        stack = self._stack()
        if logical_id not in stack.resources:
            raise InputError(
                f"the stack {stack.name} has no resource {logical_id}; deploy the template first, "
                "or check --stack"
            )
        return stack.resources[logical_id]
