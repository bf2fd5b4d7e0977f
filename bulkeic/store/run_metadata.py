"""What a run file records about its run: the rows of the ``run`` table as one struct."""

import re
from collections.abc import Mapping
from typing import Self

import msgspec

from bulkeic.core.caller_identity import CallerIdentity
from bulkeic.store.integrity.file_integrity import DamagedError

SANDBOX, AWS = "the sandbox", "AWS"
NOT_RECORDED = "an endpoint that is not recorded"
"""Where a run's calls went that an older bulkeic made, if not to the sandbox."""
_YES = "yes"
_match_plan_parts = re.compile("[0-9a-f]{64} [0-9a-f]{64}").fullmatch


class RunMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """How a run was started. Each field that is set is a row of the ``run`` table.

    Attributes:
        source: the targets file's name.
        place: where the run's calls go: ``AWS``, ``SANDBOX`` or the URL of another endpoint;
            ``None``: not recorded.
        account_id: the account of the caller who made the run; ``None``: no lane needs the
            caller's own credentials.
        caller_arn: the principal who made the run.
        created_at: when the run file was made, ISO 8601 in UTC.
        planned: whether ``plan`` made the run.
        restores: the path of the run that this run rolls back.
        rolled_back_by: the path of the run that rolls this run back because it was halted.
        before_image: whether each target is read before it is changed.
        results: the absolute path of the results file that this run has started.
        create_missing: whether to create configurations that do not exist.
        replace_destinations: whether to clear a destination that a job does not name.
        exact: whether the settings of jobs are whole configurations (see ``core.policy.Apply``).
        where: the JMESPath expression of ``--where``.
        flags: those that later commands repeat, as JSON: flag → its words.
        made_with: the flags that the run was made with and that it stores, by name, as JSON.
        wave_rules: the rows of ``--waves-file`` as JSON (see ``core.rollout.wave_rules``).
        plan_parts: what the digest of a complete plan covers (see ``store.integrity.plan_digest``).
        left_out: how many targets a selection left out when the run was made, in digits.
        owner_sources: what the owners of targets were read from, ``tags`` and ``code``, separated
            by blanks; ``None``: they were not read.
    """

    source: str
    place: str | None = None
    account_id: str | None = None
    caller_arn: str | None = None
    created_at: str | None = None
    planned: bool = False
    restores: str | None = None
    rolled_back_by: str | None = None
    before_image: bool = False
    results: str | None = None
    create_missing: bool = False
    replace_destinations: bool = False
    exact: bool = False
    where: str | None = None
    flags: str | None = None
    made_with: str | None = None
    wave_rules: str | None = None
    plan_parts: str | None = None
    left_out: str | None = None
    owner_sources: str | None = None

    @property
    def endpoint_url(self) -> str | None:
        """The URL that the run's calls go to; ``None``: AWS or the embedded sandbox."""
        return None if self.place in {None, AWS, SANDBOX} else self.place

    @property
    def left_out_targets(self) -> int:
        """The number of targets that are not in the run because of a selection."""
        return int(self.left_out) if (self.left_out or "").isdecimal() else 0  # type: ignore[arg-type]

    @property
    def caller(self) -> CallerIdentity | None:
        """Who made the run; ``None``: not recorded."""
        if self.account_id is None or self.caller_arn is None:
            return None
        return CallerIdentity(self.account_id, self.caller_arn)

    @property
    def is_guarded(self) -> bool:
        """Whether the run changes only targets that are as a plan or an earlier run left them."""
        return self.planned or self.restores is not None

    @property
    def keeps_before_images(self) -> bool:
        """Whether each target is read, and what it has is stored, before it is changed."""
        return self.before_image or self.is_guarded

    @classmethod
    def load(cls, rows: Mapping[str, str]) -> Self:
        """The metadata of a run file.

        Args:
            rows: the ``run`` table; unknown keys are ignored.

        Raises:
            DamagedError: there is no ``source``, or a value is not what bulkeic writes.
            msgspec.DecodeError: the rows of a waves file are not what bulkeic writes.
        """
        if "source" not in rows:
            raise DamagedError("run: it does not name its targets file")
        fields = {field.name: field.type for field in msgspec.structs.fields(cls)}
        known = {name: value for name, value in rows.items() if name in fields}
        loaded = cls(
            **{name: True if fields[name] is bool else value for name, value in known.items()}  # type: ignore[arg-type]
        )
        if loaded.plan_parts is not None and not _match_plan_parts(loaded.plan_parts):
            raise DamagedError("run: plan_parts is not what was stored")
        if loaded.wave_rules is not None:
            from bulkeic.core.rollout.wave_rules import decode_wave_rules  # noqa: PLC0415 - few runs have one

            decode_wave_rules(loaded.wave_rules)
        return loaded

    def save(self) -> dict[str, str]:
        """The rows of the ``run`` table; a field that is not set has none."""
        values = msgspec.structs.asdict(self).items()
        return {
            name: _YES if value is True else value
            for name, value in values
            if value not in (None, False)
        }
