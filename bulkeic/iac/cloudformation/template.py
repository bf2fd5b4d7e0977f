"""Templates of CloudFormation and SAM, as targets with their wanted settings.

A configuration is a resource ``AWS::Lambda::EventInvokeConfig``, or one that SAM makes of the
property ``EventInvokeConfig`` of a function. What a resource leaves out is not set here. A
deployment removes it from the function.
"""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bulkeic.core.code.declared_code import DeclaredCode, DeclaredConfig, DeclaredFunction
from bulkeic.core.code.deployed_stack import DeployedStack
from bulkeic.core.code.ownership import Manager
from bulkeic.core.errors import InputError, UsageError, printable, quoted
from bulkeic.core.model import LATEST
from bulkeic.core.targets.names import parse_function
from bulkeic.core.targets.rows import Row
from bulkeic.iac.cloudformation.deployment import Deployment
from bulkeic.iac.cloudformation.intrinsics import Intrinsics
from bulkeic.iac.cloudformation.parameters import TemplateParameters, nearest
from bulkeic.iac.cloudformation.references import (
    ALIAS,
    FUNCTION,
    NESTED_STACKS,
    PROCESSED,
    References,
)
from bulkeic.iac.cloudformation.serverless import (
    CONFIG,
    SAM_FUNCTION,
    SETTINGS,
    ExpandedResources,
    expand,
)
from bulkeic.iac.cloudformation.template_blocks import Block, parse_blocks

_MOST_BYTES = 5_000_000
_REQUIRED = ("FunctionName", "Qualifier")
# They change nothing that is read here.
_KNOWN_TRANSFORMS = (
    "AWS::Serverless-2016-10-31",
    "AWS::LanguageExtensions",
    "AWS::CodeDeployBlueGreen",
    "AWS::SecretsManager-2020-07-23",
    "AWS::SecretsManager-2024-09-16",
)
_SERVERLESS_BUCKET = "ServerlessDeploymentBucket"
_SERVERLESS_KEYS = frozenset({"service", "provider", "functions"})


def read_template(path: str, deployment: Deployment) -> DeclaredCode:
    """What a template declares.

    Args:
        path: of the file.
        deployment: where and with what it is deployed.

    Raises:
        InputError: the file is not a template.
        UsageError: the file cannot be read, or a given parameter is not one of the template.
        ServiceError: the stack cannot be read.
    """
    name = printable(path)
    try:
        sections = _sections(_read(path))
        return _TemplateReader(name, sections, deployment).read()
    except InputError as problem:
        raise problem.at(name, problem.line) from None
    except RecursionError:
        raise InputError("its expressions refer to one another too deeply", source=name) from None


