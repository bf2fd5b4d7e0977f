"""The functions that an aggregator of AWS Config knows, with their recorded configurations."""

import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from bulkeic.aws.inventory.listed_arn import read_arn
from bulkeic.aws.services.service_calls import AwsOperation, ServiceCalls
from bulkeic.core.errors import ServiceError
from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import Lane

_PAGE = 100
_EXPRESSION = (
    "SELECT accountId, awsRegion, resourceName, arn, configuration, tags "
    "WHERE resourceType = 'AWS::Lambda::Function'"
)
_AGGREGATORS = AwsOperation(
    "config", "DescribeConfigurationAggregators", "ConfigurationAggregators"
)
_SELECT = AwsOperation("config", "SelectAggregateResourceConfig", "Results")
_is_aggregator = re.compile(r"[\w-]{1,256}", re.ASCII).fullmatch
_SHOWN = 10
# May hold secrets.
_ENVIRONMENT = "environment"
_OTHER_NAMES = {"kmskeyarn": "KMSKeyArn"}


class _Aggregator(msgspec.Struct, rename="pascal"):
    configuration_aggregator_name: str


class _RecordedTag(msgspec.Struct):
    key: str
    value: str = ""


class _RecordedFunction(msgspec.Struct, rename="camel"):
    arn: str
    account_id: str
    aws_region: str
    configuration: dict[str, Any] | None = None
    tags: list[_RecordedTag] | None = None


_decode = msgspec.json.Decoder(_RecordedFunction).decode


async def aggregated_functions(
    calls: ServiceCalls, lane: Lane, aggregator: str | None
) -> AsyncIterator[FoundFunction]:
    """Yields the functions that an aggregator knows, each once.

    Args:
        calls: of the services.
        lane: the account and the Region of the aggregator.
        aggregator: its name; ``None``: the only one in the lane.

    Raises:
        ServiceError: none or several aggregators may be meant, or a call failed.
    """
    name = aggregator or await _only_aggregator(calls, lane)
    seen: set[tuple[Lane, str]] = set()
    async for function in calls.items(
        _SELECT,
        lane,
        _read_function,
        Expression=_EXPRESSION,
        ConfigurationAggregatorName=name,
        Limit=_PAGE,
    ):
        if (function.lane, function.name) not in seen:
            seen.add((function.lane, function.name))
            yield function


async def _only_aggregator(calls: ServiceCalls, lane: Lane) -> str:
    names = sorted([name async for name in calls.items(_AGGREGATORS, lane, _read_aggregator)])
    if len(names) == 1:
        return names[0]
    if not names:
        raise ServiceError(
            "NoAggregator",
            f"AWS Config has no aggregator in {lane}; "
            "give --region with the Region of an aggregator, or create one",
            is_denied=False,
        )
    shown = [*names[:_SHOWN], "…"] if len(names) > _SHOWN else names
    raise ServiceError(
        "SeveralAggregators",
        f"AWS Config has {len(names)} aggregators in {lane}; give --aggregator with one of "
        + ", ".join(shown),
        is_denied=False,
    )


def _read_aggregator(item: Any) -> str:
    name = msgspec.convert(item, _Aggregator).configuration_aggregator_name
    if not _is_aggregator(name):
        raise ValueError("the name of an aggregator is invalid")
    return name


def _read_function(item: Any) -> FoundFunction:
    """Reads one result, which is JSON.

    Raises:
        ValueError, InputError: it is not a function, or contradicts itself.
    """
    recorded = _decode(item)
    arn = read_arn(recorded.arn)
    if arn.is_qualified or arn.lane != Lane(recorded.account_id, recorded.aws_region):
        raise ValueError("the ARN of a result contradicts its account or Region")
    configuration = {
        name: value
        for name, value in (recorded.configuration or {}).items()
        if name.lower() != _ENVIRONMENT
    }
    return FoundFunction(
        lane=arn.lane,
        name=arn.name,
        facts=_api_names(configuration),
        tags={tag.key: tag.value for tag in recorded.tags or ()},
    )


def _api_names(value: Any) -> Any:
    """Returns a recorded configuration with the names and the form of Lambda's API.

    Its names begin lower case, and it wraps some texts: ``"state": {"value": "Active"}``.
    """
    if isinstance(value, list):
        return [_api_names(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"value"}:
        return value["value"]
    return {
        _OTHER_NAMES.get(name.lower(), f"{name[:1].upper()}{name[1:]}"): _api_names(each)
        for name, each in value.items()
    }
