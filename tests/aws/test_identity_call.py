"""GetCallerIdentity without the SDK has the result, the errors and the retries of the SDK's."""

import pytest

from bulkeic.aws.access import Access
from bulkeic.aws.known_requests import IDENTITY_BODY
from bulkeic.core.errors import BulkeicError

from .scripted_server import Connection, Script, ScriptedServer

IDENTITY = (
    "<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>"
    "<GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:user/me</Arn><UserId>AIDA</UserId>"
    "<Account>111111111111</Account></GetCallerIdentityResult>"
    "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
)
ERROR = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no &lt;{code}&gt;"
    "</Message></Error><RequestId>r</RequestId></ErrorResponse>"
)


def answer(status: int, body: str, headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body.encode())}\r\n{headers}\r\n"
    return head.encode() + body.encode()


def error(status: int, code: str, headers: str = "") -> bytes:
    return answer(status, ERROR.format(code=code), headers)


ANSWERS = {
    "identity": [answer(200, IDENTITY)],
    "identity of another layout": [answer(200, IDENTITY.replace("><", ">\n  <"))],
    "identity in another order": [
        answer(200, IDENTITY.replace("<UserId>AIDA</UserId>", "").replace("111</Acc", "112</Acc"))
    ],
    "encoded ARN": [answer(200, IDENTITY.replace("user/me", "user/a&amp;b"))],
    "no account": [answer(200, IDENTITY.replace("Account>", "Other>"))],
    "rejected": [error(403, "InvalidClientTokenId")],
    "denied": [error(403, "AccessDenied")],
    "expired": [error(403, "ExpiredToken")],
    "throttled": [error(429, "Throttling", "Retry-After: 0\r\n")],
    "throttled once": [error(400, "Throttling"), answer(200, IDENTITY)],
    "failing": [error(500, "InternalFailure")],
    "failing once": [error(503, "ServiceUnavailable"), answer(200, IDENTITY)],
    "a page": [answer(502, "<html>bad gateway</html>")],
    "no XML": [answer(200, "hello")],
    "an empty answer": [answer(200, "")],
    "an empty error": [answer(403, "")],
    "a redirect": [answer(301, "", "Location: http://127.0.0.1:1/\r\n")],
    "an answer that ends early": [answer(200, IDENTITY)[:-5]],
    "no HTTP": [b"hello\r\n\r\n"],
    "nothing": [b""],
}


def script(answers: list[bytes]) -> Script:
    """Sends each answer on a connection of its own, and the last one for ever."""
    left = list(answers)

    async def serve(connection: Connection) -> None:
        await connection.request()
        await connection.body(len(IDENTITY_BODY))
        await connection.send(left.pop(0) if len(left) > 1 else left[0])

    return serve


async def asked(answers: list[bytes]) -> tuple[str, int]:
    """Returns the identity or the error, and how many calls were made."""
    async with ScriptedServer(script(answers)).listen() as server:
        try:
            found = repr(await Access(endpoint_url=server.url).caller_identity("us-east-1", 5))
        except BulkeicError as problem:
            found = f"{type(problem).__name__}: {problem}"
        return found.replace(server.url, "URL"), server.connections


@pytest.mark.parametrize("name", ANSWERS)
async def test_it_equals_the_call_of_the_sdk(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    found = await asked(ANSWERS[name])
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # only the SDK understands it
    assert Access().known_requests("us-east-1") is None

    assert found == await asked(ANSWERS[name])
    assert ("111111111111" in found[0]) == ("identity" in name or "ARN" in name or "once" in name)
