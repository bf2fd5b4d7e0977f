"""STS, as boto3 sees it."""

from collections.abc import Callable

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from .sandbox_client import Running, signed

KEY = "AKIA123456789012"


def test_the_key_names_the_account(sandbox: Running) -> None:
    answer = sandbox.client("210987654321", service="sts").get_caller_identity()
    assert answer["Account"] == "210987654321"
    assert answer["Arn"] == "arn:aws:iam::210987654321:user/sandbox"
    assert answer["UserId"]


def test_other_actions_are_unknown(sandbox: Running) -> None:
    with pytest.raises(ClientError) as caught:
        sandbox.client(service="sts").get_session_token()
    assert caught.value.response["Error"]["Code"] == "InvalidAction"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_no_credentials(sandbox: Running) -> None:
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    head = f"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = sandbox.talk(head.encode() + body)
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"<Code>MissingAuthenticationToken</Code>" in answer


def test_actions_are_escaped(sandbox: Running) -> None:
    body = b"Action=%3Cx%3E"
    headers = signed("POST", "/", body, Credentials(KEY, "secret"), service="sts")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST / HTTP/1.1\r\n{lines}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    assert b"operation &lt;x&gt; for" in sandbox.talk(head.encode() + body)


def test_it_takes_no_quota_and_knows_no_faults(start: Callable[..., Running]) -> None:
    running = start(rate=1e-6, burst=1)
    running.window("PUT", "faults", {"throttle": 1})
    for _ in range(3):
        running.client(service="sts").get_caller_identity()
    stats = running.stats()
    assert stats["by_operation"] == {"GetCallerIdentity": 3}
    assert stats["by_lane"] == {}
