"""Requests from web pages of other sites."""

import pytest

from bulkeic.sandbox.auth.csrf import cross_site_refusal
from bulkeic.sandbox.protocol.http_message import HttpRequest

from .sandbox_client import SandboxThread, StartSandbox, update_bytes


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:80", None, 200),
        ("127.0.0.1:80", "http://127.0.0.1:80", 200),
        ("[::1]:80", "http://[::1]:80", 200),
        ("localhost", "http://localhost", 200),
        ("127.0.0.1:80", "http://127.0.0.1:81", 403),
        ("127.0.0.1:80", "https://evil.example", 403),
        ("evil.example:80", "http://evil.example:80", 403),
        ("127.0.0.1:80", "null", 403),
        ("[", "http://[", 403),
        ("", "", 403),
        ("localhost", "", 403),
    ],
)
def test_other_sites_cannot_call_admin_endpoints(
    sandbox: SandboxThread, host: str, origin: str | None, status: int
) -> None:
    line = "" if origin is None else f"Origin: {origin}\r\n"
    for method, target in (("POST", "reset-stats"), ("PUT", "state")):
        answer = sandbox.send_raw(
            f"{method} /_sandbox/{target} HTTP/1.1\r\nHost: {host}\r\n{line}"
            "Content-Length: 2\r\nConnection: close\r\n\r\n{}".encode()
        )
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())


def test_other_sites_cannot_change_functions(sandbox: SandboxThread) -> None:
    sandbox.add_function("other-site")
    call = update_bytes("other-site")
    assert sandbox.send_raw(call).startswith(b"HTTP/1.1 200 ")
    # A page whose own host name resolves to loopback; it can sign, since the secret is public.
    elsewhere = call.replace(b"Host: localhost", b"Host: localhost\r\nOrigin: http://sandbox")
    assert sandbox.send_raw(elsewhere).startswith(b"HTTP/1.1 403 ")


def status_with_host(sandbox: SandboxThread, host: str, start: str = "GET /_sandbox/state") -> int:
    answer = sandbox.send_raw(
        f"{start} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    )
    return int(answer.split()[1])


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example",
        "127.0.0.1, evil.example", "127.0.0.1:80@evil.example", "evil.example/127.0.0.1",
        "10.0.0.1", "0.0.0.0", "[::]", "[", "localhost:x", "x" * 5000, "0x7f.1",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "start",
    [
        "GET /_sandbox/", "GET /_sandbox/state", "HEAD /_sandbox/stats", "GET /",
        "GET /2015-03-31/functions/", "OPTIONS *",
    ],
)  # fmt: skip
def test_a_name_that_resolves_to_this_machine_reads_nothing(
    sandbox: SandboxThread, host: str, start: str
) -> None:
    assert status_with_host(sandbox, host, start) == 403


@pytest.mark.parametrize(
    "host",
    [
        "localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:65535", "127.1.2.3:80", "[::1]",
        "[::1]:80",
    ],
)  # fmt: skip
def test_loopback_names_and_addresses_are_the_sandbox(sandbox: SandboxThread, host: str) -> None:
    assert status_with_host(sandbox, host) == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("10.0.0.1:80", 200), ("[fe80::1]", 200), ("localhost", 200), ("evil.example", 403)],
)
def test_a_sandbox_for_other_machines_is_called_by_any_address(
    start_sandbox: StartSandbox, host: str, status: int
) -> None:
    assert status_with_host(start_sandbox(host="0.0.0.0"), host) == status


@pytest.mark.parametrize(
    ("host", "own_host", "is_own"),
    [
        (b"build-7:80", "build-7", True),
        (b"BUILD-7", "Build-7", True),
        (b"build-8", "build-7", False),
        (b"10.0.0.1", "10.0.0.2", True),
        (b"127.0.0.1", "build-7", True),
    ],
)
def test_the_host_that_it_listens_on_is_the_sandbox(
    host: bytes, own_host: str, *, is_own: bool
) -> None:
    request = HttpRequest("GET", "/", "", {b"host": host}, b"", keep_alive=True)
    assert (cross_site_refusal(request, own_host) is None) == is_own
