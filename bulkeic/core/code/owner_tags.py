"""Which tool manages a function, as its tags say.

The first row that fits decides. Names and values of Terraform's tags match in any case, and their
names whatever their separators. CDK deploys with CloudFormation and counts as such.

==============  ====================================================================
manager         tags
==============  ====================================================================
sam             ``lambda:createdBy`` is ``SAM``
serverless      ``aws:cloudformation:stack-name`` and ``STAGE``, or a name that
                begins with ``serverless:``
cloudformation  ``aws:cloudformation:stack-name``
terraform       ``terraform`` is not empty, ``false``, ``no`` or ``0``
terraform       ``managed-by`` is ``terraform`` or ``opentofu``
none            else
==============  ====================================================================

Terraform sets no tag of its own. Without one of these common tags its functions count as none.
"""

from collections.abc import Mapping

from bulkeic.core.code.ownership import Manager, Owner
from bulkeic.core.targets.fields import normalize_name

_STACK = "aws:cloudformation:stack-name"
_CREATED_BY = "lambda:createdBy"
_STAGE = "STAGE"
_SERVERLESS = "serverless:"
_NO = frozenset({"", "false", "no", "0"})
_TERRAFORM = frozenset({"terraform", "opentofu"})


def manager_of(tags: Mapping[str, str]) -> Manager:
    """What manages a function with these tags; see the table above."""
    if tags.get(_CREATED_BY) == "SAM":
        return Manager.SAM
    in_stack = _STACK in tags
    if (in_stack and _STAGE in tags) or any(name.startswith(_SERVERLESS) for name in tags):
        return Manager.SERVERLESS
    if in_stack:
        return Manager.CLOUDFORMATION
    return Manager.TERRAFORM if any(map(_is_terraform, tags.items())) else Manager.NONE


def owner_of(tags: Mapping[str, str]) -> Owner | None:
    """What manages a function with these tags, with the stack; ``None``: nothing that is known."""
    manager = manager_of(tags)
    if manager is Manager.NONE:
        return None
    name = "" if manager is Manager.TERRAFORM else tags.get(_STACK, "")
    return Owner(manager, name)


def _is_terraform(tag: tuple[str, str]) -> bool:
    name, value = normalize_name(tag[0]), tag[1].strip().lower()
    return (name == "terraform" and value not in _NO) or (
        name == "managedby" and value in _TERRAFORM
    )
