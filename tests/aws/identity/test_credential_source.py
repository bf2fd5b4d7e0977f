"""What a source of credentials raises becomes a failure that may pass and quotes no source."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    MetadataRetrievalError,
    NoCredentialsError,
    ReadTimeoutError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.credential_source import source_error
from bulkeic.aws.identity.credentials import CredentialsError
from bulkeic.core.errors import UsageError
from bulkeic.core.model import Fault
from bulkeic.core.pacing.retry import is_hold

CANARY = "canary-Zx81hTq4Lm90PwRs"
URL = "http://127.0.0.1:1/"
VALID = '{"Version": 1, "AccessKeyId": "AKIA1", "SecretAccessKey": "s"}'


def refusal(code: str) -> ClientError:
    response = {
        "Error": {"Code": code, "Message": CANARY}, "ResponseMetadata": {"HTTPStatusCode": 403}
    }  # fmt: skip
    return ClientError(response, "AssumeRoleWithWebIdentity")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (CredentialRetrievalError(provider="custom", error_msg=CANARY), "custom gave no"),
        (MetadataRetrievalError(error_msg=CANARY), "the metadata service gave no credentials"),
        (TokenRetrievalError(provider="sso", error_msg=CANARY), "aws sso login"),
        (UnauthorizedSSOTokenError(), "aws sso login"),
        (HTTPClientError(error=CANARY), "the connection to their source failed"),
        (EndpointConnectionError(endpoint_url=URL), URL),
        (ReadTimeoutError(endpoint_url=URL), "did not answer in time"),
        (TimeoutError(), "did not answer in time"),
        (NoCredentialsError(), "Unable to locate credentials"),
        (refusal("AccessDenied"), "AssumeRoleWithWebIdentity was refused: AccessDenied"),
        (refusal(f"{CANARY} <"), "AssumeRoleWithWebIdentity was refused: 403"),
        (UsageError("profile 'p' does not exist"), "profile 'p' does not exist"),
        (RuntimeError(CANARY), "have expired"),
        (ValueError(CANARY), "invalid answer"),
        (KeyError(CANARY), "invalid answer"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_an_error_of_a_source_may_pass_and_does_not_quote_the_source(
    error: Exception, text: str
) -> None:
    failure = source_error(error).failure
    assert text in failure.message
    assert failure.message.startswith("no usable AWS credentials")
    assert CANARY not in failure.message + failure.code
    assert failure.fault is Fault.CREDENTIALS
    assert is_hold(failure)


class Process:
    """A profile with a credential_process that is a Python script."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._script = folder / "process.py"
        self.config = folder / "config"
        self.config.write_text(
            f"[default]\ncredential_process = {sys.executable} {self._script}\n"
            f"[profile nested]\nrole_arn = arn:aws:iam::123456789012:role/r\n"
            "source_profile = default\n"
        )
        patch.setenv("AWS_CONFIG_FILE", str(self.config))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.delenv(name, raising=False)

    async def run(self, code: str, *, timeout_s: float = 10, profile: str | None = None) -> Any:
        self._script.write_text(code)
        return await Access(profile=profile, region="us-east-1").caller_keys(timeout_s)


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Process:
    return Process(tmp_path, monkeypatch)


@pytest.mark.parametrize("profile", [None, "nested"])
@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (f"import sys; sys.exit({CANARY!r})", "ended with exit code 1"),
        (
            "import os\nos.write(2, b'\\xff' * 9)\nos._exit(9)",
            "ended with exit code 9",
        ),
        ("import os; os.kill(os.getpid(), 15)", "ended with signal 15"),
        (f"print({CANARY!r})", "printed no JSON"),
        ("print('[1]')", 'printed no object with "Version": 1'),
        ("print('{\"Version\": 2}')", 'printed no object with "Version": 1'),
        ('print(\'{"Version": 1, "AccessKeyId": 5}\')', "printed no AccessKeyId"),
        ("while True: print('x' * 65536)", "printed more than 1 MiB"),
    ],
)
async def test_only_the_kind_of_a_problem_of_a_process_is_shown(
    process: Process, code: str, problem: str, profile: str | None
) -> None:
    with pytest.raises(CredentialsError) as caught:
        await process.run(code, profile=profile)
    expected = f"no usable AWS credentials: credential_process {problem}"
    assert caught.value.failure.message == expected


async def test_a_process_that_hangs_is_killed(process: Process, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = (
        "import os, pathlib, signal\n"
        f"pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\n"
        "signal.pause()\n"
    )
    with pytest.raises(CredentialsError, match="did not answer in time"):
        await process.run(code, timeout_s=0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_a_process_whose_child_keeps_its_stdout_open_is_not_waited_for(
    process: Process,
) -> None:
    code = "import subprocess, time\nsubprocess.run(['sleep', '30'])\n"
    with pytest.raises(CredentialsError, match="did not answer in time"):
        await process.run(code, timeout_s=0.5)


async def test_a_process_that_prints_credentials_is_used(process: Process) -> None:
    keys = await process.run(f"print({VALID!r})")
    assert (keys.access_key, keys.token) == ("AKIA1", None)
