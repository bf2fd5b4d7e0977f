"""boto3's part in the sandbox benchmark: captures requests, and creates functions in moto."""

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

ACCOUNT = "123456789012"
REGION = "us-east-1"
SECRET = "secret"


class _Nothing:
    """An empty response body."""

    def stream(self) -> Iterator[bytes]:
        yield b"{}"


def client(url: str, service: str) -> Any:
    """A client of a service at the URL, with the sandbox's default credentials."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=f"AKIA{ACCOUNT}",
        aws_secret_access_key=SECRET,
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )


def captured(url: str, functions: int) -> list[bytes]:
    """The update requests that boto3 would send to the URL, for fn-0, fn-1 and so on."""
    requests: list[bytes] = []

    def capture(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        requests.append(on_the_wire(request, url))
        return AWSResponse(request.url, 200, {}, _Nothing())

    caller = client(url, "lambda")
    caller.meta.events.register("before-send.lambda", capture)
    for number in range(functions):
        caller.update_function_event_invoke_config(
            FunctionName=f"fn-{number}", MaximumRetryAttempts=number % 3
        )
    caller.close()
    return requests


def on_the_wire(request: AWSPreparedRequest, url: str) -> bytes:
    """A prepared request as bytes."""
    host = url.rpartition("/")[2]
    lines = [f"{request.method} {request.url.removeprefix(url)} HTTP/1.1", f"Host: {host}"]
    for name, value in request.headers.items():
        lines.append(f"{name}: {value.decode() if isinstance(value, bytes) else value}")
    body: bytes = request.body
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def make_functions(url: str, functions: int) -> None:
    """Creates fn-0, fn-1, … in moto, which requires a role and code for each."""
    iam, caller = client(url, "iam"), client(url, "lambda")
    role = iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    for number in range(functions):
        caller.create_function(
            FunctionName=f"fn-{number}",
            Runtime="python3.13",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": code.getvalue()},
        )
    iam.close()
    caller.close()
