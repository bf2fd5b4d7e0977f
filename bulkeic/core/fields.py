"""The fields of a file, and how their names are recognised.

- A name matches whatever its case and separators: ``function_name``, ``FUNCTION NAME``.
- A name that is none of them is an error that tells the nearest one,
- but for what the AWS CLI prints beside them in ``list-functions`` and
  ``list-function-event-invoke-configs``: in JSON those fields are passed over.
"""

import difflib
from collections.abc import Collection

from bulkeic.core.errors import InputError, shown

_TARGET = (
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
    "RoleArn",
)

# Members of FunctionConfiguration and FunctionEventInvokeConfig in botocore's Lambda model that
# are not fields of ours.
_PASSED_OVER = frozenset({
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


class Fields:
    """The fields that a kind of file has.

    Args:
        names: of the fields.
        naming: the fields that tell what a row is about; it has one of them.
        passed_over: keys that may stand beside them and mean nothing here.
    """

    def __init__(
        self, names: tuple[str, ...], naming: Collection[str], passed_over: Collection[str] = ()
    ) -> None:
        self.names = names
        self.naming = frozenset(map(plain, naming))
        self.passed_over = frozenset(passed_over)
        self._by_plain_name = {plain(name): name for name in names}

    def named(self, name: str) -> str:
        """The field that a column or key names.

        Args:
            name: as the file has it.

        Returns:
            One of ``names``.

        Raises:
            InputError: it names none; the nearest one is told.
        """
        wanted, known = plain(name), self._by_plain_name
        field = known.get(wanted)
        if field is not None:
            return field
        near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.4)
        hint = f"did you mean {known[near[0]]}?" if near else f"known are {', '.join(self.names)}"
        raise InputError(f"unknown column {shown(name)}; {hint}")


TARGET_FIELDS = Fields(_TARGET, ("FunctionName", "FunctionArn"), _PASSED_OVER)
"""Of a targets file."""
