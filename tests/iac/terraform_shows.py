"""What ``terraform show -json`` prints, by version of the AWS provider, as its schema says.

https://developer.hashicorp.com/terraform/internals/json-format, and the schemas of the resources in
hashicorp/terraform-provider-aws: versions 3 and 4 write zero values, 5 writes ``null``, and 6 adds
``region`` to every resource.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from bulkeic.core.model import Settings

ACCOUNT, REGION = "123456789012", "us-east-1"
VERSIONS = (3, 4, 5, 6)
Shown = dict[str, Any]


def arn_of(function: str, region: str = REGION) -> str:
    return f"arn:aws:lambda:{region}:{ACCOUNT}:function:{function}"


def resource(
    kind: str, name: str, values: Shown, *, module: str = "", index: object = None, **more: Any
) -> Shown:
    key = "" if index is None else f'["{index}"]' if isinstance(index, str) else f"[{index}]"
    address = f"{kind}.{name}{key}"
    shown = {
        "address": f"{module}.{address}" if module else address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "schema_version": 0,
        "values": values,
        "sensitive_values": {},
    }
    return shown | ({} if index is None else {"index": index}) | more


def config(
    name: str,
    function_name: str | None,
    settings: Settings,
    *,
    version: int = 6,
    qualifier: str = "",
    region: str = REGION,
    **more: Any,
) -> Shown:
    """A configuration; destinations that are cleared are not there."""
    unset: Any = 0 if version < 5 else None
    halves = {"on_failure": settings.on_failure, "on_success": settings.on_success}
    blocks = {half: [{"destination": arn}] if arn else [] for half, arn in halves.items()}
    values = {
        "destination_config": [blocks] if any(blocks.values()) else [],
        "function_name": function_name,
        "id": f"{function_name}:{qualifier}" if qualifier else function_name,
        "maximum_event_age_in_seconds": settings.maximum_event_age_in_seconds or unset,
        "maximum_retry_attempts": settings.maximum_retry_attempts,
        "qualifier": qualifier or ("" if version < 5 else None),
    }
    if version > 5:
        values["region"] = region
    return resource("aws_lambda_function_event_invoke_config", name, values, **more)


def function(
    name: str, *, version: int = 6, region: str = REGION, label: str = "", **more: Any
) -> Shown:
    values = {
        "arn": arn_of(name, region),
        "function_name": name,
        "environment": [{"variables": {"PASSWORD": "secret"}}],
        "version": "3",
        **({"region": region} if version > 5 else {}),
    }
    return resource("aws_lambda_function", label or name, values, **more)


def alias(name: str, of: str, **more: Any) -> Shown:
    values = {"arn": f"{arn_of(of)}:{name}", "function_name": of, "name": name}
    return resource("aws_lambda_alias", f"{of}-{name}", values, **more)


def values_of(*resources: Shown, modules: Iterable[Shown] = ()) -> Shown:
    return {"root_module": {"resources": list(resources), "child_modules": list(modules)}}


def module(address: str, *resources: Shown, modules: Sequence[Shown] = ()) -> Shown:
    return {"address": address, "resources": list(resources), "child_modules": list(modules)}


def state(*resources: Shown, modules: Iterable[Shown] = ()) -> Shown:
    values = values_of(*resources, modules=modules)
    return {"format_version": "1.0", "terraform_version": "1.9.8", "values": values}


def plan(
    *resources: Shown, unknown: dict[str, Any] | None = None, prior: Iterable[Shown] = ()
) -> Shown:
    """A plan; ``unknown`` has the ``after_unknown`` of resources, by address."""
    changes = [
        {
            "address": each["address"],
            "mode": "managed",
            "type": each["type"],
            "change": {
                "actions": ["create"],
                "after": each["values"],
                "after_unknown": (unknown or {}).get(each["address"], {"id": True}),
            },
        }
        for each in resources
    ]
    return {
        "format_version": "1.2",
        "planned_values": values_of(*resources),
        "resource_changes": changes,
        "prior_state": {"format_version": "1.0", "values": values_of(*prior)},
        "configuration": {"root_module": {}},
    }
