"""Protection against cross-site request forgery: pages of other sites cannot change the sandbox.

A browser sends the origin of the page that makes a request. A request with an Origin that could
change something gets a 403, unless the Origin is the host that the request was sent to and that
host is an IP address or localhost: any other name could be another site's that resolves to
loopback (DNS rebinding). Other clients send no Origin.
"""

import ipaddress
from urllib.parse import urlsplit

from bulkeic.sandbox.protocol.http_message import HttpReply, HttpRequest

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def cross_site_refusal(request: HttpRequest) -> HttpReply | None:
    """Return the refusal of a cross-site request; None if the request is allowed."""
    origin = request.headers.get(b"origin")
    if origin is None or request.method in _SAFE_METHODS:
        return None
    host = request.headers.get(b"host", b"").decode("latin-1").lower()
    is_same_site = origin.decode("latin-1").lower().partition("://")[2] == host
    if is_same_site and _is_address_or_localhost(host):
        return None
    return HttpReply(403, b'{"error":"a page of another site cannot change the sandbox"}')


def _is_address_or_localhost(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ipaddress.ip_address(name))
    except ValueError:
        return False
