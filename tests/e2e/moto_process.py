"""moto_server in a process of its own, and clients for it."""

import io
import os
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3

from .conftest import REGION
from .fleet import role_in

KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


@contextmanager
def running_moto(script: Path | None = None) -> Iterator[str]:
    """Starts moto_server, or a script that is one: its URL."""
    server_command = [Path(sys.executable).with_name("moto_server")]
    if script is not None:
        server_command = [Path(sys.executable), script]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [*server_command, "-H", "127.0.0.1", "-p", str(port)],
        env={key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    while "Running on" not in (line := server.stderr.readline()):
        assert line, "moto_server did not start"
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=20)


class MotoClients:
    """Makes clients of services, and closes them.

    Args:
        url: of moto_server.
        stack: closes the clients.
    """

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.url = url
        self._stack = stack

    def client(self, service: str, region: str = REGION, **keys: str) -> Any:
        """A client with some keys, also of another endpoint; by default of the first account."""
        settings = {"endpoint_url": self.url, **KEYS, **keys}
        made = boto3.client(service, region_name=region, **settings)
        self._stack.callback(made.close)
        return made

    def keys(self, account: str) -> dict[str, str]:
        """Keys of a role in an account."""
        sts = self.client("sts")
        keys = sts.assume_role(RoleArn=role_in(account), RoleSessionName="tests")["Credentials"]
        return {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }

    def execution_role(self, **keys: str) -> str:
        """Creates the role of the functions in the account of some keys: its ARN."""
        iam = self.client("iam", **keys)
        made = iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")
        return str(made["Role"]["Arn"])


def function_settings(name: str, role: str, **more: Any) -> dict[str, Any]:
    """What CreateFunction needs."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    return {
        "FunctionName": name,
        "Runtime": "python3.13",
        "Role": role,
        "Handler": "app.handler",
        "Code": {"ZipFile": code.getvalue()},
        **more,
    }
