"""STS without the SDK has the results, the errors and the retries of the SDK's client."""

import re
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.known_sts import KnownSts
from bulkeic.aws.identity.sts_answers import read_result
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.core.errors import BulkeicError
from tests.aws.scripted_server import Connection, Script, ScriptedServer

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
        await connection.body(len("Action=GetCallerIdentity&Version=2011-06-15"))
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


ROLE = {
    "RoleArn": "arn:aws:iam::111111111111:role/path/a+b=c,d.e@f-g_h",
    "RoleSessionName": "bulkeic",
    "DurationSeconds": 3600,
    "ExternalId": "a+=,.@:/-b c",
    "SourceIdentity": "jane@example.com",
    "Tags": [{"Key": "ticket", "Value": "OPS-7 é"}, {"Key": "a b", "Value": ""}],
    "Policy": '{"Statement":[{"Action":"lambda:*"}]}',
}
ASSUMED = (
    "<AssumeRoleResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><AssumeRoleResult>"
    "<AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId>"
    "<Arn>arn:aws:sts::111111111111:assumed-role/r/b</Arn></AssumedRoleUser><Credentials>"
    "<AccessKeyId>ASIA111111111111</AccessKeyId><SecretAccessKey>a/b+c</SecretAccessKey>"
    "<SessionToken>t/+=</SessionToken><Expiration>{expiration}</Expiration></Credentials>"
    "<PackedPolicySize>6</PackedPolicySize></AssumeRoleResult><ResponseMetadata>"
    "<RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>"
)
USUAL = ASSUMED.format(expiration="2099-01-01T00:00:00Z")
ROLE_ANSWERS = {
    "usual": answer(200, USUAL),
    "fractions of a second": answer(200, ASSUMED.format(expiration="2099-01-01T00:00:00.500Z")),
    "no time": answer(200, ASSUMED.format(expiration="soon")),
    "a declaration": answer(200, f"<?xml version='1.0'?>{USUAL}"),
    "an entity": answer(200, USUAL.replace("t/+=", "t&amp;")),
    "a token twice": answer(200, USUAL.replace("<Exp", "<SessionToken>x</SessionToken><Exp")),
    "no token": answer(200, USUAL.replace("SessionToken", "Token")),
    "blanks": answer(200, USUAL.replace("><", "> <")),
    "an empty token": answer(200, USUAL.replace("t/+=", "")),
    "denied": error(403, "AccessDenied"),
    "cut": answer(200, USUAL[:-9]),
}


async def assumed(given: bytes) -> tuple[str, dict[str, list[str]], bool]:
    """Returns the result or the error, the parameters that were sent, and if the SDK was used."""
    bodies: list[bytes] = []

    async def serve(connection: Connection) -> None:
        head = await connection.request()
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        assert length
        bodies.append(await connection.body(int(length[1])))
        await connection.send(given)

    keys = AccessKeys(access_key="AKIA123456789012", secret_key="secret")
    async with ScriptedServer(serve).listen() as server:
        access = Access(endpoint_url=server.url)
        async with access.sts(keys, "us-east-1", timeout_s=5, limit=1) as sts:
            try:
                result = await sts.assume_role(**ROLE)
                found = repr([result.get("Credentials"), result.get("AssumedRoleUser")])
            except Exception as problem:  # noqa: BLE001 - compared
                found = repr(problem)
    found = re.sub(r"tzinfo=[\w.]+(?:\(\))?| at 0x\w+", "", found)
    sent = parse_qs(bodies[0].decode(), keep_blank_values=True)
    return found, sent, isinstance(sts, KnownSts)


@pytest.mark.parametrize("name", ROLE_ANSWERS)
async def test_a_role_is_assumed_as_by_the_sdk(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    *ours, is_ours = await assumed(ROLE_ANSWERS[name])
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # only the SDK understands it
    *by_sdk, is_not = await assumed(ROLE_ANSWERS[name])

    assert (is_ours, is_not) == (True, False)
    assert ours == by_sdk


@given(st.text("<>/ab= \"'&;!-", max_size=40))
def test_any_text_is_read_or_left_to_the_sdk(text: str) -> None:
    body = f"<AResponse><AResult>{text}</AResult></AResponse>"
    result = read_result(body.encode(), "A")
    if result is not None:
        by_library = ET.fromstring(body)[0]
        assert result == _as_dict(by_library)


def _as_dict(element: ET.Element) -> dict[str, object]:
    return {child.tag: _as_dict(child) if len(child) else child.text or "" for child in element}
