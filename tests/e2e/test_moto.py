"""Another emulator with inexact responses: text/html, LastModified in ISO, no merging.

It keeps a function's first configuration for ever, so that none has one here before; and an Update
makes one, as it does not on AWS.
"""

import io
import os
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest

from .conftest import ACCOUNT, REGION, Bulkeic
from .fleet import OTHERS, ROLE, by_account, role_in

KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
NAMES = ("orders", "billing", "mail")


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        env={key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    while "Running on" not in (line := server.stderr.readline()):
        assert line, "moto_server did not start"
    yield f"http://127.0.0.1:{port}"
    server.send_signal(signal.SIGINT)
    server.communicate(timeout=20)


def client(url: str, service: str, **keys: str) -> Any:
    return boto3.client(service, endpoint_url=url, region_name=REGION, **(KEYS | keys))


def make_functions(stack: ExitStack, url: str, **keys: str) -> Any:
    """Creates the functions in the account of some keys: its Lambda client."""
    iam, functions = client(url, "iam", **keys), client(url, "lambda", **keys)
    stack.callback(iam.close)
    stack.callback(functions.close)
    role = iam.create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    for name in NAMES:
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": code.getvalue()},
        )
    return functions


@pytest.fixture(scope="module")
def functions(moto: str) -> Iterator[Any]:
    with ExitStack() as stack:
        yield make_functions(stack, moto)


@pytest.fixture(scope="module")
def of_others(moto: str) -> Iterator[dict[str, Any]]:
    """Lambda clients of other accounts that also have the functions, by account id."""
    with ExitStack() as stack:
        sts = client(moto, "sts")
        stack.callback(sts.close)
        clients = {}
        for account in OTHERS:
            keys = sts.assume_role(RoleArn=role_in(account), RoleSessionName="tests")["Credentials"]
            clients[account] = make_functions(
                stack,
                moto,
                aws_access_key_id=keys["AccessKeyId"],
                aws_secret_access_key=keys["SecretAccessKey"],
                aws_session_token=keys["SessionToken"],
            )
        yield clients


def test_a_fleet_of_moto_is_updated(bulkeic: Bulkeic, moto: str, functions: Any) -> None:
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
    rows = [
        "FunctionName,MaximumRetryAttempts,OnFailure",
        f"orders,1,{queue}",
        f"{ACCOUNT}:function:billing,0,",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:mail,2,none",
        "gone,2,",
    ]
    bulkeic.write("targets.csv", "\n".join(rows))

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", moto, "--results", "r.jsonl",
        "--output", "json", "--create-missing", "--no-before-image",
    )  # fmt: skip

    assert result.code == 1, result.err
    counts = [result.summary[name] for name in ("updated", "created", "failed")]
    assert counts == [1, 2, 1]
    assert result.summary["errors"] == {"ResourceNotFoundException": 1}
    outcomes = {outcome["function_name"]: outcome for outcome in bulkeic.outcomes("r.jsonl")}
    assert outcomes["orders"]["config"]["LastModified"].endswith("Z")
    answer = functions.get_function_event_invoke_config(FunctionName="orders")
    assert answer["MaximumRetryAttempts"] == 1
    assert answer["DestinationConfig"]["OnFailure"] == {"Destination": queue}


def test_each_account_of_moto_is_updated_with_its_role(
    bulkeic: Bulkeic, moto: str, of_others: dict[str, Any]
) -> None:
    rows = [f"{name},{account}" for account in OTHERS for name in (*NAMES, "gone")]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,AccountId", *rows]))

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", moto, "--results", "r.jsonl",
        "--output", "json", "--create-missing", "--role-arn", ROLE,
        "--maximum-event-age-in-seconds", 77, "--on-failure",
        "arn:aws:sqs:{region}:{account}:{function}-dead",
    )  # fmt: skip

    assert result.code == 1, result.err
    assert (result.summary["created"], result.summary["failed"]) == (6, 2)
    assert result.summary["errors"] == {"ResourceNotFoundException": 2}
    assert by_account(bulkeic) == {account: {"created", "failed"} for account in OTHERS}
    for account, functions in of_others.items():
        for name in NAMES:
            answer = functions.get_function_event_invoke_config(FunctionName=name)
            assert f":{account}:function:{name}" in answer["FunctionArn"]
            assert answer["MaximumEventAgeInSeconds"] == 77
            dead = f"arn:aws:sqs:{REGION}:{account}:{name}-dead"
            assert answer["DestinationConfig"]["OnFailure"] == {"Destination": dead}
