"""The fields of an outcome as users see them, in JSON and CSV: derived from ``Outcome``."""

from operator import attrgetter
from typing import Any

from bulkeic.core.model import Outcome

_OF_TARGET = ("function_arn", "qualifier", "account_id", "region")

OUTCOME_FIELDS = tuple(
    name
    for field in Outcome.__struct_fields__
    for name in (_OF_TARGET if field == "target" else (field,))
)
"""Names of the fields, in order; ``target`` is spread over four of them."""

_SOURCE = OUTCOME_FIELDS.index("source")
_values = attrgetter(*OUTCOME_FIELDS)


def outcome_values(outcome: Outcome) -> list[Any]:
    """The values of ``OUTCOME_FIELDS``, in the same order; objects are dictionaries."""
    values = list(_values(outcome))
    values[_SOURCE] = str(outcome.source)
    return values
