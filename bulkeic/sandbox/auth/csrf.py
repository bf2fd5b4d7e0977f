"""Protection against pages of other sites: they can neither read nor change the sandbox.

    request                                                  refusal
    its Host is a name of another site, which resolves
        to this machine (DNS rebinding)                      403
    it could change something, and its Origin, the site
        of the page that makes it, is not its Host           403

A Host is the sandbox's own if it is localhost, a loopback address or the host that the sandbox
listens on. If that is not loopback, every address is. The port does not matter: it may be
forwarded, and a page of another site cannot make its own name ours by it. Browsers always send a
Host, so that a request without one does not come from a page. Only browsers send an Origin.
"""

import ipaddress
import json
import re
from functools import lru_cache

from bulkeic.sandbox.protocol.http_message import HttpReply, HttpRequest

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^:\[\]@/,]+))(?::\d{0,5})?", re.ASCII)
_HOST_MAX = 300


def cross_site_refusal(request: HttpRequest, own_host: str) -> HttpReply | None:
    """Return the refusal of a cross-site request; None if the request is allowed.

    Args:
        request: the request.
        own_host: the host that the sandbox listens on.
    """
    host = request.headers.get(b"host")
    if host is not None and (len(host) > _HOST_MAX or not _is_own(host, own_host)):
        return _refusal(
            "the Host of the request is not the sandbox's; call it by localhost, a loopback "
            "address or the value of --host"
        )
    origin = request.headers.get(b"origin")
    if origin is None or request.method in _SAFE_METHODS:
        return None
    if host is not None and origin.lower().partition(b"://")[2] == host.lower():
        return None
    return _refusal("a page of another site cannot change the sandbox")


def _refusal(text: str) -> HttpReply:
    body = json.dumps({"error": text, "Message": text}, separators=(",", ":")).encode()
    return HttpReply(403, body, headers={"x-amzn-ErrorType": "AccessDeniedException"})


@lru_cache(maxsize=64)
def _is_own(host: bytes, own_host: str) -> bool:
    match = _HOST.fullmatch(host.decode("latin-1").lower())
    if match is None:
        return False
    name = match[1] or match[2]
    if name in ("localhost", own_host.lower()):
        return True
    address = _address(name)
    if address is None:
        return False
    return address.is_loopback or not _is_loopback(own_host)


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
