"""STS, of which one action: GetCallerIdentity. Query protocol in, XML out."""

from urllib.parse import parse_qsl

from bulkeic.sandbox.caller import Caller
from bulkeic.sandbox.errors import AwsError, Kind
from bulkeic.sandbox.message import Request

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
CALLER_IDENTITY = "GetCallerIdentity"


def parameters(request: Request) -> dict[str, str]:
    """The parameters of a query-protocol request."""
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def perform(sent: dict[str, str], caller: Caller, request_id: str) -> bytes:
    """Do what a call asks for.

    Args:
        sent: its parameters.
        caller: who sent it.
        request_id: goes into the answer.

    Returns:
        The answer's body.

    Raises:
        AwsError: any other action.
    """
    action = sent.get("Action", "")
    if action != CALLER_IDENTITY:
        raise AwsError(Kind.UNKNOWN_ACTION, action=action, version=sent.get("Version", ""))
    account = caller.lane[0]
    return (
        f'<{action}Response xmlns="{NAMESPACE}"><{action}Result><Arn>{caller.user_arn}</Arn>'
        f"<UserId>AIDA{account}</UserId><Account>{account}</Account></{action}Result>"
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    ).encode()
