"""What AssumeRole takes about a session: SourceIdentity, Tags and Policy.

They are checked in this order, after the other parameters:

    check                                            refusal
    their constraints, in the service model of STS   400 ValidationError
    no key of a tag begins with "aws:", no source
        identity does, and keys differ in more than
        their case                                   400 ValidationError
    the policy is a JSON object with a Statement     400 MalformedPolicyDocument

Of a policy the sandbox knows the actions that it allows. A session with a policy of another kind
(with Deny, NotAction or Condition) may do everything.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind, query_validation_error
from bulkeic.sandbox.protocol.constraints import text_violations, violation

_IDENTITY = re.compile(r"[\w+=,.@-]*", re.ASCII)
_POLICY = re.compile(r"[\t\n\r\u0020-\u00ff]+")
_TAG = re.compile(r"Tags\.member\.([1-9]\d{0,3})\.(Key|Value)", re.ASCII)
_RESERVED = "aws:"
_MOST_TAGS = 50
_POLICY_MAX = 2048
_KEY_MAX, _VALUE_MAX = 128, 256
_TAG_RULE = "satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]"


class SessionParameters(NamedTuple):
    """What a caller said about a session.

    Attributes:
        source_identity: who acts; None for none.
        tags: value of each tag by its key.
        policy: the session policy, decoded; None for none.
    """

    source_identity: str | None
    tags: dict[str, str]
    policy: dict[str, Any] | None

    @property
    def actions(self) -> tuple[str, ...] | None:
        """Patterns of the only IAM actions that the policy allows; None if it does not say."""
        return None if self.policy is None else _allowed_actions(self.policy)

    def to_json(self) -> dict[str, Any]:
        """Return them as an object for JSON."""
        return self._asdict()


def parse_session_parameters(parameters: Mapping[str, str]) -> SessionParameters:
    """Return what AssumeRole's parameters say about the session.

    Raises:
        AwsError: the first failed check of the module's table.
    """
    identity, policy = parameters.get("SourceIdentity"), parameters.get("Policy")
    pairs = _tag_pairs(parameters)
    violations = [*_violations(identity, policy), *_tag_violations(pairs)]
    if violations:
        raise query_validation_error(violations)
    keys = [key.lower() for key, _ in pairs]
    for text in (identity or "", *keys):
        if text.startswith(_RESERVED):
            raise AwsError(ErrorKind.QUERY_INVALID, reason=f"{text} has the reserved prefix aws:")
    if len(set(keys)) < len(keys):
        raise AwsError(
            ErrorKind.QUERY_INVALID,
            reason="Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )
    return SessionParameters(identity, dict(pairs), None if policy is None else _decoded(policy))


def _tag_pairs(parameters: Mapping[str, str]) -> list[tuple[str, str]]:
    members: dict[int, dict[str, str]] = {}
    for name, value in parameters.items():
        match = _TAG.fullmatch(name)
        if match:
            members.setdefault(int(match[1]), {})[match[2]] = value
    return [(tag.get("Key", ""), tag.get("Value", "")) for _, tag in sorted(members.items())]


def _violations(identity: str | None, policy: str | None) -> Iterator[str]:
    if identity is not None:
        yield from text_violations(
            identity, "sourceIdentity", shortest=2, longest=64, pattern=_IDENTITY
        )
    if policy is not None:
        yield from text_violations(
            policy, "policy", shortest=1, longest=_POLICY_MAX, pattern=_POLICY
        )


def _tag_violations(pairs: list[tuple[str, str]]) -> Iterator[str]:
    if len(pairs) > _MOST_TAGS:
        yield violation(len(pairs), "tags", f"have length less than or equal to {_MOST_TAGS}")
    for number, (key, value) in enumerate(pairs, 1):
        for name, text, shortest, longest in (
            ("key", key, 1, _KEY_MAX),
            ("value", value, 0, _VALUE_MAX),
        ):
            field = f"tags.{number}.member.{name}"
            if not shortest <= len(text) <= longest:
                yield violation(text, field, f"have length from {shortest} to {longest}")
            elif not all(map(_is_tag_character, text)):
                yield violation(text, field, _TAG_RULE)


def _is_tag_character(character: str) -> bool:
    return character in "_.:/=+-@" or unicodedata.category(character)[0] in "LZN"


def _decoded(policy: str) -> dict[str, Any]:
    try:
        decoded = json.loads(policy)
    except (ValueError, RecursionError):
        decoded = None
    if not isinstance(decoded, dict) or not isinstance(decoded.get("Statement"), dict | list):
        raise AwsError(ErrorKind.MALFORMED_POLICY)
    return decoded


def _allowed_actions(policy: Mapping[str, Any]) -> tuple[str, ...] | None:
    statements = policy["Statement"]
    actions: list[str] = []
    for statement in [statements] if isinstance(statements, dict) else statements:
        if not isinstance(statement, dict) or statement.keys() - {"Sid"} != {
            "Effect", "Action", "Resource"
        }:  # fmt: skip
            return None
        found = statement["Action"]
        names = [found] if isinstance(found, str) else found
        is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if statement["Effect"] != "Allow" or not is_list:
            return None
        actions += names
    return tuple(actions)
