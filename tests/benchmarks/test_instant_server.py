"""The server of the benchmarks of CPU: it answers as Lambda does, and counts."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest

SERVER = Path(__file__).parents[2] / "benchmarks" / "instant_server.py"
BODY = b'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":60}'
UPDATE = (
    b"POST /2019-09-25/functions/orders/event-invoke-config HTTP/1.1\r\nHost: x\r\n"
    b"Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/lambda/aws4_request\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
IDENTITY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 24\r\n\r\nAction=GetCallerIdentity"


@contextmanager
def serving() -> Iterator[tuple[socket.socket, list[int]]]:
    """A connection, and the number of calls once it has ended."""
    counted: list[int] = []
    with subprocess.Popen(
        [sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        host, _, port = process.stdout.readline().strip().removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as client:
            yield client, counted
        counted.append(int(process.communicate()[0]))


def answer(client: socket.socket) -> HTTPResponse:
    response = HTTPResponse(client)
    response.begin()
    return response


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_an_update_gets_its_function_and_its_settings_however_it_arrives(piece: int) -> None:
    with serving() as (client, counted):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(UPDATE), piece):
            client.sendall(UPDATE[at : at + piece])
        response = answer(client)
        configuration = json.loads(response.read())
    assert response.headers["x-amzn-RequestId"]
    assert configuration["FunctionArn"] == (
        "arn:aws:lambda:eu-west-1:123456789012:function:orders:$LATEST"
    )
    assert {name: configuration[name] for name in json.loads(BODY)} == json.loads(BODY)
    assert counted == [1]


def test_only_calls_of_event_invoke_configurations_are_counted() -> None:
    with serving() as (client, counted):
        for request in (IDENTITY, UPDATE, UPDATE):
            client.sendall(request)
            assert answer(client).read()
    assert counted == [2]
