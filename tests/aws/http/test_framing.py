"""Answers in every framing of HTTP are read as the SDK reads them, and broken ones fail."""

import json

import pytest

from bulkeic.core.model import Failure, Success
from tests.aws.answers.test_responses import CONFIG, fields_by_sdk, fields_by_us
from tests.aws.both_clients import BothClients, make_job
from tests.aws.recording_server import CannedResponse

CUT_CONNECTIONS = {
    "before anything": CannedResponse(silent=True),
    "in the body": CannedResponse(200, json.dumps(CONFIG).encode()[:40], missing=60),
}


def chunked(body: bytes) -> bytes:
    half = len(body) // 2
    pieces = (body[:half], body[half:], b"")
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


CONFIG_BODY = json.dumps(CONFIG).encode()
OK = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: r\r\n"
FRAMES = {
    "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(CONFIG_BODY),
    "until the connection closes": OK + b"\r\n" + CONFIG_BODY,
    "connection: close": OK
    + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(CONFIG_BODY)
    + CONFIG_BODY,
    "HTTP/1.0": OK.replace(b"1.1", b"1.0") + b"\r\n" + CONFIG_BODY,
    "100 Continue first": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"\r\n" + CONFIG_BODY,
    "a repeated header": OK + b"X-Odd: 1\r\nX-Odd: 2\r\n\r\n" + CONFIG_BODY,
    "no reason phrase": OK.replace(b" OK", b"") + b"\r\n" + CONFIG_BODY,
}
BROKEN_FRAMES = {
    "not HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "partial headers": OK,
    "partial chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(CONFIG_BODY)[:40],
    "invalid chunk": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("name", CUT_CONNECTIONS)
def test_a_cut_connection_has_the_code_that_the_sdk_gives_it(
    clients: BothClients, name: str
) -> None:
    by_sdk, by_us = clients.run(clients.responses(CUT_CONNECTIONS[name], make_job("f")))

    assert isinstance(by_us, Failure)
    assert (by_us.fault, by_us.code) == ("connection", type(by_sdk).__name__)
    assert by_us.http_status is None


@pytest.mark.parametrize("name", FRAMES)
def test_every_http_framing_is_read(clients: BothClients, name: str) -> None:
    response = CannedResponse(raw=FRAMES[name])
    for _ in range(2):
        by_sdk, by_us = clients.run(clients.responses(response, make_job("f")))

        assert isinstance(by_us, Success)
        assert fields_by_us(by_us) == fields_by_sdk(by_sdk)


@pytest.mark.parametrize("name", BROKEN_FRAMES)
def test_a_broken_frame_is_a_connection_failure(clients: BothClients, name: str) -> None:
    response = CannedResponse(raw=BROKEN_FRAMES[name])

    _, by_us = clients.run(clients.responses(response, make_job("f")))

    assert isinstance(by_us, Failure)
    assert (by_us.fault, by_us.code) == ("connection", "ConnectionClosedError")
