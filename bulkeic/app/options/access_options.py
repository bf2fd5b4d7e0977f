"""The options of access to AWS and of logs, which every command that calls AWS has."""

from typing import Annotated, Literal

import msgspec

from bulkeic.core.accounts import RoleSession
from bulkeic.core.options.known_values import KnownValues
from bulkeic.core.options.option_declaration import Configurable, Flag, OptionGroup, Repeat
from bulkeic.core.options.option_values import FileName, Integer, ParsedText, ValueType
from bulkeic.core.options.session_tags import (
    SessionTag,
    parse_session_tag,
    parse_source_identity,
    write_session_tag,
)
from bulkeic.core.texts.redaction import parse_endpoint

FILE = FileName("FILE", known=KnownValues.FILES)
REGION = ValueType("REGION", known=KnownValues.REGIONS)

_ROLE_SESSION = RoleSession()


class AccessOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which AWS to call, in AWS's own words."""

    profile: Annotated[str | None, Flag(
        "--profile", "AWS profile.", OptionGroup.ACCESS,
        ValueType("NAME", known=KnownValues.PROFILES), "from the AWS environment"
    )] = None  # fmt: skip
    region: Annotated[str | None, Flag(
        "--region", "Region of targets that name none.", OptionGroup.ACCESS, REGION,
        "from the AWS environment")] = None  # fmt: skip
    endpoint_url: Annotated[str | None, Flag(
        "--endpoint-url", "Call this URL for all services instead of AWS's endpoints. "
        "Variables such as AWS_ENDPOINT_URL_LAMBDA set the URL of one service.",
        OptionGroup.ACCESS, ParsedText("URL", parse_endpoint), configurable=Configurable.BY_USER,
        excludes=("--sandbox",))] = None  # fmt: skip
    role_arn: Annotated[str | None, Flag(
        "--role-arn", "Role to assume in each account, for example "
        "arn:aws:iam::{account}:role/deployer.", OptionGroup.ACCESS, ValueType("ARN")
    )] = None  # fmt: skip
    accounts: Annotated[str | None, Flag(
        "--accounts", "CSV or JSON file of accounts with their roles, external ids, profiles and "
        "Regions.", OptionGroup.ACCESS, FILE)] = None  # fmt: skip
    external_id: Annotated[str | None, Flag(
        "--external-id", "External id that the trust policies of the roles require.",
        OptionGroup.ACCESS, ValueType("ID"))] = None  # fmt: skip
    role_session_name: Annotated[str, Flag(
        "--role-session-name", "Name of the role sessions, as CloudTrail shows it.",
        OptionGroup.ACCESS, ValueType("NAME"))] = _ROLE_SESSION.name  # fmt: skip
    duration_s: Annotated[int, Flag(
        "--duration", "How long the credentials of a role last. At most 3600 where one role "
        "assumes another.", OptionGroup.ACCESS, Integer(900, 43200, placeholder="SECONDS")
    )] = _ROLE_SESSION.duration_s  # fmt: skip

    source_identity: Annotated[str | None, Flag(
        "--source-identity", "Who acts, for CloudTrail. It stays the same where one role assumes "
        "another.", OptionGroup.ACCESS, ParsedText("NAME", parse_source_identity)
    )] = None  # fmt: skip
    session_tags: Annotated[tuple[SessionTag, ...], Flag(
        "--session-tag", "Tag of the role sessions, for CloudTrail and policies. Can be repeated.",
        OptionGroup.ACCESS, ParsedText("KEY=VALUE", parse_session_tag, write_session_tag),
        "none", is_multiple=True)] = ()  # fmt: skip
    session_policy: Annotated[Literal["minimal"] | None, Flag(
        "--session-policy", "Limit the role sessions to the permissions that the command needs.",
        OptionGroup.ACCESS, default="what the role allows")] = None  # fmt: skip

    def role_session(self, needed: tuple[str, ...]) -> RoleSession:
        """How roles are assumed.

        Args:
            needed: the IAM actions that the command needs.
        """
        return RoleSession(
            name=self.role_session_name,
            duration_s=self.duration_s,
            source_identity=self.source_identity,
            tags=self.session_tags,
            actions=None if self.session_policy is None else needed,
        )

    @property
    def role_flag(self) -> str | None:
        """A given flag that has an effect only where a role is assumed; ``None``: there is none."""
        for flag, is_given in (
            ("--source-identity", self.source_identity is not None),
            ("--session-tag", bool(self.session_tags)),
            ("--session-policy", self.session_policy is not None),
        ):
            if is_given:
                return flag
        return None


def verbose_flag(text: str, commands: frozenset[str] = frozenset()) -> Flag:
    """The flag that prints every detail.

    Args:
        text: says which details, for the help.
        commands: see ``Flag``.
    """
    return Flag(
        "--verbose",
        text,
        OptionGroup.OUTPUT,
        aliases=("-v",),
        repeat=Repeat.NEVER,
        commands=commands,
    )


LogLevel = Annotated[Literal["debug", "info", "warning", "error", "critical"], Flag(
    "--log-level", "Log messages of this level and above: the first failures at warning; all "
    "failures, retries and throttles at info.", OptionGroup.OUTPUT)]  # fmt: skip


class LogOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is logged, and how."""

    log_format: Annotated[Literal["console", "json"] | None, Flag(
        "--log-format", "Format of the logs on stderr.", OptionGroup.OUTPUT,
        default="console on a terminal, else json")] = None  # fmt: skip
    log_level: LogLevel = "warning"
