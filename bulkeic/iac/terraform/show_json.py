"""What ``terraform show -json`` and ``tofu show -json`` print of a state or of a plan.

The format: https://developer.hashicorp.com/terraform/internals/json-format. Minor versions only add
to it, and a new major version is refused. Only the attributes below are decoded, so no secret of a
state is ever held.

======================  ===========================================================
kind                    what it declares
======================  ===========================================================
a state                 what the last apply or refresh left there
a plan                  what the code will have set after ``apply``; a value that is
                        known only then is a problem of its configuration
======================  ===========================================================

Data sources and deposed objects are left out.
"""

from collections.abc import Iterator, Sequence

import msgspec

from bulkeic.core.code.declared_code import DeclaredCode
from bulkeic.core.code.ownership import Manager
from bulkeic.core.errors import InputError, printable, quoted
from bulkeic.iac.terraform.resources import ShownResource, declared_by
from bulkeic.iac.terraform.show_file import STDIN, WAY_OUT, read_document

MANAGED = "managed"
_MAJORS = ("0", "1")
_NOT_PRINTED = "not what 'terraform show -json' prints"


class _ShownModule(msgspec.Struct, frozen=True):
    resources: list[ShownResource] = []
    child_modules: list["_ShownModule"] = []


class _ShownValues(msgspec.Struct, frozen=True):
    root_module: _ShownModule = _ShownModule()


class _ShownState(msgspec.Struct, frozen=True):
    values: _ShownValues | None = None


class _ShownChange(msgspec.Struct, frozen=True):
    after_unknown: msgspec.Raw = msgspec.Raw(b"{}")


class _ResourceChange(msgspec.Struct, frozen=True):
    change: _ShownChange
    address: str = ""
    deposed: str = ""


class _ShownDocument(msgspec.Struct, frozen=True):
    """A state, a plan, or a raw state file, which has a ``lineage``."""

    format_version: str | None = None
    lineage: str | None = None
    values: _ShownValues | None = None
    planned_values: _ShownValues | None = None
    prior_state: _ShownState | None = None
    resource_changes: list[_ResourceChange] = []


class ShownCode(msgspec.Struct, frozen=True):
    """A state or a plan.

    Attributes:
        code: what it declares.
        root: the resources of the root module, with data sources.
    """

    code: DeclaredCode
    root: Sequence[ShownResource]


def read_show_json(path: str, *, can_be_empty: bool = False) -> ShownCode:
    """Reads a state or a plan.

    Args:
        path: a file, also gzipped or in UTF-16; ``-`` is stdin.
        can_be_empty: whether it can be the state of a workspace without resources.

    Raises:
        InputError: it is another file; the text has the way out.
    """
    name = "<stdin>" if path == STDIN else printable(path)
    try:
        document = _decoded(read_document(path))
        return _shown(name, document, can_be_empty=can_be_empty)
    except InputError as problem:
        raise problem.at(name, 0) from None


def _decoded(data: bytes) -> _ShownDocument:
    try:
        return msgspec.json.decode(data, type=_ShownDocument)
    except msgspec.ValidationError as error:
        raise InputError(f"{_NOT_PRINTED} ({error}); {WAY_OUT}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not valid JSON ({error}); {WAY_OUT}") from None
    except RecursionError:
        raise InputError(f"nested too deeply, {_NOT_PRINTED}; {WAY_OUT}") from None


def _shown(name: str, document: _ShownDocument, *, can_be_empty: bool) -> ShownCode:
    version = document.format_version
    if version is None:
        kind = "a raw state file" if document.lineage is not None else _NOT_PRINTED
        raise InputError(f"{kind}; {WAY_OUT}")
    if version.partition(".")[0] not in _MAJORS:
        raise InputError(
            f"format_version {quoted(version)} is not known; expected 0.x or 1.x, "
            "as Terraform 0.12 to 1.x and OpenTofu print it"
        )
    values = document.planned_values or document.values
    if values is None and not can_be_empty:
        raise InputError(f"an empty state: nothing was deployed there; {WAY_OUT}")
    root = (values or _ShownValues()).root_module
    prior = document.prior_state.values if document.prior_state else None
    unknown = {
        each.address: each.change.after_unknown
        for each in document.resource_changes
        if not each.deposed
    }
    configs, functions = declared_by(
        _resources(root),
        _resources(prior.root_module) if prior else (),
        unknown,
        is_plan=document.planned_values is not None,
    )
    code = DeclaredCode(name, Manager.TERRAFORM, configs, functions)
    return ShownCode(code, [each for each in root.resources if not each.deposed_key])


def _resources(module: _ShownModule) -> Iterator[ShownResource]:
    """The managed resources of a module and of those in it, without deposed objects."""
    for each in module.resources:
        if each.mode == MANAGED and not each.deposed_key:
            yield each
    for child in module.child_modules:
        yield from _resources(child)
