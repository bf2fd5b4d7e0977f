"""What ``--where`` is evaluated on: a configuration, or a target that ``discover`` has found.

The fields are those of botocore's model of Lambda.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

Shape = Mapping[str, Any] | None
"""The fields that a value can have, each with its own shape; ``None``: any."""

NUMBER: Shape = {}
"""A number, known by its identity: it has no fields either."""

_VALUE: Shape = {}
_LIST: Shape = {}  # its elements are not checked
_ERROR: Shape = {"ErrorCode": _VALUE, "Message": _VALUE}
_DESTINATION: Shape = {"Destination": _VALUE}


class Document(msgspec.Struct, frozen=True):
    """A kind of document.

    Attributes:
        noun: what it is, for errors.
        example: a valid expression, for errors.
        fields: that it can have.
        withheld: fields of AWS that it never has, each with the reason.
        max_size: most elements and characters of a value; the largest document has fewer.
    """

    noun: str
    example: str
    fields: Mapping[str, Any]
    withheld: Mapping[str, str] = {}
    max_size: int = 10_000


CONFIGURATION = Document(
    "configuration",
    "MaximumRetryAttempts > `0`",
    {
        "FunctionArn": _VALUE,
        "LastModified": _VALUE,
        "MaximumRetryAttempts": NUMBER,
        "MaximumEventAgeInSeconds": NUMBER,
        "DestinationConfig": {"OnSuccess": _DESTINATION, "OnFailure": _DESTINATION},
    },
)
"""An event-invoke configuration."""

FOUND_TARGET = Document(
    "target",
    "Timeout > `60`",
    {
        "FunctionName": _VALUE,
        "FunctionArn": _VALUE,
        "Qualifier": _VALUE,
        "Tags": None,
        "EventInvokeConfig": CONFIGURATION.fields,
        "Runtime": _VALUE,
        "Role": _VALUE,
        "Handler": _VALUE,
        "CodeSize": NUMBER,
        "Description": _VALUE,
        "Timeout": NUMBER,
        "MemorySize": NUMBER,
        "LastModified": _VALUE,
        "CodeSha256": _VALUE,
        "Version": _VALUE,
        "VpcConfig": {
            "SubnetIds": _LIST,
            "SecurityGroupIds": _LIST,
            "VpcId": _VALUE,
            "Ipv6AllowedForDualStack": _VALUE,
        },
        "DeadLetterConfig": {"TargetArn": _VALUE},
        "KMSKeyArn": _VALUE,
        "TracingConfig": {"Mode": _VALUE},
        "MasterArn": _VALUE,
        "RevisionId": _VALUE,
        "Layers": _LIST,
        "State": _VALUE,
        "StateReason": _VALUE,
        "StateReasonCode": _VALUE,
        "LastUpdateStatus": _VALUE,
        "LastUpdateStatusReason": _VALUE,
        "LastUpdateStatusReasonCode": _VALUE,
        "FileSystemConfigs": _LIST,
        "SigningProfileVersionArn": _VALUE,
        "SigningJobArn": _VALUE,
        "PackageType": _VALUE,
        "ImageConfigResponse": {
            "ImageConfig": {"EntryPoint": _LIST, "Command": _LIST, "WorkingDirectory": _VALUE},
            "Error": _ERROR,
        },
        "Architectures": _LIST,
        "EphemeralStorage": {"Size": NUMBER},
        "SnapStart": {"ApplyOn": _VALUE, "OptimizationStatus": _VALUE},
        "RuntimeVersionConfig": {"RuntimeVersionArn": _VALUE, "Error": _ERROR},
        "LoggingConfig": {
            "LogFormat": _VALUE,
            "ApplicationLogLevel": _VALUE,
            "SystemLogLevel": _VALUE,
            "LogGroup": _VALUE,
        },
        "TenancyConfig": {"TenantIsolationMode": _VALUE},
        "CapacityProviderConfig": {
            "LambdaManagedInstancesCapacityProviderConfig": {
                "CapacityProviderArn": _VALUE,
                "PerExecutionEnvironmentMaxConcurrency": NUMBER,
                "ExecutionEnvironmentMemoryGiBPerVCpu": NUMBER,
            }
        },
        "ConfigSha256": _VALUE,
        "DurableConfig": {
            "KMSKeyArn": _VALUE,
            "RetentionPeriodInDays": NUMBER,
            "ExecutionTimeout": NUMBER,
        },
    },
    {"Environment": "environment variables hold secrets, so they are not read"},
    max_size=40_000,  # 50 tags have up to 19,200 characters
)
"""A target as ``discover`` finds it: the function's entry of ListFunctions, and more."""
