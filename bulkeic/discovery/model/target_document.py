"""What ``--where`` of a discovery sees of a target."""

from typing import Any

from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import Target
from bulkeic.core.targets.names import partition_of

TAGS_FIELD = "Tags"
CONFIG_FIELD = "EventInvokeConfig"


def target_document(function: FoundFunction, qualifier: str) -> dict[str, Any]:
    """A target as one object, API names.

    It has what ListFunctions says of the function, or of the version that the qualifier names, and:

    =====================  ====================================================
    field                  value
    =====================  ====================================================
    ``Qualifier``          ``$LATEST``, a version or an alias
    ``Tags``               of the function; ``{}``: none, or they were not read
    ``EventInvokeConfig``  its configuration; ``None``: none, or it was not read
    =====================  ====================================================

    Args:
        function: which has the target.
        qualifier: of the target.
    """
    lane = function.lane
    target = Target(lane, function.name, partition=partition_of(lane.region))
    named = {"FunctionName": function.name, "FunctionArn": target.arn}
    return {
        **named,
        **function.versions.get(qualifier, function.facts),
        "Qualifier": qualifier,
        TAGS_FIELD: function.tags or {},
        CONFIG_FIELD: (function.configs or {}).get(qualifier),
    }
