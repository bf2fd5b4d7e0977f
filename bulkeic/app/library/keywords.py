"""The keywords of the library's calls: the flags of the commands, with underscores.

Here are only their Python types. Their help, ranges and defaults are those of the declared options,
which ``given_options`` applies. A test checks that both lists agree.
"""

from collections.abc import Sequence
from datetime import datetime
from os import PathLike
from typing import Literal, TypedDict

FileName = str | PathLike[str]
Texts = str | Sequence[str]
"""One text, or several."""
Seconds = float | str
"""Seconds, or a text with a unit: ``500ms``, ``2m``, ``1h``."""
Amount = int | str
"""A number, or a percentage: ``"5%"``."""

NOT_IN_LIBRARY = frozenset({
    # the call is the confirmation
    "yes",
    # the program shows and logs what it wants
    "output", "diff", "detailed_exitcode", "verbose", "json", "no_progress",
    "log_format", "log_level",
    # they start processes, threads or servers
    "workers", "tls_ca_file", "tls_cert", "tls_key", "insecure", "ui", "notify", "metrics", "otel",
    # infrastructure code as the source of targets
    "terraform", "template", "parameter", "stack",
})  # fmt: skip
"""The flags that no call has."""


class AccessKeywords(TypedDict, total=False):
    """Access to AWS."""

    profile: str | None
    region: str | None
    endpoint_url: str | None
    role_arn: str | None
    accounts: FileName | None
    external_id: str | None
    role_session_name: str
    duration: int
    source_identity: str | None
    session_tag: Texts
    session_policy: Literal["minimal"] | None


class PaceKeywords(TypedDict, total=False):
    """How fast to call, and when to give up."""

    rate: float | Literal["auto", "unlimited"]
    headroom: float | str
    burst: float | None
    concurrency: int
    max_attempts: int
    throttle_budget: Seconds
    timeout: Seconds
    give_up_after: Seconds
    max_denied: int


class SelectionKeywords(TypedDict, total=False):
    """Which targets of the source."""

    name: Texts
    account: Texts
    select_region: Texts
    status: Texts
    sample: Amount | None
    seed: int
    limit: int | None
    skip_managed: bool
    only_managed: bool
    accept_loss: bool


class RunKeywords(AccessKeywords, PaceKeywords, SelectionKeywords, total=False):
    """What every call that works on a run has."""

    sandbox: bool


class TargetsKeywords(RunKeywords, total=False):
    """What every call that reads a targets file has."""

    maximum_retry_attempts: int | None
    maximum_event_age_in_seconds: int | None
    on_success: str | None
    on_failure: str | None
    replace_destinations: bool
    max_targets: int | None
    allow_empty: bool
    format: Literal["csv", "json", "jsonl"] | None
    skip_invalid: bool


class NewRunKeywords(TypedDict, total=False):
    """What every call that makes a run file has."""

    run: FileName | None


class ResultsKeywords(TypedDict, total=False):
    """What every call that writes outcomes has."""

    results: FileName | None
    overwrite: bool


class WriteKeywords(NewRunKeywords, ResultsKeywords, total=False):
    """What every call that changes targets has."""

    max_failures: Amount | None
    force: bool
    until: Seconds | datetime | None
    not_before: Seconds | datetime | None
    wait_for_iam: Seconds


class PlanKeywords(TargetsKeywords, NewRunKeywords, total=False):
    """The keywords of ``plan``."""

    create_missing: bool
    where: str | None
    read_tags: bool | None
    waves_file: FileName | None


class ApplyKeywords(TargetsKeywords, WriteKeywords, total=False):
    """The keywords of ``apply``."""

    create_missing: bool
    where: str | None
    read_tags: bool | None
    before_image: bool | None
    waves: str | Sequence[Amount] | None
    waves_file: FileName | None
    wave_by: Literal["lane", "region"] | None
    wave_pause: Seconds | None
    bake: Seconds | None
    gate: str | None
    gate_interval: Seconds
    gate_timeout: Seconds
    alarm: Texts
    alarm_interval: Seconds
    change_calendar: str | None
    on_halt: Literal["stop", "rollback"]
    expect: str | None
    retry_failed: bool
    error_code: Texts


class VerifyKeywords(TargetsKeywords, ResultsKeywords, total=False):
    """The keywords of ``verify``."""

    markdown: FileName | None
    junit: FileName | None


class RollbackKeywords(RunKeywords, WriteKeywords, total=False):
    """The keywords of ``rollback``."""

    plan: bool


class ReportKeywords(SelectionKeywords, total=False):
    """The keywords of ``read_report``: also write it to files, which must not exist."""

    markdown: FileName | None
    html: FileName | None
    junit: FileName | None


class DiscoverKeywords(AccessKeywords, PaceKeywords, total=False):
    """The keywords of ``discover``."""

    organization: bool
    ou: Texts
    exclude_account: Texts
    regions: Texts
    qualifiers: Texts
    name: Texts
    tag: Texts
    runtime: Texts
    modified_since: str | datetime | None
    managed_by: Texts
    where: str | None
    with_config: bool
    source: Literal["lambda", "resource-explorer", "config"]
    view: str | None
    aggregator: str | None
    run: FileName | None
