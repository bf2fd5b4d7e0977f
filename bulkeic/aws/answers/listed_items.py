"""The items of Lambda's listings, as in botocore's Lambda model.

A null means that a field is missing, as the SDK reads it. Fields that are not here are skipped:
``Environment`` holds secrets of functions, and is never read.
"""

import msgspec


class _Item(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """What is missing is ``None``, and left out of the builtins that an item becomes."""


class _ItemError(_Item):
    ErrorCode: str | None = None
    Message: str | None = None


class _VpcConfig(_Item):
    SubnetIds: list[str] | None = None
    SecurityGroupIds: list[str] | None = None
    VpcId: str | None = None
    Ipv6AllowedForDualStack: bool | None = None


class _DeadLetterConfig(_Item):
    TargetArn: str | None = None


class _TracingConfig(_Item):
    Mode: str | None = None


class _Layer(_Item):
    Arn: str | None = None
    CodeSize: int | None = None
    SigningProfileVersionArn: str | None = None
    SigningJobArn: str | None = None


class _S3FilesConfig(_Item):
    DirectS3Read: str | None = None


class _FileSystemConfig(_Item):
    Arn: str | None = None
    LocalMountPath: str | None = None
    S3FilesConfig: _S3FilesConfig | None = None


class _ImageConfig(_Item):
    EntryPoint: list[str] | None = None
    Command: list[str] | None = None
    WorkingDirectory: str | None = None


class _ImageConfigResponse(_Item):
    ImageConfig: _ImageConfig | None = None
    Error: _ItemError | None = None


class _EphemeralStorage(_Item):
    Size: int | None = None


class _SnapStart(_Item):
    ApplyOn: str | None = None
    OptimizationStatus: str | None = None


class _RuntimeVersionConfig(_Item):
    RuntimeVersionArn: str | None = None
    Error: _ItemError | None = None


class _LoggingConfig(_Item):
    LogFormat: str | None = None
    ApplicationLogLevel: str | None = None
    SystemLogLevel: str | None = None
    LogGroup: str | None = None


class _TenancyConfig(_Item):
    TenantIsolationMode: str | None = None


class _ManagedInstances(_Item):
    CapacityProviderArn: str | None = None
    PerExecutionEnvironmentMaxConcurrency: int | None = None
    ExecutionEnvironmentMemoryGiBPerVCpu: float | None = None


class _CapacityProviderConfig(_Item):
    LambdaManagedInstancesCapacityProviderConfig: _ManagedInstances | None = None


class _DurableConfig(_Item):
    KMSKeyArn: str | None = None
    RetentionPeriodInDays: int | None = None
    ExecutionTimeout: int | None = None


class ListedFunction(_Item):
    """FunctionConfiguration, without ``Environment``."""

    FunctionName: str
    FunctionArn: str
    Version: str
    Runtime: str | None = None
    Role: str | None = None
    Handler: str | None = None
    CodeSize: int | None = None
    Description: str | None = None
    Timeout: int | None = None
    MemorySize: int | None = None
    LastModified: str | None = None
    CodeSha256: str | None = None
    VpcConfig: _VpcConfig | None = None
    DeadLetterConfig: _DeadLetterConfig | None = None
    KMSKeyArn: str | None = None
    TracingConfig: _TracingConfig | None = None
    MasterArn: str | None = None
    RevisionId: str | None = None
    Layers: list[_Layer] | None = None
    State: str | None = None
    StateReason: str | None = None
    StateReasonCode: str | None = None
    LastUpdateStatus: str | None = None
    LastUpdateStatusReason: str | None = None
    LastUpdateStatusReasonCode: str | None = None
    FileSystemConfigs: list[_FileSystemConfig] | None = None
    SigningProfileVersionArn: str | None = None
    SigningJobArn: str | None = None
    PackageType: str | None = None
    ImageConfigResponse: _ImageConfigResponse | None = None
    Architectures: list[str] | None = None
    EphemeralStorage: _EphemeralStorage | None = None
    SnapStart: _SnapStart | None = None
    RuntimeVersionConfig: _RuntimeVersionConfig | None = None
    LoggingConfig: _LoggingConfig | None = None
    TenancyConfig: _TenancyConfig | None = None
    CapacityProviderConfig: _CapacityProviderConfig | None = None
    ConfigSha256: str | None = None
    DurableConfig: _DurableConfig | None = None


class _RoutingConfig(_Item):
    AdditionalVersionWeights: dict[str, float] | None = None


class ListedAlias(_Item):
    """AliasConfiguration."""

    AliasArn: str
    Name: str
    FunctionVersion: str | None = None
    Description: str | None = None
    RoutingConfig: _RoutingConfig | None = None
    RevisionId: str | None = None


class _Destination(_Item):
    Destination: str | None = None


class _DestinationConfig(_Item):
    OnSuccess: _Destination | None = None
    OnFailure: _Destination | None = None


class ListedConfig(_Item):
    """FunctionEventInvokeConfig."""

    FunctionArn: str
    LastModified: float | None = None
    MaximumRetryAttempts: int | None = None
    MaximumEventAgeInSeconds: int | None = None
    DestinationConfig: _DestinationConfig | None = None
