"""The resources in the output of ``terraform show -json``, of a state or of a plan.

https://developer.hashicorp.com/terraform/internals/json-format: a state has ``values``, and a plan
has ``planned_values``, which are those of the code. Resources are in modules that nest. Only
the attributes below are decoded, so no secret of a state is held.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from bulkeic.core.errors import InputError
from bulkeic.iac.terraform.show_file import WAY_OUT

_EXPECTED = f"not what 'terraform show -json' prints; {WAY_OUT}"
_FORMATS = ("0.", "1.")


class StateValues(msgspec.Struct, frozen=True):
    """The attributes of a resource that are used here; ``None``: it has no such attribute."""

    arn: Any = None
    function_name: Any = None
    qualifier: Any = None
    maximum_retry_attempts: Any = None
    maximum_event_age_in_seconds: Any = None
    destination_config: Any = None


class StateResource(msgspec.Struct, frozen=True):
    """A resource of a state.

    Attributes:
        address: such as ``module.shop.aws_sqs_queue.failed["eu"]``.
        type: such as ``aws_sqs_queue``.
        mode: ``managed`` or ``data``.
        name: the last part of the address, without an index.
        values: its attributes.
    """

    address: str
    type: str
    mode: str
    name: str
    values: StateValues = StateValues()


class _StateNode(msgspec.Struct, frozen=True):
    resources: list[StateResource] = []
    child_modules: list["_StateNode"] = []


class _StateRoot(msgspec.Struct, frozen=True):
    root_module: _StateNode = _StateNode()


class _StateDocument(msgspec.Struct, frozen=True):
    format_version: str
    values: _StateRoot | None = None
    planned_values: _StateRoot | None = None


class StateModule(msgspec.Struct, frozen=True):
    """The resources of a module.

    Attributes:
        is_root: whether code beside the module's own can refer to them.
        resources: of the module, without those of its child modules.
    """

    is_root: bool
    resources: list[StateResource]


def state_modules(shown: bytes, source: str) -> Iterator[StateModule]:
    """The modules of a state, the root module first.

    Args:
        shown: the output of ``terraform show -json``.
        source: name of its file, for the error.

    Raises:
        InputError: it is something else.
    """
    try:
        decoded = msgspec.json.decode(shown, type=_StateDocument)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError(_EXPECTED, source=source) from None
    if not decoded.format_version.startswith(_FORMATS):
        raise InputError(
            f"format_version {decoded.format_version[:20]!r} is not known; expected 1.x",
            source=source,
        )
    values = decoded.values or decoded.planned_values or _StateRoot()
    yield StateModule(is_root=True, resources=values.root_module.resources)
    left = list(values.root_module.child_modules)
    while left:
        module = left.pop()
        yield StateModule(is_root=False, resources=module.resources)
        left.extend(module.child_modules)
