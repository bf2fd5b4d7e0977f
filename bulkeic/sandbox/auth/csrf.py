"""Pages of other sites that a person has open must not change the sandbox by that person's browser.

A browser names the page that a request comes from in Origin. A request that is to change something
is refused with 403 if its Origin is there and is not the host that the request was sent to. That
host has to be an address or localhost: a name that somebody has pointed to loopback is of another
site. Clients that are no browsers send no Origin.
"""

import ipaddress
from urllib.parse import urlsplit

from bulkeic.sandbox.protocol.http_message import HttpReply, HttpRequest

_READING = ("GET", "HEAD", "OPTIONS")


def refusal(request: HttpRequest) -> HttpReply | None:
    """The answer to a request of another site's page; None if it is not one, or only reads."""
    origin = request.headers.get(b"origin")
    if origin is None or request.method in _READING:
        return None
    host = request.headers.get(b"host", b"").decode("latin-1").lower()
    same = origin.decode("latin-1").lower().partition("://")[2] == host
    if same and _is_own(host):
        return None
    return HttpReply(403, b'{"error":"a page of another site may not change the sandbox"}')


def _is_own(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ipaddress.ip_address(name))
    except ValueError:
        return False
