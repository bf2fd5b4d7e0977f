"""The fields of a targets file, and how their names are recognised.

- A name matches whatever its case and separators: ``function_name``, ``FUNCTION NAME``.
- A name that is none of them is an error that tells the nearest one,
- but for what the AWS CLI prints beside them in ``list-functions`` and
  ``list-function-event-invoke-configs``: in JSON those fields are passed over.
"""

import difflib

from bulkeic.core.errors import InputError, shown

FIELDS = (
    "FunctionName",
    "FunctionArn",
    "Qualifier",
    "MaximumRetryAttempts",
    "MaximumEventAgeInSeconds",
    "OnSuccess",
    "OnFailure",
    "DestinationConfig",
    "Region",
    "AccountId",
)

# Members of FunctionConfiguration and FunctionEventInvokeConfig in botocore's Lambda model that
# are not fields of ours.
PASSED_OVER = frozenset({
    "Architectures", "CapacityProviderConfig", "CodeSha256", "CodeSize", "ConfigSha256",
    "DeadLetterConfig", "Description", "DurableConfig", "Environment", "EphemeralStorage",
    "FileSystemConfigs", "Handler", "ImageConfigResponse", "KMSKeyArn", "LastModified",
    "LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "Layers",
    "LoggingConfig", "MasterArn", "MemorySize", "PackageType", "RevisionId", "Role", "Runtime",
    "RuntimeVersionConfig", "SigningJobArn", "SigningProfileVersionArn", "SnapStart", "State",
    "StateReason", "StateReasonCode", "TenancyConfig", "Timeout", "TracingConfig", "Version",
    "VpcConfig",
})  # fmt: skip


def plain(name: str) -> str:
    """A name without case and separators."""
    return "".join(character for character in name if character.isalnum()).lower()


_BY_PLAIN_NAME = {plain(name): name for name in FIELDS}


def field_named(name: str) -> str:
    """The field that a column or key names.

    Args:
        name: as the file has it.

    Returns:
        One of ``FIELDS``.

    Raises:
        InputError: it names none; the nearest one is told.
    """
    wanted = plain(name)
    field = _BY_PLAIN_NAME.get(wanted)
    if field is not None:
        return field
    near = difflib.get_close_matches(wanted, _BY_PLAIN_NAME, n=1, cutoff=0.4)
    hint = f"did you mean {_BY_PLAIN_NAME[near[0]]}?" if near else f"known are {', '.join(FIELDS)}"
    raise InputError(f"unknown column {shown(name)}; {hint}")
