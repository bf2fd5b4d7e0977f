"""AWS's query protocol for CloudWatch: form fields in, XML out.

Many installed versions of the AWS CLI and of SDKs send it; the SDK for Python sends JSON.

    AlarmNames.member.1=a&AlarmNames.member.2=b     ->  {"AlarmNames": ["a", "b"]}
    {"MetricAlarms": [{"AlarmName": "a"}]}          ->  <MetricAlarms><member><AlarmName>a...
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import parse_qsl

from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind, xml_text

NAMESPACE = "http://monitoring.amazonaws.com/doc/2010-08-01/"
_DEPTH_MAX = 12
_FIELDS_MAX = 10_000
_PROTOCOL_FIELDS = ("Action", "Version")


def query_action(body: bytes) -> str:
    """Return the action that a request names; empty if it names none."""
    return dict(_fields(body)).get("Action", "")


def query_parameters(body: bytes, types: Mapping[str, type]) -> dict[str, Any]:
    """Return the parameters of a request as JSON would have them.

    Args:
        body: the request's body.
        types: the types of the parameters that are not texts or structures of texts.

    Raises:
        AwsError: a parameter has another type, or the fields are no structure.
    """
    tree: dict[str, Any] = {}
    for path, text in _fields(body):
        *parents, name = path.split(".", _DEPTH_MAX)
        node: Any = tree
        for parent in parents:
            node = node.setdefault(parent, {}) if isinstance(node, dict) else None
        if not isinstance(node, dict) or "." in name:
            raise _wrong("structure")
        node[name] = text
    return {
        name: _typed(_without_members(value), types.get(name, str))
        for name, value in tree.items()
        if name not in _PROTOCOL_FIELDS
    }


def query_body(action: str, response: Mapping[str, Any], request_id: str) -> bytes:
    """Return the body of a response."""
    result = f"<{action}Result>{_xml(response)}</{action}Result>"
    return (
        f'<{action}Response xmlns="{NAMESPACE}">{result}<ResponseMetadata><RequestId>{request_id}'
        f"</RequestId></ResponseMetadata></{action}Response>"
    ).encode()


def _fields(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS_MAX
        )
    except ValueError:
        raise _wrong("fields") from None


def _without_members(value: Any) -> Any:
    """Return a structure in which {"member": {"1": ..., "2": ...}} is a list."""
    if not isinstance(value, dict):
        return value
    plain = {name: _without_members(inner) for name, inner in value.items()}
    if value.keys() != {"member"} or not isinstance(value["member"], dict):
        return plain
    members = plain["member"]
    if not isinstance(members, dict) or not all(
        name.isdecimal() and len(name) < _DEPTH_MAX for name in members
    ):
        raise _wrong("list")
    return [members[name] for name in sorted(members, key=int)]


def _typed(value: Any, kind: type) -> Any:
    if kind is list and value == "":
        return []
    if kind in (str, list) or not isinstance(value, str):
        return value
    if kind is bool:
        if value not in ("true", "false"):
            raise _wrong("Boolean")
        return value == "true"
    try:
        return kind(value)
    except ValueError:
        raise _wrong(kind.__name__) from None


def _wrong(wanted: str) -> AwsError:
    return AwsError(ErrorKind.WRONG_TYPE, token="VALUE", wanted=f"a {wanted}")  # noqa: S106


def _xml(value: Any, name: str = "") -> str:
    if isinstance(value, Mapping):
        parts = ((str(key), inner) for key, inner in value.items())
        return "".join(f"<{key}>{_xml(inner, key)}</{key}>" for key, inner in parts)
    if isinstance(value, list | tuple):
        return "".join(f"<member>{_xml(each)}</member>" for each in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if name.endswith("Timestamp") and isinstance(value, float):
        moment = datetime.fromtimestamp(value, UTC).replace(tzinfo=None)
        return f"{moment.isoformat(timespec='milliseconds')}Z"
    return escape(xml_text(str(value)), quote=False)