def _read(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read {quoted(path)}: {reason}") from None
    if len(content) > _MOST_BYTES:
        raise InputError(f"more than {_MOST_BYTES:,} bytes, which no template has")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("not UTF-8 text; expected a template in YAML or JSON") from None


def _sections(text: str) -> Block:
    sections = parse_blocks(text)
    if sections is None:
        raise InputError("empty; expected a CloudFormation or SAM template with Resources")
    if not isinstance(sections, Block) or "Resources" not in sections:
        way_out = "expected a CloudFormation or SAM template with Resources"
        if isinstance(sections, Block) and sections.keys() >= _SERVERLESS_KEYS:
            way_out = (
                "run 'serverless package', and give "
                ".serverless/cloudformation-template-update-stack.json"
            )
        raise InputError(f"not a template; {way_out}")
    for name in ("Resources", "Parameters", "Mappings", "Conditions", "Globals"):
        if not isinstance(sections.get(name, Block()), Block):
            raise InputError("expected a mapping", field=name, line=sections.line_of(name))
    _check_transforms(sections)
    return sections


def _check_transforms(sections: Block) -> None:
    given = sections.get("Transform", [])
    line = sections.line_of("Transform")
    for transform in given if isinstance(given, list) else [given]:
        if transform not in _KNOWN_TRANSFORMS:
            name = transform.get("Name", transform) if isinstance(transform, dict) else transform
            raise InputError(
                f"the macro {quoted(name)} changes the template at deployment; {PROCESSED}",
                field="Transform",
                line=line,
            )
    resources = sections["Resources"]
    for logical_id in resources:
        if logical_id.startswith("Fn::"):
            raise InputError(
                f"{logical_id} makes resources at deployment; {PROCESSED}",
                field="Resources",
                line=resources.line_of(logical_id),
            )


class _TemplateReader:
    """Reads one template."""

    def __init__(self, name: str, sections: Block, deployment: Deployment) -> None:
        self._name = name
        self._sections = sections
        self._deployment = deployment
        self._stack = self._stack_reader()
        parameters = sections.get("Parameters", Block())
        self._parameters = TemplateParameters(parameters, deployment.parameters, self._stack)
        declared: Block = sections["Resources"]
        usual = sections.get("Globals", Block()).get("Function")
        before = self._intrinsics(ExpandedResources(declared))[0]
        self._unnamed: list[str] = []
        self._expanded = expand(declared, usual, before.text)
        self._resources = self._expanded.resources
        self._intrinsics_of, self._references = self._intrinsics(self._expanded)

    def _stack_reader(self) -> Callable[[], DeployedStack] | None:
        read = self._deployment.read_stack
        if read is None:
            return None
        return functools.cache(lambda: read(has_import(self._sections)))

    def _intrinsics(self, found: ExpandedResources) -> tuple[Intrinsics, References]:
        references = References(
            found.resources, self._parameters, self._deployment, self._stack, found.references
        )
        mappings = self._sections.get("Mappings", Block())
        conditions = self._sections.get("Conditions", Block())
        return Intrinsics(mappings, conditions, references), references

    def read(self) -> DeclaredCode:
        """Everything that the template declares, problems included."""
        return DeclaredCode(
            file=self._name,
            manager=self._manager(),
            configs=tuple(self._configs()),
            functions=tuple(self._functions()),
            stack=self._stack().name if self._stack is not None else "",
            notes=tuple(self._notes()),
        )

    def _of_type(self, *types: str) -> Iterator[tuple[str, Block]]:
        for logical_id, resource in self._resources.items():
            if isinstance(resource, Block) and resource.get("Type") in types:
                yield logical_id, resource

    def _configs(self) -> Iterator[DeclaredConfig]:
        found = [(logical_id, None) for logical_id, _ in self._of_type(CONFIG)]
        for number, (logical_id, problem) in enumerate([*found, *self._expanded.problems], 1):
            resource = self._resources[logical_id]
            values: dict[str, Any] = {}
            try:
                if not self._is_created(resource):
                    continue
                if problem is None:
                    self._fill(values, resource)
            except InputError as error:
                problem = error  # noqa: PLW2901 - one of the two
            yield self._config(number, logical_id, values, problem)

    def _config(
        self, number: int, logical_id: str, values: dict[str, Any], problem: InputError | None
    ) -> DeclaredConfig:
        line = self._resources.line_of(logical_id)
        if problem is not None:
            line = problem.line or line
            problem = problem.at(self._name, line)
        return DeclaredConfig(Row(line, values, number), logical_id, problem, line)

    def _fill(self, values: dict[str, Any], resource: Block) -> None:
        """Adds the fields of a configuration's row."""
        properties = resource.get("Properties")
        if not isinstance(properties, Block):
            raise InputError("expected a mapping", field="Properties")
        known = dict.fromkeys((*_REQUIRED, *SETTINGS))
        for name, node in properties.items():
            line = properties.line_of(name)
            if name not in known:
                hint = nearest(name, known)
                raise InputError(f"unknown property; {hint}", field=name, line=line)
            try:
                # As the item of a list, AWS::NoValue leaves nothing.
                found = self._intrinsics_of.value([node])
                if name in _REQUIRED:
                    found = [self._intrinsics_of.text(value) for value in found]
            except InputError as problem:
                raise InputError(problem.rule, field=name, line=line) from None
            values.update(zip([name], found, strict=False))
        for name in _REQUIRED:
            if name not in values:
                needs = " and ".join(_REQUIRED)
                raise InputError(f"missing; CloudFormation requires {needs}", field=name)

    def _is_created(self, resource: Block) -> bool:
        condition = resource.get("Condition")
        try:
            return condition is None or self._intrinsics_of.condition(condition)
        except InputError as problem:
            raise InputError(problem.rule, field="Condition") from None

    def _functions(self) -> Iterator[DeclaredFunction]:
        """The functions with names that are known, each with its aliases."""
        aliases: dict[str, list[str]] = {}
        for logical_id, _ in self._of_type(ALIAS):
            try:
                function, alias = self._references.alias_name(logical_id)
                aliases.setdefault(function, []).append(alias)
            except InputError:
                continue
        stack = self._stack() if self._stack is not None else None
        for logical_id, resource in self._of_type(FUNCTION):
            try:
                if not self._is_created(resource):
                    continue
                function = parse_function(self._references.name(logical_id)).name
            except InputError:
                self._unnamed.append(logical_id)
                continue
            yield DeclaredFunction(
                function,
                stack.account_id if stack else None,
                self._deployment.region,
                logical_id,
                (LATEST, *aliases.get(function, ())),
            )

    def _manager(self) -> Manager:
        if _SERVERLESS_BUCKET in self._resources:
            return Manager.SERVERLESS
        declared: Block = self._sections["Resources"]
        types = (item.get("Type") for item in declared.values() if isinstance(item, Block))
        return Manager.SAM if SAM_FUNCTION in types else Manager.CLOUDFORMATION

    def _notes(self) -> Iterator[str]:
        """What is not read; to be called after ``_functions``."""
        if self._unnamed:
            yield (
                f"{self._name}: left out functions with unknown names, {len(self._unnamed)} in "
                f"all, such as {self._unnamed[0]}; use --stack NAME to read the names"
            )
        for logical_id, resource in self._of_type(*NESTED_STACKS):
            yield (
                f"{self._name}:{self._resources.line_of(logical_id)}: {logical_id}: the nested "
                f"stack ({resource['Type']}) is not read; give its own template, too"
            )


def has_import(node: Any) -> bool:
    """Whether an expression has ``Fn::ImportValue`` in it."""
    if isinstance(node, dict):
        return "Fn::ImportValue" in node or any(map(has_import, node.values()))
    return isinstance(node, list) and any(map(has_import, node))
