"""The fields of a file, and how their names are recognized.

- A name matches whatever its case and separators: ``function_name``, ``FUNCTION NAME``.
- An unknown name is an error that suggests the nearest field.
- JSON may also hold what the AWS CLI prints in ``list-functions`` and
  ``list-function-event-invoke-configs``; those fields are ignored.
- A row with a status is the outcome of a run. What it says about the call is ignored.
- The ``Current…`` columns, which ``discover`` writes, are ignored in every row.
"""

import difflib
from collections.abc import Collection

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.outcome_fields import OUTCOME_FIELDS

_TARGET = (
    "FunctionName",
    "FunctionArn",
    "Qualifier",
    "MaximumRetryAttempts",
    "MaximumEventAgeInSeconds",
    "OnSuccess",
    "OnFailure",
    "DestinationConfig",
    "Settings",
    "Region",
    "AccountId",
    "RoleArn",
    "Wave",
)

# Members of FunctionConfiguration and FunctionEventInvokeConfig in botocore's Lambda model that
# are not fields of a targets file.
_IGNORED = frozenset({
    "Architectures", "CapacityProviderConfig", "CodeSha256", "CodeSize", "ConfigSha256",
    "DeadLetterConfig", "Description", "DurableConfig", "Environment", "EphemeralStorage",
    "FileSystemConfigs", "Handler", "ImageConfigResponse", "KMSKeyArn", "LastModified",
    "LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode", "Layers",
    "LoggingConfig", "MasterArn", "MemorySize", "PackageType", "RevisionId", "Role", "Runtime",
    "RuntimeVersionConfig", "SigningJobArn", "SigningProfileVersionArn", "SnapStart", "State",
    "StateReason", "StateReasonCode", "TenancyConfig", "Timeout", "TracingConfig", "Version",
    "VpcConfig",
})  # fmt: skip


CURRENT_COLUMNS = (
    "CurrentMaximumRetryAttempts",
    "CurrentMaximumEventAgeInSeconds",
    "CurrentOnSuccess",
    "CurrentOnFailure",
)
"""What a target had when it was discovered."""

OUTCOME_MARK = "status"
"""The field that makes a row the outcome of a run."""


def normalize_name(name: str) -> str:
    """The name in lower case, without separators."""
    return "".join(character for character in name if character.isalnum()).lower()


class Fields:
    """The fields of one kind of file.

    Args:
        names: of the fields.
        identifying: the fields that name what a row is about; each row has one of them.
        ignored: keys of JSON objects that are ignored.
        of_outcomes: columns of an exported outcome. Those that are no fields are ignored in a row
            with ``OUTCOME_MARK``.
        for_people: columns that are ignored in every row, in any spelling.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        identifying: Collection[str],
        ignored: Collection[str] = (),
        of_outcomes: Collection[str] = (),
        for_people: Collection[str] = (),
    ) -> None:
        self.names = names
        self.identifying = frozenset(map(normalize_name, identifying))
        self.ignored = frozenset(ignored)
        self._by_normalized_name = known = {
            normalize_name(name): name for name in (*names, *for_people)
        }
        self._for_people = frozenset(for_people)
        self.ignored_columns = frozenset(
            name for name in of_outcomes if normalize_name(name) not in known
        )
        self.ignored_in_outcomes = self.ignored | self.ignored_columns

    def is_identifying(self, name: str) -> bool:
        """Whether a column or key names what its row is about."""
        return normalize_name(name) in self.identifying

    def is_known(self, name: str) -> bool:
        """Whether a row may have the key, be it a field or ignored."""
        return name in self.ignored_in_outcomes or normalize_name(name) in self._by_normalized_name

    def find(self, name: str) -> str | None:
        """The field that a column or key names.

        Args:
            name: as the file has it.

        Returns:
            One of ``names``; ``None``: the column is ignored in every row.

        Raises:
            InputError: the name is unknown; the text suggests the nearest field.
        """
        wanted, known = normalize_name(name), self._by_normalized_name
        field = known.get(wanted)
        if field is not None:
            return None if field in self._for_people else field
        near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.4)
        hint = f"did you mean {known[near[0]]}?" if near else f"known are {', '.join(self.names)}"
        raise InputError(f"unknown column {quoted(name)}; {hint}")


TARGET_FIELDS = Fields(
    _TARGET, ("FunctionName", "FunctionArn"), _IGNORED, OUTCOME_FIELDS, CURRENT_COLUMNS
)
"""The fields of a targets file."""
