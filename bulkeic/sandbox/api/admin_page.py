"""The admin page: one document, assembled from its three parts, and its headers.

Its content security policy allows the style and the script by their hashes, and requests to the
server that sent the page; nothing else is loaded.
"""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files


def _part(name: str) -> str:
    return files("bulkeic.sandbox.api").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


_STYLE, _SCRIPT = _part("admin_page.css"), _part("admin_page.js")
BODY = _part("admin_page.html").replace("/*style*/", _STYLE).replace("/*script*/", _SCRIPT).encode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; script-src {_hash(_SCRIPT)}; style-src {_hash(_STYLE)}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
