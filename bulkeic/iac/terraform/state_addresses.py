"""What new code can refer to in the states of ``terraform show -json``."""

import re
from collections.abc import Iterator, Sequence

from bulkeic.core.errors import InputError
from bulkeic.iac.terraform.known_addresses import KnownAddresses
from bulkeic.iac.terraform.resources import CONFIG, FUNCTION, ShownResource, arn_of
from bulkeic.iac.terraform.show_json import MANAGED, ShownCode

_DESTINATIONS = frozenset(
    {FUNCTION, "aws_lambda_alias", "aws_sqs_queue", "aws_sns_topic", "aws_cloudwatch_event_bus",
     "aws_s3_bucket"}
)  # fmt: skip
_match_reference = re.compile(
    r'(?:data\.)?[a-z0-9_]+\.[\w-]+(?:\[(?:\d+|"(?:[^"\\]|\\.)*")\])?'
).fullmatch


def known_addresses(states: Sequence[ShownCode]) -> KnownAddresses:
    """What new code of a root module can refer to, and the names that it must not take.

    Code cannot refer to the resources of child modules and of other root modules, so there are
    addresses only if there is one state.

    Args:
        states: of root modules.

    Raises:
        InputError: an ARN is not a text.
    """
    names = frozenset(each.name for state in states for each in state.root if each.type == CONFIG)
    if len(states) != 1:
        return KnownAddresses(names=names)
    functions: dict[str, str] = {}
    destinations: dict[str, str] = {}
    for arn, each in _referable(states[0]):
        if each.type == FUNCTION:
            functions[arn] = each.address
        destinations[arn] = each.address
    return KnownAddresses(functions, destinations, names)


def _referable(state: ShownCode) -> Iterator[tuple[str, ShownResource]]:
    """The resources to refer to, with their ARNs; data sources first, since resources are better.

    An address becomes part of the code, so it must be a reference and nothing else.
    """
    for each in sorted(state.root, key=lambda each: each.mode == MANAGED):
        if each.type not in _DESTINATIONS or not _is_reference(each.address):
            continue
        try:
            arn = arn_of(each)
        except InputError as problem:
            raise problem.at(state.code.file, 0) from None
        if arn:
            yield arn, each


def _is_reference(address: str) -> bool:
    return address.isprintable() and _match_reference(address) is not None
