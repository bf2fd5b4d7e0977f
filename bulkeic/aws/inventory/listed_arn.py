"""The ARN of a function in an answer of another service."""

import functools

import msgspec

from bulkeic.core.model import Lane
from bulkeic.core.targets.names import parse_function


class ListedArn(msgspec.Struct, frozen=True):
    """What the ARN of a function says.

    Attributes:
        lane: where the function is.
        name: its bare name.
        is_qualified: whether the ARN names a version or an alias instead of the function.
    """

    lane: Lane
    name: str
    is_qualified: bool


def read_arn(text: str) -> ListedArn:
    """Parses the ARN of a function.

    Raises:
        InputError: it is not the name of a function in any form.
        ValueError: it is not a whole ARN.
    """
    parsed = parse_function(text, "")
    if parsed.account_id is None or parsed.region is None:
        raise ValueError("the name of a function is not an ARN")
    lane = _lane(parsed.account_id, parsed.region)
    return ListedArn(lane, parsed.name, parsed.qualifier is not None)


@functools.lru_cache(1024)
def _lane(account_id: str, region: str) -> Lane:
    """Returns one object for all functions of a lane, of which there may be many."""
    return Lane(account_id, region)
