"""Where the caller's own credentials come from: the SDK's chain, and the process that it may run.

Whatever a source raises becomes a failure that may pass. Its text names the kind of the problem. It
never quotes the source: what a process, a metadata service or STS prints may hold credentials.
"""

import asyncio
import json
import os
import re
import subprocess
from typing import Any

import aiohttp
import anyio
from aiobotocore.credentials import AioProcessProvider
from aiobotocore.session import AioSession
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigParseError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    InvalidConfigError,
    MetadataRetrievalError,
    ProfileNotFound,
    ReadTimeoutError,
    SSLError,
    SSOError,
    TokenRetrievalError,
)

from bulkeic.aws.answers.failures import NO_CREDENTIALS_ERRORS, translate_sdk_error
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.aws.identity.credentials import CredentialsError
from bulkeic.core.errors import UsageError
from bulkeic.core.model import Failure, Fault

_MOST_BYTES = 1024 * 1024
_REQUIRED = ("AccessKeyId", "SecretAccessKey")
_OPTIONAL = ("SessionToken", "Expiration")
_is_code = re.compile(r"[A-Za-z][\w.:-]{0,63}").fullmatch
_PROCESS = AioProcessProvider.METHOD
_AFTER_PROCESS = "config-file"


class CredentialProcessError(BotoCoreError):  # type: ignore[misc]  # the SDK has no types
    """A credential_process gave no credentials. What it printed is not repeated."""

    fmt = "credential_process {problem}"


_SLOW = "their source did not answer in time"
_LOGGED_OUT = "the SSO session has expired; log in again with: aws sso login"
# The first row that matches holds; ``None``: the exception's own text quotes no source.
_PROBLEMS: tuple[tuple[type[Exception], str | None], ...] = (
    (CredentialProcessError, None),
    (UsageError, None),
    (ProfileNotFound, None),
    (ConfigParseError, None),
    (InvalidConfigError, None),
    (TimeoutError, _SLOW),
    (ReadTimeoutError, _SLOW),
    (ConnectTimeoutError, _SLOW),
    (CredentialRetrievalError, "{provider} gave no credentials"),
    (MetadataRetrievalError, "the metadata service gave no credentials"),
    (TokenRetrievalError, _LOGGED_OUT),
    (SSOError, _LOGGED_OUT),
    (SSLError, None),
    (EndpointConnectionError, None),
    (HTTPClientError, "the connection to their source failed"),
    (aiohttp.ClientError, "the connection to their source failed"),
    (OSError, None),
    (RuntimeError, "those of their source have expired"),
    (Exception, "their source gave an invalid answer"),
)


class _CredentialProcess:
    """A running credential_process, as ``AioProcessProvider`` uses it.

    Its stderr is discarded. It is killed if no one waits for it any longer. What it started may
    keep its stdout open; so that is a pipe of our own, which the event loop does not wait for.

    Args:
        process: the process.
        stdout: the end to read of its stdout; is closed.
    """

    def __init__(self, process: asyncio.subprocess.Process, stdout: int) -> None:
        self._process = process
        self._stdout = stdout
        self.returncode = 0

    async def communicate(self) -> tuple[bytes, bytes]:
        """Returns what it printed, which is valid credentials, and nothing of stderr.

        Raises:
            CredentialProcessError: it failed, or printed something else.
        """
        try:
            printed = await self._read()
            code = await self._process.wait()
        finally:
            os.close(self._stdout)
            if self._process.returncode is None:
                self._process.kill()
                with anyio.CancelScope(shield=True):
                    await self._process.wait()
        if code:
            ended = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise CredentialProcessError(problem=f"ended with {ended}")
        _check_printed(printed)
        return printed, b""

    async def _read(self) -> bytes:
        printed = b""
        while True:
            await anyio.wait_readable(self._stdout)
            piece = os.read(self._stdout, _MOST_BYTES)
            printed += piece
            if not piece:
                return printed
            if len(printed) > _MOST_BYTES:
                raise CredentialProcessError(problem="printed more than 1 MiB")


def _check_printed(printed: bytes) -> None:
    try:
        parsed = json.loads(printed)
    except ValueError:
        raise CredentialProcessError(problem="printed no JSON") from None
    if not isinstance(parsed, dict) or parsed.get("Version") != 1:
        raise CredentialProcessError(problem='printed no object with "Version": 1')
    for name in _REQUIRED:
        if not (isinstance(parsed.get(name), str) and parsed[name]):
            raise CredentialProcessError(problem=f"printed no {name}")
    for name in _OPTIONAL:
        if not isinstance(parsed.get(name), str | None):
            raise CredentialProcessError(problem=f"printed an invalid {name}")


async def _start_process(*words: str, **_: Any) -> _CredentialProcess:
    stdout, its_stdout = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdout=its_stdout, stderr=subprocess.DEVNULL
        )
    except BaseException:
        os.close(stdout)
        raise
    finally:
        os.close(its_stdout)
    return _CredentialProcess(process, stdout)


def replace_process_provider(session: AioSession) -> None:
    """Lets a session run each credential_process so that nothing of its stderr is kept."""

    def process_provider(profile_name: str) -> AioProcessProvider:
        return AioProcessProvider(
            profile_name=profile_name,
            load_config=lambda: session.full_config,
            popen=_start_process,
        )

    chain = session.get_component("credential_provider")
    chain.remove(_PROCESS)
    profile = session.get_config_variable("profile") or "default"
    chain.insert_before(_AFTER_PROCESS, process_provider(profile))
    # The same for the profile that a role's source_profile names.
    builder = chain.get_provider("assume-role")._profile_provider_builder  # noqa: SLF001
    builder._create_process_provider = process_provider  # noqa: SLF001


def source_error(error: Exception) -> CredentialsError:
    """Returns the error for anything that the SDK's chain has raised. It may pass."""
    code = type(error).__name__
    if isinstance(error, NO_CREDENTIALS_ERRORS):
        message = translate_sdk_error(error).message
    elif isinstance(error, ClientError):
        operation, code = error.operation_name, _code(error)
        message = f"no usable AWS credentials: {operation} was refused: {code}"
    else:
        text = next(text for kind, text in _PROBLEMS if isinstance(error, kind))
        if text is None:
            is_ours = isinstance(error, CredentialProcessError | UsageError)
            text = str(error) if is_ours else translate_sdk_error(error).message
        provider = getattr(error, "kwargs", {}).get("provider")
        message = f"no usable AWS credentials: {text.format(provider=provider)}"
    return CredentialsError(Failure(Fault.CREDENTIALS, code, message))


def _code(error: ClientError) -> str:
    """Returns the error code of a response, or its HTTP status if the code is not one of AWS's."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return sanitize(code) if _is_code(code) else str(status)
