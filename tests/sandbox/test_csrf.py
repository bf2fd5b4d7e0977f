"""Requests from web pages of other sites."""

import pytest

from .sandbox_client import SandboxThread, update_bytes


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
    rebound = call.replace(b"Host: sandbox", b"Host: sandbox\r\nOrigin: http://sandbox")
    assert sandbox.send_raw(rebound).startswith(b"HTTP/1.1 403 ")
