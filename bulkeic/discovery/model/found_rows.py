"""A target that was found, as a row of a targets file."""

from bulkeic.core.errors import printable
from bulkeic.core.model import LATEST, Settings
from bulkeic.core.targets.fields import CURRENT_COLUMNS
from bulkeic.core.targets.target_rows import FORMULA_START, TargetValues
from bulkeic.discovery.model.criteria import FoundTarget

_COLUMNS = ("FunctionName", "Qualifier", "AccountId", "Region", "RoleArn")


def found_columns(*, with_config: bool) -> tuple[str, ...]:
    """The columns of the targets file of a discovery.

    Args:
        with_config: whether targets have their configuration.
    """
    return (*_COLUMNS, *CURRENT_COLUMNS) if with_config else _COLUMNS


def found_row(target: FoundTarget, role_arn: str | None) -> TargetValues:
    """The row of a target, without the fields that it does not have.

    A name or a qualifier that begins with a minus is written as ``123456789012:function:name:-x``:
    a spreadsheet would take it for a formula.

    Args:
        target: its configuration becomes the ``Current…`` columns.
        role_arn: that its account was read with; ``None``: the caller's own credentials.
    """
    account_id, region = target.lane.account_id, target.lane.region
    name, qualifier = target.function, "" if target.qualifier == LATEST else target.qualifier
    if name.startswith(FORMULA_START) or qualifier.startswith(FORMULA_START):
        parts = [account_id, "function", name, *([qualifier] if qualifier else [])]
        name, qualifier = ":".join(parts), ""
    values = {
        "FunctionName": name,
        "Qualifier": qualifier or None,
        "AccountId": account_id,
        "Region": region,
        "RoleArn": role_arn,
        **_current(target),
    }
    return {name: value for name, value in values.items() if value is not None}


def _current(target: FoundTarget) -> dict[str, str | int | None]:
    has = Settings.from_api(target.config or {})
    destinations = [arn and printable(arn) for arn in (has.on_success, has.on_failure)]
    values = (
        has.maximum_retry_attempts,
        has.maximum_event_age_in_seconds,
        *(arn or None for arn in destinations),
    )
    return dict(zip(CURRENT_COLUMNS, values, strict=True))
