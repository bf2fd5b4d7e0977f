"""GetCallerIdentity, and what all STS calls share."""

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from .sandbox_client import SandboxThread, StartSandbox, signed

KEY = "AKIA123456789012"


def test_the_key_contains_the_account(sandbox: SandboxThread) -> None:
    answer = sandbox.client("210987654321", service="sts").get_caller_identity()
    assert answer["Account"] == "210987654321"
    assert answer["Arn"] == "arn:aws:iam::210987654321:user/sandbox"
    assert answer["UserId"]


def test_other_actions_are_unknown(sandbox: SandboxThread) -> None:
    with pytest.raises(ClientError) as caught:
        sandbox.client(service="sts").get_session_token()
    assert caught.value.response["Error"]["Code"] == "InvalidAction"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_missing_credentials_are_refused(sandbox: SandboxThread) -> None:
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    head = f"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = sandbox.send_raw(head.encode() + body)
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"<Code>MissingAuthenticationToken</Code>" in answer


def test_actions_are_escaped_in_xml(sandbox: SandboxThread) -> None:
    body = b"Action=%3Cx%3E"
    headers = signed("POST", "/", body, Credentials(KEY, "secret"), service="sts")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST / HTTP/1.1\r\n{lines}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    assert b"operation &lt;x&gt; for" in sandbox.send_raw(head.encode() + body)


def test_sts_takes_no_quota_and_has_no_faults(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(rate=1e-6, burst=1)
    sandbox.admin("PUT", "faults", {"throttle": 1})
    for _ in range(3):
        sandbox.client(service="sts").get_caller_identity()
    stats = sandbox.stats()
    assert stats["by_operation"] == {"GetCallerIdentity": 3}
    assert stats["by_lane"] == {}
